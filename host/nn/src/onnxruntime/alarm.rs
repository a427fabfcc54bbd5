//! What ends inferences at their deadlines: one thread for all.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use ort::session::RunOptions;

use crate::Error;

/// When, and a number to tell apart those of the same moment.
type Key = (Instant, u64);

struct Clock {
    pending: Mutex<BTreeMap<Key, Arc<RunOptions>>>,
    earlier: Condvar,
}

static CLOCK: Clock = Clock {
    pending: Mutex::new(BTreeMap::new()),
    earlier: Condvar::new(),
};

/// An alarm that is set; dropped, it does not ring any more.
pub(super) struct Alarm(Key);

/// Has an inference that runs with these options end at the deadline, before its next operation.
pub(super) fn set(deadline: Instant, options: &Arc<RunOptions>) -> Result<Alarm, Error> {
    static THREAD: OnceLock<Result<(), Error>> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    THREAD
        .get_or_init(|| {
            thread::Builder::new()
                .name("deadlines".to_owned())
                .spawn(|| CLOCK.ring())
                .map(|_| ())
                .map_err(|error| {
                    Error::runtime(format!("no thread can be made for deadlines: {error}"))
                })
        })
        .clone()?;
    let key = (deadline, NEXT.fetch_add(1, Ordering::Relaxed));
    let mut pending = CLOCK.pending();
    pending.insert(key, Arc::clone(options));
    let first = pending
        .first_key_value()
        .is_some_and(|(first, _)| *first == key);
    drop(pending);
    if first {
        CLOCK.earlier.notify_one();
    }
    Ok(Alarm(key))
}

impl Clock {
    fn ring(&self) {
        let mut pending = self.pending();
        loop {
            let now = Instant::now();
            while let Some(due) = pending.first_entry().filter(|due| due.key().0 <= now) {
                // This sets a flag, and has nothing that can go wrong.
                let _ = due.remove().terminate();
            }
            let next = pending
                .first_key_value()
                .map(|((deadline, _), _)| *deadline);
            pending = match next {
                None => self
                    .earlier
                    .wait(pending)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    self.earlier
                        .wait_timeout(pending, next.saturating_duration_since(now))
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    fn pending(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<RunOptions>>> {
        // A panic cannot leave the map half changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        CLOCK.pending().remove(&self.0);
    }
}
