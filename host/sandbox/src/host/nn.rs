//! `wasi:nn`, unchanged, over `wasmtime-wasi-nn`'s backend traits.
//!
//! The functions are ours, because those of `wasmtime-wasi-nn` let a guest hold any amount of tensors,
//! lose an error's cause, and hand a guest's own model bytes to a native parser.

use crate::bindings::nn::errors::{self, ErrorCode};
use crate::bindings::nn::graph::{self, ExecutionTarget, GraphBuilder, GraphEncoding};
use crate::bindings::nn::inference::{self, NamedTensor};
use crate::bindings::nn::tensor::{self, TensorData, TensorDimensions, TensorType};
use crate::error::{Error, ErrorKind};
use crate::state::State;
use footlight_nn::{self as nn, ElementType, Model, Tensor};
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi_nn::backend::{
    BackendError, BackendExecutionContext, BackendGraph, Id, NamedTensor as BackendTensor,
};
use wasmtime_wasi_nn::wit as backend;
use wasmtime_wasi_nn::{ExecutionContext, Graph};

/// wasi-nn's `errors.error`.
pub struct NnError {
    code: ErrorCode,
    data: String,
}

type Fallible<T> = wasmtime::Result<Result<T, Resource<NnError>>>;

impl tensor::Host for State {}

impl tensor::HostTensor for State {
    fn new(
        &mut self,
        shape: TensorDimensions,
        ty: TensorType,
        data: TensorData,
    ) -> wasmtime::Result<Resource<Tensor>> {
        // The constructor cannot fail in wasi-nn, so that going over the limit has to end the instance;
        // whether the bytes fit the shape is asked where the tensor is used.
        self.budget
            .charge(data.len() as u64)
            .map_err(|error| Error::new(ErrorKind::HostMemory, error.to_string()))?;
        let element = to_element(ty);
        Ok(self.table.push(Tensor {
            shape,
            element,
            data,
        })?)
    }

    fn dimensions(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<TensorDimensions> {
        Ok(self.table.get(&tensor)?.shape.clone())
    }

    fn ty(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<TensorType> {
        Ok(from_element(self.table.get(&tensor)?.element))
    }

    fn data(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<TensorData> {
        Ok(self.table.get(&tensor)?.data.clone())
    }

    fn drop(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<()> {
        let tensor = self.table.delete(tensor)?;
        self.budget.release(tensor.data.len() as u64);
        Ok(())
    }
}

impl graph::Host for State {
    fn load(
        &mut self,
        builders: Vec<GraphBuilder>,
        encoding: GraphEncoding,
        _target: ExecutionTarget,
    ) -> Fallible<Resource<Graph>> {
        self.check_deadline()?;
        let Some(backend) = self.configuration.load.clone() else {
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
        match backend.compile(model, "cpu") {
            Ok(graph) => Ok(Ok(self.table.push(boxed(graph))?)),
            Err(error) => self.refuse(code(error.kind()), error.to_string()),
        }
    }

    fn load_by_name(&mut self, name: String) -> Fallible<Resource<Graph>> {
        if let Some(model) = self.model(&name) {
            let graph = boxed(model.graph.clone());
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
        graph: Resource<Graph>,
    ) -> Fallible<Resource<ExecutionContext>> {
        match self.table.get(&graph)?.init_execution_context() {
            Ok(context) => Ok(Ok(self.table.push(context)?)),
            Err(error) => self.refuse(ErrorCode::RuntimeError, error.to_string()),
        }
    }

    fn drop(&mut self, graph: Resource<Graph>) -> wasmtime::Result<()> {
        self.table.delete(graph)?;
        Ok(())
    }
}

impl inference::Host for State {}

impl inference::HostGraphExecutionContext for State {
    fn compute(
        &mut self,
        context: Resource<ExecutionContext>,
        inputs: Vec<NamedTensor>,
    ) -> Fallible<Vec<NamedTensor>> {
        self.check_deadline()?;
        let mut tensors = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let tensor = self.table.delete(tensor)?;
            self.budget.release(tensor.data.len() as u64);
            tensors.push(to_backend(name, tensor));
        }
        let outputs = match self.table.get_mut(&context)?.compute_with_io(tensors) {
            Ok(outputs) => outputs,
            Err(error) => {
                let (code, data) = explain(error);
                return self.refuse(code, data);
            }
        };
        self.check_deadline()?;
        let mut named = Vec::with_capacity(outputs.len());
        for output in outputs {
            let (name, tensor) = from_backend(output);
            if let Err(error) = self.budget.charge(tensor.data.len() as u64) {
                return self.refuse(ErrorCode::TooLarge, error.to_string());
            }
            named.push((name, self.table.push(tensor)?));
        }
        Ok(Ok(named))
    }

    fn drop(&mut self, context: Resource<ExecutionContext>) -> wasmtime::Result<()> {
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

/// The code and the text of what a backend says.
fn explain(error: BackendError) -> (ErrorCode, String) {
    match error {
        BackendError::BackendAccess(error) => match error.downcast_ref::<nn::Error>() {
            Some(error) => (code(error.kind()), error.to_string()),
            None => (ErrorCode::RuntimeError, format!("{error:#}")),
        },
        other => (ErrorCode::RuntimeError, other.to_string()),
    }
}

fn boxed(graph: Arc<dyn nn::Graph>) -> Graph {
    Graph::from(Box::new(OurGraph(graph)) as Box<dyn BackendGraph>)
}

/// A graph of ours as `wasmtime-wasi-nn` wants it.
struct OurGraph(Arc<dyn nn::Graph>);

impl BackendGraph for OurGraph {
    fn init_execution_context(&self) -> Result<ExecutionContext, BackendError> {
        let context: Box<dyn BackendExecutionContext> = Box::new(OurContext(self.0.clone()));
        Ok(ExecutionContext::from(context))
    }
}

struct OurContext(Arc<dyn nn::Graph>);

impl BackendExecutionContext for OurContext {
    fn set_input(&mut self, _id: Id, _tensor: &backend::Tensor) -> Result<(), BackendError> {
        Err(only_components())
    }

    fn get_output(&mut self, _id: Id) -> Result<backend::Tensor, BackendError> {
        Err(only_components())
    }

    fn compute(
        &mut self,
        inputs: Option<Vec<BackendTensor>>,
    ) -> Result<Option<Vec<BackendTensor>>, BackendError> {
        let access = |error: nn::Error| BackendError::BackendAccess(wasmtime::Error::from(error));
        let inputs = inputs.ok_or_else(only_components)?;
        let inputs = inputs.into_iter().map(from_backend).collect();
        let outputs = self.0.infer(inputs).map_err(access)?;
        let outputs = outputs.into_iter();
        Ok(Some(
            outputs
                .map(|(name, tensor)| to_backend(name, tensor))
                .collect(),
        ))
    }
}

/// Inputs and outputs one at a time are the core-module interface, which no stage can reach.
fn only_components() -> BackendError {
    BackendError::UnsupportedTensorType("inputs and outputs are passed to `compute`".to_owned())
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

fn to_backend(name: String, tensor: Tensor) -> BackendTensor {
    let ty = match tensor.element {
        ElementType::F16 => backend::TensorType::Fp16,
        ElementType::F32 => backend::TensorType::Fp32,
        ElementType::F64 => backend::TensorType::Fp64,
        ElementType::Bf16 => backend::TensorType::Bf16,
        ElementType::U8 => backend::TensorType::U8,
        ElementType::I32 => backend::TensorType::I32,
        ElementType::I64 => backend::TensorType::I64,
    };
    BackendTensor {
        name,
        tensor: backend::Tensor::new(tensor.shape, ty, tensor.data),
    }
}

fn from_backend(named: BackendTensor) -> (String, Tensor) {
    let element = match named.tensor.ty {
        backend::TensorType::Fp16 => ElementType::F16,
        backend::TensorType::Fp32 => ElementType::F32,
        backend::TensorType::Fp64 => ElementType::F64,
        backend::TensorType::Bf16 => ElementType::Bf16,
        backend::TensorType::U8 => ElementType::U8,
        backend::TensorType::I32 => ElementType::I32,
        backend::TensorType::I64 => ElementType::I64,
    };
    let tensor = Tensor {
        shape: named.tensor.dimensions,
        element,
        data: named.tensor.data,
    };
    (named.name, tensor)
}
