//! The same work on many things at the same time.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does the work for each of `count` things, by their index, on up to `threads` threads, of which the one
/// that calls is one. What came of each stands at its index.
pub(crate) fn together<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, work(index)));
        }
    };
    let mut done = thread::scope(|scope| {
        // Where the system gives no more threads, fewer do all of it.
        let helpers: Vec<_> = (1..threads.min(count))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, some).ok())
            .collect();
        let mut done = some();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn what_came_of_each_stands_at_its_place() {
        for threads in [0, 1, 3, 100] {
            assert_eq!(
                together(7, threads, |index| index * 2),
                [0, 2, 4, 6, 8, 10, 12]
            );
        }
        assert!(together(0, 4, |index| index).is_empty());
    }

    #[test]
    fn as_many_are_at_work_as_there_are_threads() {
        let all = Barrier::new(4);
        // None of them ends before all have begun.
        together(4, 4, |_| all.wait().is_leader());
    }
}
