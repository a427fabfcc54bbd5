//! Puts the inferences of callers who come at about the same time together into one.

mod check;
mod line;
mod options;
mod queue;
mod rows;
mod samples;
mod stats;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use tracing::debug;

pub use check::verify_batch;
pub use options::BatchOptions;
pub use stats::BatchStats;

use crate::{
    Backend, Buffer, ElementType, Error, ErrorKind, Graph, Tensor, TensorInfo, arrange, free_batch,
};
use line::Caller;
use queue::{Outcome, Queue};
use stats::Counters;

/// A graph whose callers share inferences, without knowing of it.
///
/// Those who call [`Graph::infer`] while an inference is under way, or within the time to wait, and
/// whose tensors have the same shapes but for their first sides, become one inference, with their rows
/// one after the other. Each gets the rows that it brought. Where there is only one, its tensors are
/// handed on as they are, and nothing is copied.
///
/// A deadline ends only the wait of whoever has it; the inference of its batch runs until the latest of
/// them. Where an inference for several callers fails, each is tried again by itself, so that one whose
/// tensors the model cannot do with spoils nothing for the others.
pub struct Batched {
    graph: Arc<dyn Graph>,
    queue: Queue,
    counters: Counters,
    max: NonZeroU32,
}

/// Makes a model, which `backend` has compiled, ready to run for several callers at once. Where the
/// model takes only one row, it is [changed](free_batch) to take any number, compiled again, and the numbers
/// are [compared](verify_batch).
///
/// # Errors
///
/// As [`Backend::compile`]; `Unsupported` where the model's rows cannot be put together or do not come
/// out as they do one by one, with what is in the way.
pub fn batched(
    original: Arc<dyn Graph>,
    backend: &dyn Backend,
    model: &[u8],
    options: &BatchOptions,
) -> Result<Arc<Batched>, Error> {
    let fixed = |info: &TensorInfo| info.shape.first() == Some(&Some(1));
    if !original
        .inputs()
        .iter()
        .chain(original.outputs())
        .any(fixed)
    {
        return Batched::new(original, options).map(Arc::new);
    }
    let freed = backend
        .compile_kept(&free_batch(model)?, original.device())
        .map_err(|error| error.context("changed so that it takes several rows at once"))?;
    check::rows_are_free(&*freed)?;
    verify_batch(&*original, &*freed)?;
    Ok(Arc::new(Batched::of(freed, options)))
}

impl Batched {
    /// Has the callers of a graph share inferences. The first sides of all inputs and outputs are free.
    ///
    /// # Errors
    ///
    /// `Unsupported` where a first side is not free, or rows come out otherwise in a batch than alone,
    /// which is tried; `Runtime` where the graph fails at that.
    pub fn new(graph: Arc<dyn Graph>, options: &BatchOptions) -> Result<Batched, Error> {
        check::rows_are_free(&*graph)?;
        verify_batch(&*graph, &*graph)?;
        Ok(Batched::of(graph, options))
    }

    fn of(graph: Arc<dyn Graph>, options: &BatchOptions) -> Batched {
        Batched {
            graph,
            queue: Queue::new(options),
            counters: Counters::default(),
            max: options.max,
        }
    }

    /// The most rows that it puts together.
    pub fn max(&self) -> u32 {
        self.max.get()
    }

    /// What it has done so far.
    pub fn stats(&self) -> BatchStats {
        self.counters.read(self.queue.waiting())
    }

    fn run(
        &self,
        inputs: Vec<Tensor>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let rows = inputs.first().and_then(|tensor| tensor.shape.first());
        self.counters
            .inference(rows.copied().unwrap_or_default().into());
        let names = self.graph.inputs().iter().map(|info| info.name.clone());
        self.graph.infer(names.zip(inputs).collect(), deadline)
    }

    fn run_batch(&self, mut callers: Vec<Caller>) -> Vec<Outcome> {
        for caller in &callers {
            self.counters.caller(caller.since.elapsed());
        }
        if callers.len() == 1 {
            let run = |caller: Caller| Outcome::Done(self.run(caller.inputs, caller.deadline));
            return callers.pop().map(run).into_iter().collect();
        }
        let without = callers.iter().any(|caller| caller.deadline.is_none());
        let latest = callers.iter().filter_map(|caller| caller.deadline).max();
        let deadline = latest.filter(|_| !without);
        let rows: Vec<u32> = callers.iter().map(|caller| caller.rows).collect();
        let inputs: Vec<&[Tensor]> = callers.iter().map(|caller| &*caller.inputs).collect();
        let parts = rows::join(&*self.graph, &inputs)
            .and_then(|inputs| self.run(inputs, deadline))
            .and_then(|outputs| rows::part(&outputs, &rows));
        match parts {
            Ok(parts) => parts
                .into_iter()
                .map(|part| Outcome::Done(Ok(part)))
                .collect(),
            // That of each is over as well.
            Err(error) if error.kind() == ErrorKind::Deadline => callers
                .iter()
                .map(|_| Outcome::Done(Err(error.clone())))
                .collect(),
            Err(error) => {
                debug!(%error, callers = callers.len(), "a batch failed; its callers are tried one by one");
                self.counters.retried();
                let alone = |caller: Caller| Outcome::Alone(caller.inputs);
                callers.into_iter().map(alone).collect()
            }
        }
    }
}

impl Graph for Batched {
    fn inputs(&self) -> &[TensorInfo] {
        self.graph.inputs()
    }

    fn outputs(&self) -> &[TensorInfo] {
        self.graph.outputs()
    }

    fn device(&self) -> &str {
        self.graph.device()
    }

    fn infer(
        &self,
        inputs: Vec<(String, Tensor)>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let since = Instant::now();
        let inputs = arrange(self.graph.inputs(), inputs)?;
        let (rows, form) = match rows::describe(&inputs) {
            Some((rows, form)) if self.queue.shares(rows) => (rows, form),
            _ => {
                self.counters.caller(since.elapsed());
                return self.run(inputs, deadline);
            }
        };
        let caller = Caller {
            rows,
            inputs,
            deadline,
            since,
        };
        let run = |callers| self.run_batch(callers);
        match self.queue.enter(form, caller, &run)? {
            Outcome::Done(outputs) => outputs,
            Outcome::Alone(inputs) => self.run(inputs, deadline),
        }
    }

    fn memory(&self, element: ElementType, shape: &[u32]) -> Option<Buffer> {
        self.graph.memory(element, shape)
    }

    fn copied(&self) -> u64 {
        self.graph.copied()
    }
}
