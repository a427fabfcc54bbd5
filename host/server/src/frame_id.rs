//! Names for frames.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives every frame an id of its own: 12 random hexadecimal digits that this server drew when it was
/// made, and a running number. So ids stay apart across restarts and hosts, sort within one run, and
/// nothing that a client sends gets into them, nor into the log by them.
pub(crate) struct FrameIds {
    run: u64,
    next: AtomicU64,
}

impl FrameIds {
    pub(crate) fn new() -> Self {
        // The standard library seeds this from the operating system's randomness.
        let random = RandomState::new().build_hasher().finish();
        Self {
            run: random >> 16,
            next: AtomicU64::new(1),
        }
    }

    pub(crate) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:012x}-{number}", self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_differ_within_a_run_and_between_runs() {
        let (one, other) = (FrameIds::new(), FrameIds::new());
        let ids: HashSet<String> = (0..100).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(ids.len(), 200);
        assert!(ids.iter().all(|id| id.len() < 40));
    }
}
