//! A pipeline's artifact as a source: a tag that moves, or a digest that does not.

use crate::deployment::Definition;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::source::{NotAllowed, OperatorsOnly, Source, Sources};
use crate::supply::Supply;
use crate::tag::Tag;
use footlight_artifacts::{Judge, Location, Reference, judged_name};
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
    judge: Option<Arc<dyn Judge>>,
}

impl References {
    /// For a host that was started with this source, which may be an artifact. Callers may name those of the same
    /// repository, and those on a registry for whose repository there is a rule of whoever judges what is fetched:
    /// what that one does without a rule says what may run, and not what callers may choose.
    pub fn new(
        own: Arc<dyn Source>,
        reference: Option<Reference>,
        supply: Arc<Supply>,
        judge: Option<Arc<dyn Judge>>,
    ) -> Self {
        Self {
            own,
            reference,
            supply,
            judge,
        }
    }

    fn allows(&self, wanted: &Reference) -> bool {
        let same = |own: &Reference| own.location() == wanted.location();
        let on_registry = matches!(wanted.location(), Location::Registry { .. });
        let ruled = |judge: &Arc<dyn Judge>| judge.has_rule(&judged_name(wanted));
        self.reference.as_ref().is_some_and(same)
            || (on_registry && self.judge.as_ref().is_some_and(ruled))
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
                "a caller may not have this host run {reference}: it takes only what is in the repository that it \
                 was started with, and what is on a registry and a rule of its trust policy is for. Start it with \
                 --trust and such a rule, or with that reference"
            ))),
            Some(Err(error)) => Err(NotAllowed(error.to_string())),
            None => OperatorsOnly::new(self.own.clone()).named(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_artifacts::{Digest, Judgement, Signature};

    /// Accepts everything, and has a rule for one registry.
    struct Lenient;

    impl Judge for Lenient {
        fn wants_signatures(&self, _: &str) -> Result<bool, String> {
            Ok(false)
        }

        fn has_rule(&self, repository: &str) -> bool {
            repository.starts_with("named.example/")
        }

        fn judge(&self, _: &str, _: &Digest, _: &[Signature]) -> Result<Judgement, String> {
            Ok(Judgement::default())
        }
    }

    /// Whether a caller may name this to a host that was started with `own.example/p:1`.
    fn may_name(name: &str, judge: Option<Arc<dyn Judge>>) -> bool {
        let supply = Arc::new(Supply::new(|| Err("nothing is fetched".to_owned())));
        let own: Reference = "own.example/p:1".parse().unwrap();
        let source = Arc::new(ArtifactSource::new(own.clone(), supply.clone()));
        let sources = References::new(source, Some(own), supply, judge);
        sources.named(name).is_ok()
    }

    #[test]
    fn callers_name_only_what_the_operator_did() {
        for (name, alone, with_rules) in [
            ("own.example/p:1", true, true),
            ("own.example/p:2", true, true),
            ("own.example/q:1", false, false),
            ("named.example/p:1", false, true),
            // The policy takes it, but nobody has named it.
            ("other.example/p:1", false, false),
            ("oci:/named.example/p:1", false, false),
            ("/etc/hostname", false, false),
        ] {
            assert_eq!(may_name(name, None), alone, "{name}");
            assert_eq!(
                may_name(name, Some(Arc::new(Lenient))),
                with_rules,
                "{name}"
            );
        }
    }
}
