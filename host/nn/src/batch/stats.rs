use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a batched model has done since it was made. All but `waiting` only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchStats {
    /// Inferences that were begun.
    pub inferences: u64,
    /// Rows that were given to these, those of a caller who was tried again by itself twice.
    pub rows: u64,
    /// Callers whose rows came to be computed; not those whose deadline came before.
    pub callers: u64,
    /// How long these have waited before their inference began, all together. Divided by `callers`, it
    /// is the wait of one.
    pub waited: Duration,
    /// Inferences that failed for several callers, each of which was then tried by itself.
    pub retried: u64,
    /// Callers who wait for their inference to begin, now.
    pub waiting: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    inferences: AtomicU64,
    rows: AtomicU64,
    callers: AtomicU64,
    waited: AtomicU64,
    retried: AtomicU64,
}

impl Counters {
    pub(super) fn inference(&self, rows: u64) {
        self.inferences.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn caller(&self, waited: Duration) {
        // Nanoseconds, of which there are enough for 500 years.
        let waited = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.callers.fetch_add(1, Ordering::Relaxed);
        self.waited.fetch_add(waited, Ordering::Relaxed);
    }

    pub(super) fn retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, waiting: usize) -> BatchStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BatchStats {
            inferences: read(&self.inferences),
            rows: read(&self.rows),
            callers: read(&self.callers),
            waited: Duration::from_nanos(read(&self.waited)),
            retried: read(&self.retried),
            waiting: waiting as u64,
        }
    }
}
