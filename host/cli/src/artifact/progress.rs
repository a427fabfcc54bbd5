//! How far blobs are, for people who wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use footlight_artifacts::{Digest, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Blobs below this are there before a bar could be seen.
const SMALL: u64 = 256 << 10;

/// A bar for each blob that moves, on standard error where that is a terminal.
pub struct Bars {
    all: MultiProgress,
    by_digest: Mutex<HashMap<Digest, ProgressBar>>,
}

impl Bars {
    pub fn new() -> Self {
        Self {
            all: MultiProgress::new(),
            by_digest: Mutex::default(),
        }
    }

    fn bar(&self, digest: &Digest, total: u64) -> ProgressBar {
        let style =
            "{prefix} {bar:30} {binary_bytes:>10} of {binary_total_bytes} {binary_bytes_per_sec}";
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_prefix(digest.hex().chars().take(12).collect::<String>());
        self.all.add(bar)
    }
}

impl Progress for Bars {
    fn blob(&self, digest: &Digest, done: u64, total: u64) {
        if total < SMALL {
            return;
        }
        let mut bars = self
            .by_digest
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let bar = bars
            .entry(*digest)
            .or_insert_with(|| self.bar(digest, total));
        bar.set_position(done);
        if done >= total {
            bar.finish_and_clear();
            bars.remove(digest);
        }
    }
}
