//! A pipeline's artifact as a source: a tag that moves, or a digest that does not.

use crate::deployment::Definition;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::source::Source;
use crate::supply::Supply;
use footlight_artifacts::{Digest, Reference};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a tag is asked for.
const EVERY: Duration = Duration::from_secs(10);

/// A pipeline in a registry or an OCI layout. What its tag leads to is looked at every ten seconds; a reference
/// with a digest never changes.
pub struct ArtifactSource {
    reference: Reference,
    supply: Arc<Supply>,
    seen: Mutex<Seen>,
}

/// What the tag led to at the last look.
struct Seen {
    digest: Option<Digest>,
    at: Instant,
}

impl ArtifactSource {
    /// The pipeline of this reference.
    pub fn new(reference: Reference, supply: Arc<Supply>) -> Self {
        let seen = Seen {
            digest: reference.digest().cloned(),
            at: Instant::now(),
        };
        Self {
            reference,
            supply,
            seen: Mutex::new(seen),
        }
    }

    fn fails(&self, why: impl std::fmt::Display) -> OpenError {
        OpenError::new(format!("{}: {why}", self.reference))
    }
}

impl Source for ArtifactSource {
    fn describe(&self) -> String {
        self.reference.to_string()
    }

    fn changed(&self) -> bool {
        if self.reference.digest().is_some() {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
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

    fn load(&self) -> Result<Definition, OpenError> {
        let artifacts = self.supply.get().map_err(|error| self.fails(error))?;
        let found = artifacts.pipeline(&self.reference);
        let found = found.map_err(|error| OpenError::new(error.to_string()))?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.digest = Some(found.digest.clone());
        let mut file = PipelineFile::parse(&found.file).map_err(|error| self.fails(error))?;
        file.home = Some(found.home);
        Ok(Definition {
            file,
            version: Some(found.digest.to_string()),
            origin: self.reference.pinned(found.digest).to_string(),
        })
    }
}
