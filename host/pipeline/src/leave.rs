//! What of a template goes to hosts in other zones, where members are shared.
//!
//! A stage that sees faces makes templates, and could hide a face in one. So a template leaves its zone as any item of its
//! class does: in the form that the boundary's rule gives, and no more often than that says.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use footlight_boundary::{Arrival, Frame, Plan, Refusal, Zone};
use footlight_gallery::Template;
use footlight_nn::{ElementType, Tensor};
use footlight_sandbox::{Fields, Item, Payload};

use crate::border;
use crate::class::Class;
use crate::elsewhere::Border;
use crate::enrol::EnrolError;
use crate::file::GallerySection;
use crate::open::Pipeline;

/// How long an enrolment waits for its turn to let something out: photos of one member come all at once, and frames take
/// from the same measure.
const PATIENCE: Duration = Duration::from_secs(5);

impl Pipeline {
    /// Templates as hosts in other zones may have them, for all hosts to have the same; as they are, where no other zone
    /// may have any.
    pub(crate) fn as_they_leave(
        &self,
        templates: Vec<Template>,
    ) -> Result<Vec<Template>, EnrolError> {
        let section = &self.enrolment()?.section;
        let Some(border) = &self.border else {
            return Ok(templates);
        };
        let Some(to) = self.somewhere_else(border, section) else {
            return Ok(templates);
        };
        let until = Instant::now() + PATIENCE;
        let templates = templates.into_iter();
        templates
            .map(|template| self.as_it_leaves(border, section, to, template, until))
            .collect()
    }

    /// A zone that templates go to from here, or may not go to and should, as the gallery is searched nowhere else. The
    /// form that leaves is the same for all.
    fn somewhere_else<'a>(&self, border: &'a Border, section: &GallerySection) -> Option<&'a Zone> {
        let Border {
            zone: here, plan, ..
        } = border;
        let stages = self.file.stages.iter();
        let searching = stages.filter(|(_, stage)| {
            let mut models = stage.models.values();
            models.any(|model| *model == section.model)
        });
        let places: Vec<&Zone> = searching
            .flat_map(|(name, _)| plan.zones_of(name))
            .collect();
        let class = &section.template;
        let reached = |zone: &&Zone| plan.may_go(class, here, zone);
        if !places.is_empty() && !places.iter().any(reached) {
            return places.first().copied();
        }
        others(plan, class, here).next()
    }

    fn as_it_leaves(
        &self,
        border: &Border,
        section: &GallerySection,
        to: &Zone,
        template: Template,
        until: Instant,
    ) -> Result<Template, EnrolError> {
        let odd = |why: String| EnrolError::Gallery(format!("a template cannot be sent: {why}"));
        let Some(Class::Tensor { shape, .. }) = self.file.classes.get(&section.template) else {
            return Err(odd("its class is no tensor".to_owned()));
        };
        let numbers = template.feature.iter();
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
        let tensor = Tensor::new(shape.clone(), ElementType::F32, bytes)
            .map_err(|error| odd(error.to_string()))?;
        let item = Item {
            class: section.template.clone(),
            payload: Payload::Tensor(Arc::new(tensor)),
            // What is known of it stays: of its quality, the gallery keeps a few numbers.
            attributes: Fields::default(),
        };
        let models = self.models();
        let parcel = loop {
            // Each photo is a frame.
            match self.pack(&mut Frame::default(), &item, to, &models) {
                Err(Refusal::Rate { .. }) if Instant::now() < until => {
                    thread::sleep(Duration::from_millis(20));
                }
                Err(refusal) => {
                    tracing::warn!(
                        target: "footlight::audit",
                        pipeline = self.name(),
                        code = refusal.code(),
                        reason = %refusal,
                        "a template was not let out"
                    );
                    return Err(refusal.into());
                }
                Ok(parcel) => break parcel,
            }
        };
        let arrival = Arrival::new(border.plan.clone(), to.clone())?;
        let arrived = arrival.admit(border.zone.as_str(), &parcel)?;
        let item = border::item(arrived).map_err(odd)?;
        let Payload::Tensor(tensor) = &item.payload else {
            return Err(odd("it is no tensor any more".to_owned()));
        };
        Ok(Template {
            feature: tensor.to_f32().map_err(|error| odd(error.to_string()))?,
            quality: template.quality.rounded(),
            ..template
        })
    }
}

/// The zones that templates may go to from here.
fn others<'a>(plan: &'a Plan, class: &str, here: &Zone) -> impl Iterator<Item = &'a Zone> {
    plan.zones()
        .filter(move |zone| *zone != here && plan.may_go(class, here, zone))
}
