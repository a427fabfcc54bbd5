//! The bytes of a pipeline's parts, from wherever the file says that they are.

use crate::parts::Parts;
use crate::place::Place;
use footlight_artifacts::{Artifacts, Reference};
use footlight_nn::{Card, sha256_hex};
use std::path::Path;

impl Parts<'_> {
    /// A component, and where it was found.
    pub(crate) fn obtain_component(self, place: &Place) -> Result<(Vec<u8>, String), String> {
        match place {
            Place::File(path) => self.component_file(path),
            Place::Artifact(reference) => {
                let places = self.places(reference);
                let stage = self.artifacts(reference)?.stage(&places);
                let stage = stage.map_err(|error| error.to_string())?;
                Ok((stage.component, reference.pinned(stage.digest).to_string()))
            }
        }
    }

    /// A model's card. An artifact has the model itself, too; that of a file is in the cache, or is not there.
    pub(crate) fn obtain_model(self, place: &Place) -> Result<(Card, Option<Vec<u8>>), String> {
        let words = |error: footlight_nn::Error| error.to_string();
        match place {
            Place::File(path) => Card::read(&self.file.folder.join(path))
                .map(|card| (card, None))
                .map_err(words),
            Place::Artifact(reference) => {
                let places = self.places(reference);
                let model = self.artifacts(reference)?.model(&places);
                let model = model.map_err(|error| error.to_string())?;
                let at = |why: String| format!("{}: {why}", reference.pinned(model.digest.clone()));
                let card = Card::parse(&model.card).map_err(|error| at(error.to_string()))?;
                let found = sha256_hex(&model.model);
                if found != card.sha256 {
                    return Err(at(format!(
                        "its card is of a model with the sha256 {}, and the model in it has {found}: it was \
                         not pushed by `footlight model push`; get one that was",
                        card.sha256
                    )));
                }
                Ok((card, Some(model.model)))
            }
        }
    }

    fn component_file(self, component: &Path) -> Result<(Vec<u8>, String), String> {
        let candidates: Vec<_> = self.file.candidates(component, self.locations).collect();
        let Some(path) = candidates.iter().find(|path| path.is_file()) else {
            let places: Vec<_> = candidates
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            return Err(format!(
                "the component is not there: looked for {}; build it, or say where it is with --stages",
                places.join(", ")
            ));
        };
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((bytes, path.display().to_string()))
    }

    /// Where an artifact is looked for: a pipeline's own repository has all its parts.
    fn places(self, reference: &Reference) -> Vec<Reference> {
        let home = self.file.home.as_ref().zip(reference.digest());
        let at_home = home.map(|(home, digest)| home.at(digest.clone()));
        at_home.into_iter().chain([reference.clone()]).collect()
    }

    fn artifacts(self, reference: &Reference) -> Result<&'_ Artifacts, String> {
        match &self.locations.artifacts {
            Some(supply) => supply.get(),
            None => Err(format!("{reference} cannot be fetched: there is no store")),
        }
    }
}
