//! One after the other.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Error;

/// What at most one has at a time.
#[derive(Default)]
pub(super) struct Turn {
    taken: Mutex<bool>,
    free: Condvar,
}

/// Somebody's turn, which ends when this is dropped.
pub(super) struct Mine<'a>(&'a Turn);

impl Turn {
    /// Waits for it, until the deadline at most.
    pub(super) fn take(&self, deadline: Option<Instant>) -> Result<Mine<'_>, Error> {
        let longest = deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = self
            .free
            .wait_timeout_while(taken, longest, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(Error::late());
        }
        *taken = true;
        Ok(Mine(self))
    }
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn it_is_one_after_the_other_and_nobody_waits_for_longer_than_asked() {
        let turn = Turn::default();
        let mine = turn.take(None).unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        let error = turn.take(Some(soon)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Deadline);
        assert!(Instant::now() >= soon);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| turn.take(None).is_ok());
            drop(mine);
            assert!(other.join().unwrap());
        });
        drop(
            turn.take(Some(Instant::now() + Duration::from_secs(60)))
                .unwrap(),
        );
    }
}
