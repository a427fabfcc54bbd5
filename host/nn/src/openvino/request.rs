//! One inference at a time, with the buffers that it needs.

use openvino::InferRequest;

use super::convert;
use crate::{Error, Tensor, TensorInfo};

/// The longest that an inference may take, in milliseconds: a day. There is no word for ever.
const LONGEST: i64 = 24 * 60 * 60 * 1000;

/// A request with the tensors it was last given, which are used again while the shape stays.
pub(super) struct Request {
    // Before the tensors, so that it is dropped before them: it waits for an inference still under way.
    request: InferRequest,
    inputs: Vec<Option<(Vec<u32>, openvino::Tensor)>>,
}

impl Request {
    /// A request for a model with this many inputs.
    pub(super) fn new(request: InferRequest, inputs: usize) -> Request {
        Request {
            request,
            inputs: (0..inputs).map(|_| None).collect(),
        }
    }

    /// Runs the model. The inputs fit what it takes and are in its order.
    pub(super) fn run(
        &mut self,
        infos: &[TensorInfo],
        inputs: &[Tensor],
        outputs: &[TensorInfo],
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let slots = infos.iter().zip(inputs).zip(&mut self.inputs);
        for (index, ((info, tensor), slot)) in slots.enumerate() {
            let kept = slot.take().filter(|(shape, _)| *shape == tensor.shape);
            let mut kept = match kept {
                Some(kept) => kept,
                None if tensor.shape.is_empty() => (Vec::new(), single(&self.request, info)?),
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
        // Not `infer()`: that ties a thread of ours to one of the library's groups of threads, so that two
        // of ours may wait for one group while another is idle. Begun this way, the next idle group
        // takes it. Were the wait to end too early, the outputs would be refused as not ready.
        self.request
            .infer_async()
            .and_then(|()| self.request.wait(LONGEST))
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

/// The request's own tensor for an input of a single number. The bindings cannot make one, as
/// OpenVINO's C interface refuses to make a shape without dimensions.
fn single(request: &InferRequest, info: &TensorInfo) -> Result<openvino::Tensor, Error> {
    // The bindings panic at a NUL byte.
    if info.name.contains('\0') {
        return Err(Error::unsupported(format!(
            "the input `{}` is a single number, and cannot be found by a name with a NUL byte",
            info.name
        )));
    }
    request
        .get_tensor(&info.name)
        .map_err(|error| convert::runtime(&error))
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
    let shape = match info.shape.is_empty() {
        // Such a shape cannot be asked for, as it cannot be made.
        true => Vec::new(),
        false => tensor
            .get_shape()
            .map_err(|error| convert::runtime(&error))
            .and_then(|shape| convert::shape(&shape))?,
    };
    let element = tensor
        .get_element_type()
        .map_err(|error| convert::runtime(&error))?;
    if convert::element(element) != Some(info.element) {
        return Err(Error::runtime(format!(
            "the output `{}` came out as {element}, and the model says {}",
            info.name, info.element
        )));
    }
    let size = tensor
        .get_byte_size()
        .map_err(|error| convert::runtime(&error))?;
    // Without any bytes there may be no buffer, and a slice of it must not be made.
    let data = match size {
        0 => Vec::new(),
        _ => tensor
            .get_raw_data()
            .map_err(|error| convert::runtime(&error))?
            .to_vec(),
    };
    Tensor::new(shape, info.element, data)
}
