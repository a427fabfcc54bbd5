//! A compiled model and the requests that run it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use openvino::{CompiledModel, InferRequest, Node, PropertyKey};

use super::convert;
use crate::onnx::Names;
use crate::{Error, Graph, Tensor, TensorInfo, backend};

/// Requests that wait for work. As many exist as ever ran at the same time, but a burst does not leave
/// its buffers behind for ever.
const IDLE: usize = 32;

pub(super) struct OpenVinoGraph {
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    device: String,
    /// Locked only to make another request.
    compiled: Mutex<CompiledModel>,
    /// Locked only to take one out and put it back.
    idle: Mutex<Vec<Request>>,
}

impl OpenVinoGraph {
    pub(super) fn new(compiled: CompiledModel, names: Names, asked: &str) -> Result<Self, Error> {
        let inputs = describe("input", names.inputs, compiled.get_input_size(), |index| {
            compiled.get_input_by_index(index)
        })?;
        let outputs = describe(
            "output",
            names.outputs,
            compiled.get_output_size(),
            |index| compiled.get_output_by_index(index),
        )?;
        // Where the library was left to choose, this is what it chose: `(CPU)`, or `GPU.0`.
        let chosen = compiled
            .get_property(&PropertyKey::Other(Cow::Borrowed("EXECUTION_DEVICES")))
            .map(|chosen| {
                chosen
                    .trim_matches(|c: char| !c.is_alphanumeric())
                    .to_owned()
            })
            .ok()
            .filter(|chosen| !chosen.is_empty());
        Ok(OpenVinoGraph {
            inputs,
            outputs,
            device: chosen.unwrap_or_else(|| asked.to_owned()).to_lowercase(),
            compiled: Mutex::new(compiled),
            idle: Mutex::new(Vec::new()),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Request>> {
        // A panic cannot leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self) -> Result<Request, Error> {
        if let Some(request) = self.idle().pop() {
            return Ok(request);
        }
        let request = self
            .compiled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .create_infer_request()
            .map_err(|error| convert::runtime(&error).context("no request can be made"))?;
        Ok(Request {
            request,
            inputs: self.inputs.iter().map(|_| None).collect(),
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

    fn infer(&self, inputs: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>, Error> {
        let inputs = backend::arrange(&self.inputs, inputs)?;
        let mut request = self.request()?;
        // Where it fails, nobody knows what state the request is in: it is dropped.
        let outputs = request
            .run(&inputs, &self.outputs)
            .map_err(|error| error.context("the inference failed"))?;
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(request);
        }
        Ok(outputs)
    }
}

/// What a model says of its inputs or outputs, with the names from its file where it has them.
fn describe(
    what: &str,
    names: Vec<String>,
    count: Result<usize, openvino::InferenceError>,
    port: impl Fn(usize) -> Result<Node, openvino::InferenceError>,
) -> Result<Vec<TensorInfo>, Error> {
    let count = count.map_err(|error| convert::runtime(&error))?;
    let ports = (0..count)
        .map(|index| port(index).map_err(|error| convert::runtime(&error)))
        .collect::<Result<Vec<Node>, Error>>()?;
    let mut names = match names.len() == count {
        true => names,
        // An input that nothing uses may have been dropped. A tensor without a name fails here.
        false => ports
            .iter()
            .map(|port| port.get_name().unwrap_or_default())
            .collect(),
    };
    let mut seen = HashSet::new();
    for (index, name) in names.iter_mut().enumerate() {
        if name.is_empty() || seen.contains(name) {
            *name = format!("{what}-{index}");
        }
        seen.insert(name.clone());
    }
    names
        .into_iter()
        .zip(&ports)
        .map(|(name, port)| {
            let context = format!("the {what} `{name}` of the model");
            describe_port(name, port).map_err(|error| error.context(context))
        })
        .collect()
}

fn describe_port(name: String, port: &Node) -> Result<TensorInfo, Error> {
    let element = port
        .get_element_type()
        .map_err(|error| convert::runtime(&error))?;
    let element = convert::element(element).ok_or_else(|| {
        Error::unsupported(format!(
            "its type is {}, which wasi-nn does not have; convert it inside of the model",
            element.to_string().to_lowercase()
        ))
    })?;
    let shape = port
        .get_partial_shape()
        .map_err(|error| convert::runtime(&error))?;
    let shape = convert::sides(&shape).ok_or_else(|| {
        Error::unsupported("its number of dimensions is not known; give it a shape in the model")
    })?;
    Ok(TensorInfo {
        name,
        element,
        shape,
    })
}

/// A request with the tensors it was last given, which are used again while the shape stays.
struct Request {
    request: InferRequest,
    inputs: Vec<Option<(Vec<u32>, openvino::Tensor)>>,
}

impl Request {
    fn run(
        &mut self,
        inputs: &[Tensor],
        outputs: &[TensorInfo],
    ) -> Result<Vec<(String, Tensor)>, Error> {
        for (index, (tensor, slot)) in inputs.iter().zip(&mut self.inputs).enumerate() {
            let kept = slot.take().filter(|(shape, _)| *shape == tensor.shape);
            let mut kept = match kept {
                Some(kept) => kept,
                None => {
                    let fresh = allocate(tensor)?;
                    self.request
                        .set_input_tensor_by_index(index, &fresh)
                        .map_err(|error| convert::runtime(&error))?;
                    (tensor.shape.clone(), fresh)
                }
            };
            fill(&mut kept.1, &tensor.data)?;
            *slot = Some(kept);
        }
        self.request
            .infer()
            .map_err(|error| convert::runtime(&error))?;
        outputs
            .iter()
            .enumerate()
            .map(|(index, info)| {
                let tensor = self
                    .request
                    .get_output_tensor_by_index(index)
                    .map_err(|error| convert::runtime(&error))?;
                Ok((info.name.clone(), read(&tensor, info)?))
            })
            .collect()
    }
}

fn allocate(tensor: &Tensor) -> Result<openvino::Tensor, Error> {
    let sides: Vec<i64> = tensor.shape.iter().copied().map(i64::from).collect();
    let shape = openvino::Shape::new(&sides).map_err(|error| convert::runtime(&error))?;
    openvino::Tensor::new(convert::to_openvino(tensor.element), &shape)
        .map_err(|error| convert::runtime(&error))
}

fn fill(target: &mut openvino::Tensor, data: &[u8]) -> Result<(), Error> {
    let bytes = target
        .get_raw_data_mut()
        .map_err(|error| convert::runtime(&error))?;
    // Checked when the inputs were arranged; `copy_from_slice` would end the host where that is wrong.
    if bytes.len() != data.len() {
        return Err(Error::runtime(format!(
            "OpenVINO made a tensor of {} bytes where {} are needed",
            bytes.len(),
            data.len()
        )));
    }
    bytes.copy_from_slice(data);
    Ok(())
}

fn read(tensor: &openvino::Tensor, info: &TensorInfo) -> Result<Tensor, Error> {
    let shape = tensor
        .get_shape()
        .map_err(|error| convert::runtime(&error))?;
    let element = tensor
        .get_element_type()
        .map_err(|error| convert::runtime(&error))?;
    if convert::element(element) != Some(info.element) {
        return Err(Error::runtime(format!(
            "the output `{}` came out as {element}, and the model says {}",
            info.name, info.element
        )));
    }
    // Without any bytes there may be no buffer, and a slice of it must not be made.
    let size = tensor
        .get_byte_size()
        .map_err(|error| convert::runtime(&error))?;
    let data = match size {
        0 => Vec::new(),
        _ => tensor
            .get_raw_data()
            .map_err(|error| convert::runtime(&error))?
            .to_vec(),
    };
    Tensor::new(convert::shape(&shape)?, info.element, data)
}
