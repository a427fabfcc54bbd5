use crate::class::Misfit;
use crate::error::FrameError;
use crate::open::Pipeline;
use crate::parts::OpenStage;
use crate::together::together;
use crate::version::Version;
use footlight_media::Image;
use footlight_nn::Snapshot;
use footlight_sandbox::{Fields, Item, Payload};
use std::sync::Arc;
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
}

/// All items of a frame, and what the stages did.
pub(crate) struct Trace {
    pub(crate) nodes: Vec<Node>,
    pub(crate) stages: Vec<StageTiming>,
    /// The models that all of them saw.
    models: Arc<Snapshot>,
}

impl Pipeline {
    /// Takes a frame through all stages.
    ///
    /// # Errors
    /// The first thing that goes wrong in a stage; the next frame is not affected.
    pub fn process(&self, frame: Image) -> Result<Outcome, FrameError> {
        let (width, height) = (frame.width(), frame.height());
        let trace = self.trace(frame, self.stages.iter())?;
        Ok(Outcome {
            width,
            height,
            answer: crate::answer::answer(&self.file.answer, &trace.nodes),
            version: self.version.with_models(&trace.models),
            stages: trace.stages,
        })
    }

    /// Takes a frame through some of the stages, which are in their order.
    pub(crate) fn trace<'a>(
        &'a self,
        frame: Image,
        stages: impl Iterator<Item = &'a OpenStage>,
    ) -> Result<Trace, FrameError> {
        // One snapshot a frame: a gallery that changes meanwhile is seen by the next.
        let models = self.registry.snapshot();
        let mut trace = Trace {
            nodes: vec![Node {
                parent: None,
                item: Item {
                    class: self.file.source.clone(),
                    payload: Payload::Image(Arc::new(frame)),
                    attributes: Fields::default(),
                },
            }],
            stages: Vec::new(),
            models: models.clone(),
        };
        for stage in stages {
            self.run(stage, &models, &mut trace)?;
        }
        Ok(trace)
    }

    /// Runs one stage on every item of its class.
    fn run(
        &self,
        stage: &OpenStage,
        models: &Arc<Snapshot>,
        trace: &mut Trace,
    ) -> Result<(), FrameError> {
        let span = tracing::info_span!("stage", stage = %stage.name, items = tracing::field::Empty);
        let _entered = span.enter();
        let started = Instant::now();
        let inputs: Vec<(usize, &Item)> = trace
            .nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (index, &node.item))
            .filter(|(_, item)| item.class == stage.section.input)
            .collect();
        let items = inputs.len() as u64;
        let mut yielded = Vec::new();
        let mut keep = |parent: usize, made: Vec<Item>| {
            yielded.extend(made.into_iter().map(|item| Node {
                parent: Some(parent),
                item,
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
