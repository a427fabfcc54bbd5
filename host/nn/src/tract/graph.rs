//! A model that is ready to run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tract_onnx::prelude::{TValue, TractError};
use tract_onnx::tract_core::plan::eval;
use tract_onnx::tract_hir::internal::{TVec, TypedSimplePlan};

use super::convert;
use super::load::Loaded;
use super::plans::Plans;
use crate::contain::contain;
use crate::{Error, ErrorKind, Graph, Tensor, TensorInfo, backend};

pub(super) struct TractGraph {
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    copied: AtomicU64,
    plans: Plans,
}

impl TractGraph {
    pub(super) fn new(loaded: Loaded) -> Result<TractGraph, Error> {
        let graph = TractGraph {
            plans: Plans::new(loaded.model),
            inputs: loaded.inputs,
            outputs: loaded.outputs,
            copied: AtomicU64::new(0),
        };
        graph.plans.prepare(&graph.inputs).map_err(|error| {
            Error::new(ErrorKind::Unsupported, error.to_string())
                .context("tract cannot compute the model")
        })?;
        Ok(graph)
    }

    fn run(
        &self,
        inputs: &[Tensor],
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let plan = self.plans.get(&self.inputs, inputs)?;
        let bytes: usize = inputs.iter().map(Tensor::bytes).sum();
        self.copied.fetch_add(bytes as u64, Ordering::Relaxed);
        let values = inputs
            .iter()
            .map(convert::to_tract)
            .collect::<Result<TVec<_>, _>>()?;
        compute(&plan, values, deadline)?
            .iter()
            .zip(&self.outputs)
            .map(|(value, info)| Ok((info.name.clone(), convert::from_tract(value, info)?)))
            .collect()
    }
}

/// Computes one operation after the other, as long as there is time.
fn compute(
    plan: &Arc<TypedSimplePlan>,
    inputs: TVec<TValue>,
    deadline: Option<Instant>,
) -> Result<TVec<TValue>, Error> {
    let late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let outputs = plan.spawn().and_then(|mut state| {
        state.run_plan_with_eval(inputs, |context, state, node, inputs| match late() {
            true => Err(TractError::msg("late")),
            false => eval(context, state, node, inputs),
        })
    });
    match late() {
        true => Err(Error::late()),
        false => outputs.map_err(|error| convert::runtime(&error)),
    }
}

impl Graph for TractGraph {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn device(&self) -> &str {
        "cpu"
    }

    fn infer(
        &self,
        inputs: Vec<(String, Tensor)>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let inputs = backend::arrange(&self.inputs, inputs)?;
        contain("tract", || self.run(&inputs, deadline))
            .map_err(|error| error.context("the inference failed"))
    }

    /// All of them: tract's tensors are its own.
    fn copied(&self) -> u64 {
        self.copied.load(Ordering::Relaxed)
    }
}
