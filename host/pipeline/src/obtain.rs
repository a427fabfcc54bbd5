//! The bytes of a pipeline's parts, from wherever the file says that they are.

use crate::error::OpenError;
use crate::file::meant;
use crate::parts::{OpenModel, OpenStage, Parts};
use crate::place::Place;
use footlight_artifacts::{Artifacts, Digest, Lease, Reference};
use footlight_nn::{Card, sha256_hex};
use std::collections::HashSet;
use std::path::Path;

/// A model that was found.
pub(crate) struct ObtainedModel {
    pub(crate) card: Card,
    /// The model itself, where it came with its card.
    pub(crate) content: Option<Vec<u8>>,
    /// The artifact that both are from.
    pub(crate) artifact: Option<Digest>,
}

impl<'a> Parts<'a> {
    /// A component, and where it was found.
    pub(crate) fn obtain_component(self, place: &Place) -> Result<(Vec<u8>, Place), OpenError> {
        match place {
            Place::File(path) => Ok(self.component_file(path)?),
            Place::Artifact(reference) => {
                let artifacts = self.artifacts(reference)?;
                let stage = match self.at_home(reference) {
                    Some((digest, home)) => artifacts.stage_at(digest, &[home]),
                    None => artifacts.stage(reference),
                }?;
                let found = reference.pinned(stage.about.digest);
                Ok((stage.component, Place::Artifact(found)))
            }
        }
    }

    /// A model's card. An artifact has the model itself, too; that of a file is in the cache, or is not there.
    pub(crate) fn obtain_model(self, place: &Place) -> Result<ObtainedModel, OpenError> {
        match place {
            Place::File(path) => Card::read(&self.file.folder.join(path))
                .map(|card| ObtainedModel {
                    card,
                    content: None,
                    artifact: None,
                })
                .map_err(|error| OpenError::new(format!("{error}{}", meant(path)))),
            Place::Artifact(reference) => {
                let artifacts = self.artifacts(reference)?;
                let model = match self.at_home(reference) {
                    Some((digest, home)) => artifacts.model_at(digest, &[home]),
                    None => artifacts.model(reference),
                }?;
                let pinned = reference.pinned(model.about.digest);
                let at = |why: String| OpenError::new(format!("{pinned}: {why}"));
                let card = Card::parse(&model.card).map_err(|error| at(error.to_string()))?;
                let found = sha256_hex(&model.model);
                if found != card.sha256 {
                    return Err(at(format!(
                        "its card is of a model with the sha256 {}, and the model in it has {found}: it was \
                         not pushed by `footlight model push`; get one that was",
                        card.sha256
                    )));
                }
                Ok(ObtainedModel {
                    card,
                    content: Some(model.model),
                    artifact: Some(model.about.digest),
                })
            }
        }
    }

    /// Keeps the artifacts that a pipeline is of in the store, for as long as the lease lives. Without one they are
    /// fetched again when they are wanted again.
    pub(crate) fn hold(self, stages: &[OpenStage], models: &[OpenModel]) -> Option<Lease> {
        let stages = stages.iter().filter_map(|stage| stage.origin.artifact());
        let named = stages.chain(&self.file.home).filter_map(Reference::digest);
        // As they were found: a file may name them by tag.
        let models = models.iter().filter_map(|model| model.artifact.as_ref());
        let digests: HashSet<Digest> = named.chain(models).copied().collect();
        if digests.is_empty() {
            return None;
        }
        let held = self
            .locations
            .artifacts
            .as_ref()?
            .get()
            .ok()?
            .hold(&digests);
        held.inspect_err(|error| tracing::warn!(%error, "what runs may be dropped from the store"))
            .ok()
    }

    fn component_file(self, component: &Path) -> Result<(Vec<u8>, Place), String> {
        let path = self
            .file
            .locate(component, self.locations)
            .map_err(|error| error.to_string())?;
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((bytes, Place::File(path)))
    }

    /// The digest of a part of an artifact, and where it is: the pipeline's own repository has it, and what that is
    /// trusted for it is trusted for, too. Where the file says that it was made is not asked: that may be anywhere,
    /// on this machine or beside it. None for a part that is to be trusted by itself.
    pub(crate) fn at_home(self, part: &Reference) -> Option<(&Digest, Reference)> {
        let home = self.file.home.as_ref()?;
        let digest = part.digest()?;
        Some((digest, home.at(*digest)))
    }

    fn artifacts(self, reference: &Reference) -> Result<&'a Artifacts, String> {
        match &self.locations.artifacts {
            Some(supply) => supply.get(),
            None => Err(format!("{reference} cannot be fetched: there is no store")),
        }
    }
}
