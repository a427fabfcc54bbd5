//! What a new version takes over from those that are open.

use crate::file::{ModelSection, StageSection};
use crate::open::Pipeline;
use crate::parts::{OpenStage, Parts};
use crate::place::Place;
use footlight_nn::{Card, Model, Snapshot};
use footlight_sandbox::Component;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Parts<'_> {
    /// The component that a version has open which had it from the same artifact, and where it was found. Only for
    /// an artifact that is trusted with the pipeline: any other is fetched, so that it is judged again.
    pub(crate) fn running_component(self, wanted: &StageSection) -> Option<(Component, Place)> {
        let (digest, _) = self.at_home(wanted.component.artifact()?)?;
        let mut stages = self.reuse.iter().flat_map(|version| &version.stages);
        let same = stages.find(|stage| {
            let origin = stage.origin.artifact();
            origin.and_then(|origin| origin.digest()) == Some(digest)
        })?;
        let component = same.stage.component();
        // One that is not what the file asks for is refused where it is obtained.
        let asked = wanted.sha256.as_ref();
        let meant = asked.is_none_or(|asked| *asked == component.inspection().digest);
        meant.then(|| (component.clone(), same.origin.clone()))
    }

    /// The component of this digest, where a version that is open has it.
    pub(crate) fn component(self, digest: &str) -> Option<Component> {
        let stages = self.reuse.iter().flat_map(|version| &version.stages);
        let mut components = stages.map(|stage| stage.stage.component());
        components
            .find(|component| component.inspection().digest == digest)
            .cloned()
    }

    /// The model that a version has open which had it from the same artifact, on the devices that are asked for;
    /// under the same condition as [`running_component`](Self::running_component).
    pub(crate) fn running_model(self, wanted: &ModelSection) -> Option<Model> {
        let (digest, _) = self.at_home(wanted.card.artifact()?)?;
        self.open_model(wanted, |section, _| {
            let card = section.card.artifact();
            card.and_then(|card| card.digest()) == Some(digest)
        })
    }

    /// The model of this card, where a version that is open has it on the devices that are asked for.
    pub(crate) fn compiled(self, card: &Card, wanted: &ModelSection) -> Option<Model> {
        self.open_model(wanted, |_, model| model.digest == card.sha256)
    }

    /// Whether a version that was found to work has just this stage: the same component, told the same, with the
    /// same graphs, between the same classes.
    pub(crate) fn proven(self, stage: &OpenStage, models: &Snapshot) -> bool {
        let works = |version: &&&Pipeline| {
            version.probed.load(Ordering::Relaxed) && version.file.classes == self.file.classes
        };
        self.reuse.iter().filter(works).any(|version| {
            let others = version.models();
            let same_graph = |name: &String| match (models.get(name), others.get(name)) {
                (Some(one), Some(other)) => Arc::ptr_eq(&one.graph, &other.graph),
                _ => false,
            };
            version.stages.iter().any(|known| {
                // Wherever each was found.
                let section = StageSection {
                    component: stage.section.component.clone(),
                    ..known.section.clone()
                };
                section == stage.section
                    && known.stage.component().inspection().digest
                        == stage.stage.component().inspection().digest
                    && stage.section.models.values().all(same_graph)
            })
        })
    }

    fn open_model(
        self,
        wanted: &ModelSection,
        same: impl Fn(&ModelSection, &Model) -> bool,
    ) -> Option<Model> {
        self.reuse.iter().find_map(|version| {
            let models = version.registry.snapshot();
            let mut sections = version.file.models.iter().filter(|(_, section)| {
                (&section.device, &section.fallback, &section.batch)
                    == (&wanted.device, &wanted.fallback, &wanted.batch)
            });
            sections.find_map(|(name, section)| {
                let model = models.get(name)?;
                same(section, model).then(|| Model::clone(model))
            })
        })
    }
}
