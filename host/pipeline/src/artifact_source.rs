//! A pipeline's artifact as a source: a tag that moves, or a digest that does not.

use crate::deployment::Definition;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::pin::settle;
use crate::source::{NotAllowed, OperatorsOnly, Source, Sources};
use crate::supply::Supply;
use footlight_artifacts::{Digest, Location, Reference};
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
            digest: reference.digest().copied(),
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
        seen.digest = Some(found.about.digest);
        let text = settle(&found.file, &found.home).map_err(|error| self.fails(error))?;
        let mut file = PipelineFile::parse(&text).map_err(|error| self.fails(error))?;
        file.home = Some(found.home);
        Ok(Definition {
            file,
            version: Some(found.about.digest.to_string()),
            origin: self.reference.pinned(found.about.digest).to_string(),
        })
    }
}

/// The source that a host was started with, and the artifacts that callers may name besides.
pub struct References {
    own: Arc<dyn Source>,
    reference: Option<Reference>,
    supply: Arc<Supply>,
    judged: bool,
}

impl References {
    /// For a host that was started with this source, which may be an artifact. Where a trust policy judges what
    /// is fetched (`judged`), callers may name any artifact on a registry; else those of the same repository.
    pub fn new(
        own: Arc<dyn Source>,
        reference: Option<Reference>,
        supply: Arc<Supply>,
        judged: bool,
    ) -> Self {
        Self {
            own,
            reference,
            supply,
            judged,
        }
    }

    fn allows(&self, wanted: &Reference) -> bool {
        let same = |own: &Reference| own.location() == wanted.location();
        self.reference.as_ref().is_some_and(same)
            || (self.judged && matches!(wanted.location(), Location::Registry { .. }))
    }
}

impl Sources for References {
    fn named(&self, name: &str) -> Result<Arc<dyn Source>, NotAllowed> {
        if name == self.own.describe() {
            return Ok(self.own.clone());
        }
        match Reference::recognise(name) {
            Some(Ok(reference)) if self.allows(&reference) => Ok(Arc::new(ArtifactSource::new(
                reference,
                self.supply.clone(),
            ))),
            Some(Ok(reference)) => Err(NotAllowed(format!(
                "a caller may not have this host run {reference}: without a trust policy it takes only what is in \
                 the repository that it was started with. Start it with --trust, or with that reference"
            ))),
            Some(Err(error)) => Err(NotAllowed(error.to_string())),
            None => OperatorsOnly::new(self.own.clone()).named(name),
        }
    }
}
