use crate::class::Misfit;
use crate::elsewhere::{Elsewhere, Errand, Failure, Nowhere, Purpose};
use crate::error::FrameError;
use crate::open::Pipeline;
use crate::order::needed_for;
use crate::parts::OpenStage;
use crate::together::together;
use crate::version::Version;
use footlight_boundary::Frame;
use footlight_media::Image;
use footlight_nn::Snapshot;
use footlight_sandbox::{Fields, Item, Payload};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What came of a frame.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Width of the frame, upright, in pixels.
    pub width: u32,
    /// Height of the frame, upright, in pixels.
    pub height: u32,
    /// The lists that the pipeline file's `[answer]` asks for.
    pub answer: serde_json::Map<String, serde_json::Value>,
    /// What exactly answered: every digest, the gallery's as the frame saw it among them.
    pub version: Version,
    /// What each stage did, in the order in which they ran.
    pub stages: Vec<StageTiming>,
}

/// What a stage did for a frame.
#[derive(Debug, Clone)]
pub struct StageTiming {
    /// The stage.
    pub stage: String,
    /// Items that it worked on.
    pub items: u64,
    /// Items that it yielded.
    pub yielded: u64,
    /// The time for all of them.
    pub elapsed: Duration,
}

/// An item and the one that it was made from, by its place in the list. Makers stand before what they
/// made.
pub(crate) struct Node {
    pub(crate) parent: Option<usize>,
    pub(crate) item: Item,
    /// Whether stages have still to see it. Another host has done what there was to do with what it gave back.
    open: bool,
}

/// All items of a frame, and what the stages did.
pub(crate) struct Trace {
    pub(crate) nodes: Vec<Node>,
    pub(crate) stages: Vec<StageTiming>,
    /// The models that all stages here saw.
    pub(crate) models: Arc<Snapshot>,
    /// What other hosts worked with.
    pub(crate) elsewhere: Digests,
    /// How much has left for other zones.
    left: Mutex<Frame>,
}

/// Components and models by their digests.
#[derive(Default)]
pub(crate) struct Digests {
    pub(crate) components: BTreeMap<String, String>,
    pub(crate) models: BTreeMap<String, String>,
}

impl Pipeline {
    /// Takes a frame through all stages, of which this host runs all.
    ///
    /// # Errors
    /// The first thing that goes wrong in a stage; the next frame is not affected.
    pub fn process(&self, frame: Image) -> Result<Outcome, FrameError> {
        self.process_with(frame, &Nowhere)
    }

    /// Takes a frame through all stages, of which other hosts run those that this one does not.
    ///
    /// # Errors
    /// As [`process`](Self::process); and no other host that does it.
    pub fn process_with(
        &self,
        frame: Image,
        others: &dyn Elsewhere,
    ) -> Result<Outcome, FrameError> {
        let (width, height) = (frame.width(), frame.height());
        let trace = self.trace(vec![self.first(frame)], None, Purpose::Answer, others)?;
        let mut version = self.version.with_models(&trace.models);
        version.stages.extend(trace.elsewhere.components);
        version.models.extend(trace.elsewhere.models);
        Ok(Outcome {
            width,
            height,
            answer: crate::answer::answer(&self.file.answer, &trace.nodes),
            version,
            stages: trace.stages,
        })
    }

    /// The item that a frame enters as.
    pub(crate) fn first(&self, frame: Image) -> Item {
        Item {
            class: self.file.source.clone(),
            payload: Payload::Image(Arc::new(frame)),
            attributes: Fields::default(),
        }
    }

    /// Takes items through the stages that a purpose needs: those to begin with through one stage only, where it is
    /// named, and what is made of them through all that take it.
    pub(crate) fn trace(
        &self,
        items: Vec<Item>,
        only: Option<&str>,
        purpose: Purpose,
        others: &dyn Elsewhere,
    ) -> Result<Trace, FrameError> {
        let items = items.into_iter();
        let mut trace = Trace {
            nodes: items
                .map(|item| Node {
                    parent: None,
                    item,
                    open: true,
                })
                .collect(),
            stages: Vec::new(),
            // One snapshot a frame: a gallery that changes meanwhile is seen by the next.
            models: self.registry.snapshot(),
            elsewhere: Digests::default(),
            left: Mutex::default(),
        };
        for name in self.needed(purpose) {
            let inputs = match self.file.stages.get(name) {
                Some(section) => trace.inputs(&section.input, only.is_none_or(|only| only == name)),
                None => continue,
            };
            match self.stages.iter().find(|stage| stage.name == *name) {
                Some(stage) => self.run(stage, &inputs, &mut trace)?,
                None => self.send(name, purpose, &inputs, &mut trace, others)?,
            }
        }
        Ok(trace)
    }

    /// The stages that a purpose needs, in their order.
    fn needed(&self, purpose: Purpose) -> Vec<&String> {
        let wanted = match (purpose, &self.file.gallery) {
            (Purpose::Templates, Some(gallery)) => {
                Some(needed_for(&self.file, &self.order, &gallery.template))
            }
            _ => None,
        };
        let all = self.order.iter();
        all.filter(|name| wanted.as_ref().is_none_or(|wanted| wanted.contains(name)))
            .collect()
    }

    /// Has another host run one stage, and those after it, on items.
    fn send(
        &self,
        name: &str,
        purpose: Purpose,
        inputs: &[usize],
        trace: &mut Trace,
        others: &dyn Elsewhere,
    ) -> Result<(), FrameError> {
        if inputs.is_empty() {
            return Ok(());
        }
        let items = inputs.iter();
        let errand = Errand {
            pipeline: self,
            models: &trace.models,
            left: &trace.left,
            stage: name,
            purpose,
            items: items
                .filter_map(|index| trace.nodes.get(*index).map(|node| &node.item))
                .collect(),
        };
        let fail = |source| FrameError::Elsewhere {
            stage: name.to_owned(),
            source: Box::new(source),
        };
        let worked = others.work(&errand).map_err(fail)?;
        let wanted = self.wanted(purpose);
        let before = trace.nodes.len();
        for made in worked.made {
            let fits = match wanted.contains(&made.item.class) {
                true => self.check_item(&made.item),
                false => Err("nobody asked for it".to_owned()),
            };
            let parent = match made.parent.checked_sub(inputs.len()) {
                None => inputs.get(made.parent).copied(),
                Some(place) => Some(before + place).filter(|place| *place < trace.nodes.len()),
            };
            let (Some(parent), Ok(())) = (parent, &fits) else {
                return Err(fail(Failure::Told {
                    code: "class-mismatch".to_owned(),
                    stage: None,
                    detail: format!(
                        "the host that runs it gave back an item of class `{}` that is none: {}",
                        made.item.class,
                        fits.err()
                            .unwrap_or_else(|| "it was made of nothing".to_owned())
                    ),
                }));
            };
            trace.nodes.push(Node {
                parent: Some(parent),
                item: made.item,
                open: false,
            });
        }
        trace.stages.extend(worked.stages);
        trace.elsewhere.components.extend(worked.components);
        trace.elsewhere.models.extend(worked.models);
        Ok(())
    }

    /// Runs one stage on items.
    fn run(
        &self,
        stage: &OpenStage,
        inputs: &[usize],
        trace: &mut Trace,
    ) -> Result<(), FrameError> {
        let models = &trace.models;
        let span = tracing::info_span!("stage", stage = %stage.name, items = tracing::field::Empty);
        let _entered = span.enter();
        let started = Instant::now();
        let inputs: Vec<(usize, &Item)> = inputs
            .iter()
            .filter_map(|index| Some((*index, &trace.nodes.get(*index)?.item)))
            .collect();
        let items = inputs.len() as u64;
        let mut yielded = Vec::new();
        let mut keep = |parent: usize, made: Vec<Item>| {
            yielded.extend(made.into_iter().map(|item| Node {
                parent: Some(parent),
                item,
                open: true,
            }));
        };
        match stage.shares(models) {
            Some(rows) if inputs.len() > 1 => {
                let one = |index: usize| {
                    let _entered = span.enter();
                    let (parent, item) = inputs.get(index)?;
                    Some((*parent, self.run_item(stage, (*item).clone(), models)))
                };
                for (parent, made) in together(inputs.len(), rows, one).into_iter().flatten() {
                    keep(parent, made?);
                }
            }
            _ => {
                for (parent, item) in inputs {
                    keep(parent, self.run_item(stage, item.clone(), models)?);
                }
            }
        }
        span.record("items", items);
        trace.stages.push(StageTiming {
            stage: stage.name.clone(),
            items,
            yielded: yielded.len() as u64,
            elapsed: started.elapsed(),
        });
        trace.nodes.extend(yielded);
        Ok(())
    }

    /// Runs one stage on one item, and checks what it yields.
    pub(crate) fn run_item(
        &self,
        stage: &OpenStage,
        item: Item,
        models: &Arc<Snapshot>,
    ) -> Result<Vec<Item>, FrameError> {
        let made = stage
            .stage
            .process(item, models.clone())
            .map_err(|source| FrameError::Stage {
                stage: stage.name.clone(),
                source,
            })?;
        for item in &made {
            self.check(stage, item)
                .map_err(|source| FrameError::Misfit {
                    stage: stage.name.clone(),
                    source,
                })?;
        }
        Ok(made)
    }

    /// Whether a stage may yield this item.
    fn check(&self, stage: &OpenStage, item: &Item) -> Result<(), Misfit> {
        match self.file.classes.get(&item.class) {
            Some(class) if stage.section.yields.contains(&item.class) => class.check(item),
            _ => Err(Misfit::Class {
                class: item.class.chars().take(64).collect(),
                allowed: match stage.section.yields.as_slice() {
                    [] => "nothing".to_owned(),
                    some => format!("`{}`", some.join("`, `")),
                },
            }),
        }
    }
}

impl Trace {
    /// The places of the items that a stage of this input class is to work on, and whether it is one of those that
    /// the items to begin with are for.
    fn inputs(&self, class: &str, first: bool) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| node.open && node.item.class == class)
            .filter(|(_, node)| node.parent.is_some() || first)
            .map(|(place, _)| place)
            .collect()
    }
}
