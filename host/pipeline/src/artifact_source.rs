//! A pipeline's artifact as a source: a tag that moves, or a digest that does not.

use crate::deployment::Definition;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::source::{NotAllowed, OperatorsOnly, Source, Sources};
use crate::supply::Supply;
use crate::tag::Tag;
use footlight_artifacts::{Location, Reference};
use std::sync::Arc;

/// A pipeline in a registry or an OCI layout. What its tag leads to is looked at every ten seconds; a reference
/// with a digest never changes.
pub struct ArtifactSource(Tag);

impl ArtifactSource {
    /// The pipeline of this reference.
    pub fn new(reference: Reference, supply: Arc<Supply>) -> Self {
        Self(Tag::new(reference, supply))
    }

    fn fails(&self, why: impl std::fmt::Display) -> OpenError {
        OpenError::new(format!("{}: {why}", self.0.reference))
    }
}

impl Source for ArtifactSource {
    fn describe(&self) -> String {
        self.0.reference.to_string()
    }

    fn changed(&self) -> bool {
        self.0.changed()
    }

    fn load(&self) -> Result<Definition, OpenError> {
        let artifacts = self.0.supply.get().map_err(|error| self.fails(error))?;
        let found = artifacts.pipeline(&self.0.reference)?;
        self.0.saw(found.about.digest);
        let file = PipelineFile::published(&found).map_err(|error| self.fails(error))?;
        Ok(Definition {
            file,
            version: Some(found.about.digest.to_string()),
            origin: self.0.reference.pinned(found.about.digest).to_string(),
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
