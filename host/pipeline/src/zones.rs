//! What a pipeline file says of zones, as the boundary sees it.

use crate::border::seen_element;
use crate::class::Class;
use crate::error::OpenError;
use crate::file::PipelineFile;
use footlight_boundary as boundary;
use footlight_boundary::{Layout, Plan, Report, Zones};
use std::collections::BTreeSet;
use std::sync::Arc;

impl PipelineFile {
    /// Every way that data can take between the zones of the file, and whether it may. None for a file without
    /// `[zones]`: its hosts are in one.
    ///
    /// # Errors
    /// What is wrong with the file besides: a class that is not declared, a cycle, `[placement]` or `[boundary]`
    /// without `[zones]`.
    pub fn examine_zones(&self) -> Result<Option<Report>, OpenError> {
        crate::order::order(self)?;
        let Some(zones) = self.zones.clone() else {
            let stray = [
                ("placement", self.placement.is_empty()),
                ("boundary", self.boundary.is_empty()),
            ];
            return match stray.iter().find(|(_, empty)| !empty) {
                None => Ok(None),
                Some((section, _)) => Err(OpenError::new(format!(
                    "the file has [{section}] and no [zones]: add it, with the `names` of all zones and those in which `frames` enter"
                ))),
            };
        };
        Ok(Some(boundary::check(&self.seen(), &self.layout(zones))))
    }

    /// Refuses a file whose zones do not hold, also on a host that runs all of it by itself: elsewhere the same file
    /// would let something out, or get a frame stuck.
    pub(crate) fn check_zones(&self) -> Result<Option<Arc<Plan>>, OpenError> {
        let plan = self.examine_zones()?.map(Report::into_plan).transpose();
        plan.map(|plan| plan.map(Arc::new))
            .map_err(|findings| OpenError::new(findings.to_string()))
    }

    /// The classes of which an answer tells.
    pub(crate) fn told(&self) -> BTreeSet<String> {
        self.seen().told()
    }

    fn layout(&self, zones: Zones) -> Layout {
        Layout {
            zones,
            placement: self
                .placement
                .iter()
                .filter_map(|(stage, placed)| Some((stage.clone(), placed.zones.clone()?)))
                .collect(),
            boundary: self.boundary.clone(),
        }
    }

    fn seen(&self) -> boundary::Pipeline {
        let classes = self.classes.iter();
        let stages = self.stages.iter();
        boundary::Pipeline {
            source: self.source.clone(),
            classes: classes
                .map(|(name, class)| (name.clone(), seen_class(class)))
                .collect(),
            stages: stages
                .map(|(name, stage)| boundary::Stage {
                    name: name.clone(),
                    input: stage.input.clone(),
                    yields: stage.yields.iter().cloned().collect(),
                    models: stage.models.values().cloned().collect(),
                })
                .collect(),
            answer: self.answer.values().cloned().collect::<BTreeSet<_>>(),
            gallery: self.gallery.as_ref().map(|gallery| boundary::Gallery {
                template: gallery.template.clone(),
                face: gallery.face.clone(),
                model: gallery.model.clone(),
            }),
        }
    }
}

fn seen_class(class: &Class) -> boundary::Class {
    match class {
        Class::Image { .. } => boundary::Class::Image,
        Class::Document => boundary::Class::Document,
        Class::Tensor { element, shape } => boundary::Class::Tensor {
            element: seen_element(*element),
            shape: shape.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::PipelineFile;
    use std::fs;
    use std::path::Path;

    fn members(change: impl FnOnce(String) -> String) -> PipelineFile {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
        let text = fs::read_to_string(guests.join("members-across-zones.toml")).unwrap();
        PipelineFile::parse(&change(text)).unwrap()
    }

    #[test]
    fn members_across_zones_holds_and_one_machine_need_not_know() {
        let file = members(|text| text);
        let report = file.examine_zones().unwrap().unwrap();
        assert_eq!(report.findings, []);
        let plan = report.into_plan().unwrap();
        assert_eq!(plan.may_run("verify", "cloud"), Ok(()));
        let plain = members(|text| {
            let start = text.find("[zones]").unwrap();
            text[..start].to_owned()
        });
        assert_eq!(plain.examine_zones().unwrap(), None);
    }

    #[test]
    fn a_file_whose_zones_do_not_hold_is_refused() {
        let says = |from: &str, to: &str| {
            let file = members(|text| {
                assert!(text.contains(from), "{from}");
                text.replacen(from, to, 1)
            });
            file.check_zones().unwrap_err().to_string()
        };
        let said = says("features = [\"site\"]", "features = [\"cloud\"]");
        assert!(said.contains("no image leaves its zone"), "{said}");
        let said = says("[boundary.feature]", "[boundary.featur]");
        assert!(said.contains("add [classes.featur]"), "{said}");
        let said = says("verify = [", "verifi = [");
        assert!(said.contains("add [stages.verifi]"), "{said}");
        let stray = "name = \"x\"\nsource = \"frame\"\nclasses = { frame = { kind = \"image\" } }\nstages = {}\n\
                     placement = { x = [\"a\"] }";
        let stray = PipelineFile::parse(stray).unwrap();
        let said = stray.check_zones().unwrap_err().to_string();
        assert!(said.contains("[placement] and no [zones]"), "{said}");
    }
}
