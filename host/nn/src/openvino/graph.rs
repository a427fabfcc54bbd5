//! A compiled model.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use openvino::{CompiledModel, PropertyKey};

use super::memory::{self, Stock};
use super::pool::Pool;
use super::ports;
use super::request::Input;
use crate::onnx::Names;
use crate::{Buffer, ElementType, Error, Graph, Tensor, TensorInfo, backend};

pub(super) struct OpenVinoGraph {
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    device: String,
    pool: Pool,
    stock: Arc<Stock>,
}

impl OpenVinoGraph {
    pub(super) fn new(compiled: CompiledModel, names: Names, asked: &str) -> Result<Self, Error> {
        let inputs = ports::inputs(&compiled, names.inputs)?;
        let outputs = ports::outputs(&compiled, names.outputs)?;
        // Where the library was left to choose, this is what it chose: `(CPU)`, or `GPU.0`.
        let chosen = compiled
            .get_property(&PropertyKey::Other(Cow::Borrowed("EXECUTION_DEVICES")))
            .unwrap_or_default()
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        let device = match chosen.is_empty() {
            true => asked.to_lowercase(),
            false => chosen,
        };
        Ok(OpenVinoGraph {
            pool: Pool::new(compiled)?,
            stock: Arc::default(),
            inputs,
            outputs,
            device,
        })
    }
}

impl Graph for OpenVinoGraph {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn device(&self) -> &str {
        &self.device
    }

    fn infer(
        &self,
        inputs: Vec<(String, Tensor)>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let inputs = backend::arrange(&self.inputs, inputs)?;
        for (info, tensor) in self.inputs.iter().zip(&inputs) {
            narrow(info, tensor)?;
        }
        let inputs = inputs
            .into_iter()
            .map(|tensor| match tensor.shape.is_empty() {
                true => Ok(Input::Single(tensor)),
                false => self.stock.adopt(tensor).map(Input::Tensor),
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.pool
            .with(deadline, |request| {
                request.run(&self.inputs, &inputs, &self.outputs, deadline)
            })
            .map_err(|error| error.context("the inference failed"))
    }

    fn memory(&self, element: ElementType, shape: &[u32]) -> Option<Buffer> {
        let input = |info: &TensorInfo| info.element == element && info.admits(shape);
        match self.inputs.iter().any(input) {
            true => memory::buffer(&self.stock, element, shape),
            false => None,
        }
    }

    fn copied(&self) -> u64 {
        self.stock.copied()
    }
}

/// OpenVINO's devices work on 64-bit integers as on 32-bit ones, and cut off what does not fit.
fn narrow(info: &TensorInfo, tensor: &Tensor) -> Result<(), Error> {
    if tensor.element != ElementType::I64 {
        return Ok(());
    }
    let (numbers, _) = tensor.data.as_chunks::<8>();
    let beyond = numbers
        .iter()
        .map(|bytes| i64::from_le_bytes(*bytes))
        .find(|number| i32::try_from(*number).is_err());
    match beyond {
        None => Ok(()),
        Some(number) => Err(Error::unsupported(format!(
            "the input `{}` has the number {number}; OpenVINO computes with 32 bits, and would \
             cut it off",
            info.name
        ))),
    }
}
