//! `wasi:nn`, unchanged.
//!
//! The functions are ours, because those of `wasmtime-wasi-nn` let a guest hold any amount of tensors,
//! lose an error's cause, hand a guest's own model bytes to a native parser, and copy every tensor on
//! its way to the library.

use crate::bindings::nn::errors::{self, ErrorCode};
use crate::bindings::nn::graph::{self, ExecutionTarget, GraphBuilder, GraphEncoding};
use crate::bindings::nn::inference::{self, NamedTensor};
use crate::bindings::nn::tensor::{self, TensorData, TensorDimensions, TensorType};
use crate::error::{Error, ErrorKind};
use crate::state::State;
use footlight_nn::{self as nn, DeviceSpec, ElementType, Model, Tensor};
use std::sync::Arc;
use wasmtime::component::Resource;

/// wasi-nn's `graph.graph`.
pub struct HeldGraph(Arc<dyn nn::Graph>);

/// wasi-nn's `inference.graph-execution-context`. It holds nothing of its own: what an inference needs
/// besides its inputs is the graph's, and used again by whoever comes next.
pub struct HeldContext(Arc<dyn nn::Graph>);

/// wasi-nn's `tensor.tensor`, and whether it shows an image.
pub struct HeldTensor {
    pub(super) tensor: Tensor,
    pub(super) pixels: bool,
}

/// wasi-nn's `errors.error`.
pub struct NnError {
    code: ErrorCode,
    data: String,
}

type Fallible<T> = wasmtime::Result<Result<T, Resource<NnError>>>;

impl From<Tensor> for HeldTensor {
    /// One that shows no image.
    fn from(tensor: Tensor) -> Self {
        Self {
            tensor,
            pixels: false,
        }
    }
}

impl tensor::Host for State {}

impl tensor::HostTensor for State {
    fn new(
        &mut self,
        shape: TensorDimensions,
        ty: TensorType,
        data: TensorData,
    ) -> wasmtime::Result<Resource<HeldTensor>> {
        // The constructor cannot fail in wasi-nn, so that going over the limit has to end the instance;
        // whether the bytes fit the shape is asked where the tensor is used.
        self.budget
            .charge(data.len() as u64)
            .map_err(|error| Error::new(ErrorKind::HostMemory, error.to_string()))?;
        self.budget.usage().count_from_guest(data.len());
        let tensor = Tensor {
            shape,
            element: to_element(ty),
            data: data.into(),
        };
        Ok(self.table.push(HeldTensor::from(tensor))?)
    }

    fn dimensions(&mut self, tensor: Resource<HeldTensor>) -> wasmtime::Result<TensorDimensions> {
        Ok(self.table.get(&tensor)?.tensor.shape.clone())
    }

    fn ty(&mut self, tensor: Resource<HeldTensor>) -> wasmtime::Result<TensorType> {
        Ok(from_element(self.table.get(&tensor)?.tensor.element))
    }

    fn data(&mut self, tensor: Resource<HeldTensor>) -> wasmtime::Result<TensorData> {
        let held = self.table.get(&tensor)?;
        let data = held.tensor.data.to_vec();
        self.budget.usage().count_to_guest(data.len(), held.pixels);
        Ok(data)
    }

    fn drop(&mut self, tensor: Resource<HeldTensor>) -> wasmtime::Result<()> {
        let held = self.table.delete(tensor)?;
        self.budget.release(held.tensor.bytes() as u64);
        Ok(())
    }
}

impl graph::Host for State {
    fn load(
        &mut self,
        builders: Vec<GraphBuilder>,
        encoding: GraphEncoding,
        target: ExecutionTarget,
    ) -> Fallible<Resource<HeldGraph>> {
        self.check_deadline()?;
        let Some(runtimes) = self.configuration.load.clone() else {
            return self.refuse(
                ErrorCode::Security,
                "this stage may not load a model of its own: the pipeline file does not say `allow-load = true`",
            );
        };
        let known = matches!(encoding, GraphEncoding::Onnx | GraphEncoding::Autodetect);
        let ([model], true) = (builders.as_slice(), known) else {
            return self.refuse(
                ErrorCode::InvalidEncoding,
                "a model is loaded as one list of bytes, in ONNX",
            );
        };
        let device = match target {
            ExecutionTarget::Cpu => DeviceSpec::CPU,
            ExecutionTarget::Gpu => DeviceSpec::GPU,
            ExecutionTarget::Tpu => {
                return self.refuse(
                    ErrorCode::UnsupportedOperation,
                    "no library of this host runs models on a TPU; ask for cpu or gpu",
                );
            }
        };
        match runtimes.compile(model, &device, &[]) {
            Ok(compiled) => Ok(Ok(self.table.push(HeldGraph(compiled.graph))?)),
            Err(error) => self.refuse(code(error.kind()), error.to_string()),
        }
    }

    fn load_by_name(&mut self, name: String) -> Fallible<Resource<HeldGraph>> {
        if let Some(model) = self.model(&name) {
            let graph = HeldGraph(model.graph.clone());
            return Ok(Ok(self.table.push(graph)?));
        }
        let roles = self.configuration.models.keys();
        let known: Vec<_> = roles.map(|role| format!("`{role}`")).collect();
        let known = match known.as_slice() {
            [] => "no graphs".to_owned(),
            some => some.join(", "),
        };
        let name: String = name.chars().take(64).collect();
        self.refuse(
            ErrorCode::NotFound,
            format!("there is no graph `{name}`: the pipeline file gives this stage {known}"),
        )
    }
}

impl graph::HostGraph for State {
    fn init_execution_context(
        &mut self,
        graph: Resource<HeldGraph>,
    ) -> Fallible<Resource<HeldContext>> {
        let context = HeldContext(self.table.get(&graph)?.0.clone());
        Ok(Ok(self.table.push(context)?))
    }

    fn drop(&mut self, graph: Resource<HeldGraph>) -> wasmtime::Result<()> {
        self.table.delete(graph)?;
        Ok(())
    }
}

impl inference::Host for State {}

impl inference::HostGraphExecutionContext for State {
    fn compute(
        &mut self,
        context: Resource<HeldContext>,
        inputs: Vec<NamedTensor>,
    ) -> Fallible<Vec<NamedTensor>> {
        self.check_deadline()?;
        let mut tensors = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let held = self.table.delete(tensor)?;
            self.budget.release(held.tensor.bytes() as u64);
            tensors.push((name, held.tensor));
        }
        let graph = self.table.get(&context)?.0.clone();
        let inferred = graph.infer(tensors, Some(self.deadline));
        self.check_deadline()?;
        let outputs = match inferred {
            Ok(outputs) => outputs,
            Err(error) => return self.refuse(code(error.kind()), error.to_string()),
        };
        let mut named = Vec::with_capacity(outputs.len());
        for (name, tensor) in outputs {
            if let Err(error) = self.budget.charge(tensor.data.len() as u64) {
                return self.refuse(ErrorCode::TooLarge, error.to_string());
            }
            named.push((name, self.table.push(HeldTensor::from(tensor))?));
        }
        Ok(Ok(named))
    }

    fn drop(&mut self, context: Resource<HeldContext>) -> wasmtime::Result<()> {
        self.table.delete(context)?;
        Ok(())
    }
}

impl errors::Host for State {}

impl errors::HostError for State {
    fn code(&mut self, error: Resource<NnError>) -> wasmtime::Result<ErrorCode> {
        Ok(self.table.get(&error)?.code)
    }

    fn data(&mut self, error: Resource<NnError>) -> wasmtime::Result<String> {
        Ok(self.table.get(&error)?.data.clone())
    }

    fn drop(&mut self, error: Resource<NnError>) -> wasmtime::Result<()> {
        self.table.delete(error)?;
        Ok(())
    }
}

impl State {
    /// The model behind the name that the stage has for it.
    pub(super) fn model(&self, role: &str) -> Option<&Arc<Model>> {
        let name = self.configuration.models.get(role)?;
        self.models.get(name)
    }

    fn refuse<T>(&mut self, code: ErrorCode, data: impl Into<String>) -> Fallible<T> {
        let data = data.into();
        Ok(Err(self.table.push(NnError { code, data })?))
    }
}

fn code(kind: nn::ErrorKind) -> ErrorCode {
    match kind {
        nn::ErrorKind::InvalidArgument => ErrorCode::InvalidArgument,
        nn::ErrorKind::InvalidModel => ErrorCode::InvalidEncoding,
        nn::ErrorKind::NotFound => ErrorCode::NotFound,
        nn::ErrorKind::Unsupported => ErrorCode::UnsupportedOperation,
        nn::ErrorKind::TooLarge => ErrorCode::TooLarge,
        _ => ErrorCode::RuntimeError,
    }
}

pub(super) fn from_element(element: ElementType) -> TensorType {
    match element {
        ElementType::F16 => TensorType::Fp16,
        ElementType::F32 => TensorType::Fp32,
        ElementType::F64 => TensorType::Fp64,
        ElementType::Bf16 => TensorType::Bf16,
        ElementType::U8 => TensorType::U8,
        ElementType::I32 => TensorType::I32,
        ElementType::I64 => TensorType::I64,
    }
}

pub(super) fn to_element(ty: TensorType) -> ElementType {
    match ty {
        TensorType::Fp16 => ElementType::F16,
        TensorType::Fp32 => ElementType::F32,
        TensorType::Fp64 => ElementType::F64,
        TensorType::Bf16 => ElementType::Bf16,
        TensorType::U8 => ElementType::U8,
        TensorType::I32 => ElementType::I32,
        TensorType::I64 => ElementType::I64,
    }
}
