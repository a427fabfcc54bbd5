//! A reference whose tag may come to lead to something else.

use crate::supply::Supply;
use footlight_artifacts::{Digest, Reference};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a tag is asked for.
const EVERY: Duration = Duration::from_secs(10);

/// A reference. What its tag leads to is looked at every ten seconds; one with a digest never changes.
pub(crate) struct Tag {
    pub(crate) reference: Reference,
    pub(crate) supply: Arc<Supply>,
    seen: Mutex<Seen>,
}

/// What the tag led to at the last look.
struct Seen {
    digest: Option<Digest>,
    at: Instant,
}

impl Tag {
    pub(crate) fn new(reference: Reference, supply: Arc<Supply>) -> Self {
        let seen = Seen {
            digest: reference.digest().copied(),
            at: Instant::now(),
        };
        Self {
            reference,
            supply,
            seen: Mutex::new(seen),
        }
    }

    /// Notes what the tag led to when it was followed, which is no change any more.
    pub(crate) fn saw(&self, digest: Digest) {
        self.lock().digest = Some(digest);
    }

    /// Has whatever the tag leads to at the next look be a change.
    pub(crate) fn look_again(&self) {
        self.lock().digest = None;
    }

    /// Whether the tag leads elsewhere than when it was last looked at. What cannot be reached has not changed.
    pub(crate) fn changed(&self) -> bool {
        if self.reference.digest().is_some() {
            return false;
        }
        let mut seen = self.lock();
        if seen.at.elapsed() < EVERY {
            return false;
        }
        seen.at = Instant::now();
        let Ok(artifacts) = self.supply.get() else {
            return false;
        };
        match artifacts.resolve(&self.reference) {
            Ok(resolved) => {
                let changed = seen.digest.as_ref() != Some(&resolved.digest);
                seen.digest = Some(resolved.digest);
                changed
            }
            Err(error) => {
                tracing::warn!(%error, source = %self.reference, "cannot look for a new version");
                false
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
