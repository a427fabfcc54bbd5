//! A model made ready for the sizes of its inputs.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tract_onnx::prelude::{InferenceModel, InferenceModelExt};
use tract_onnx::tract_hir::infer::InferenceFact;
use tract_onnx::tract_hir::internal::TypedSimplePlan;

use super::convert;
use crate::contain::contain;
use crate::{Error, Tensor, TensorInfo};

/// For how many sizes a model stays ready. Each has a copy of the model's weights, in the order in which
/// they are computed with; a stage that gives a detector all sizes there are must not fill the memory.
const KEPT: usize = 8;

/// The shape of every input.
type Shapes = Vec<Vec<u32>>;

/// One for each of the shapes used last, made when it is first needed.
pub(super) struct Plans {
    model: InferenceModel,
    kept: Mutex<Vec<(Shapes, Slot)>>,
}

/// Who comes first makes it, and who comes meanwhile waits for that. What cannot be made for a shape is
/// not tried again while it is remembered.
type Slot = Arc<OnceLock<Result<Arc<TypedSimplePlan>, Error>>>;

impl Plans {
    pub(super) fn new(model: InferenceModel) -> Plans {
        Plans {
            model,
            kept: Mutex::new(Vec::new()),
        }
    }

    /// The plan for these inputs, which fit what the model takes and are in its order.
    pub(super) fn get(
        &self,
        infos: &[TensorInfo],
        inputs: &[Tensor],
    ) -> Result<Arc<TypedSimplePlan>, Error> {
        let shapes: Shapes = inputs.iter().map(|tensor| tensor.shape.clone()).collect();
        let slot = self.slot(&shapes);
        slot.get_or_init(|| contain("tract", || self.make(infos, &shapes)))
            .clone()
    }

    /// Makes it ready for inputs that have one shape only; none where they may have any.
    pub(super) fn prepare(&self, infos: &[TensorInfo]) -> Result<(), Error> {
        let shapes: Option<Shapes> = infos
            .iter()
            .map(|info| info.shape.iter().copied().collect())
            .collect();
        match shapes {
            None => Ok(()),
            Some(shapes) => {
                let plan = self.make(infos, &shapes)?;
                let _ = self.slot(&shapes).set(Ok(plan));
                Ok(())
            }
        }
    }

    /// The place for a plan of these shapes, where it may already be.
    fn slot(&self, shapes: &Shapes) -> Slot {
        // A panic cannot leave the list half changed.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match kept.iter().position(|(there, _)| there == shapes) {
            Some(index) => kept.remove(index),
            None => (shapes.clone(), Slot::default()),
        };
        let slot = Arc::clone(&entry.1);
        // The one that was not used for longest is the first.
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(entry);
        slot
    }

    fn make(&self, infos: &[TensorInfo], shapes: &Shapes) -> Result<Arc<TypedSimplePlan>, Error> {
        let mut model = self.model.clone();
        for (index, (info, shape)) in infos.iter().zip(shapes).enumerate() {
            let datum = convert::datum(info.element)
                .ok_or_else(|| Error::unsupported(format!("tract has no {}", info.element)))?;
            let fact = InferenceFact::dt_shape(datum, convert::sides(shape)?);
            model
                .set_input_fact(index, fact)
                .map_err(|error| convert::runtime(&error))?;
        }
        model
            .into_optimized()
            .and_then(TypedSimplePlan::new)
            .map_err(|error| convert::runtime(&error))
    }
}
