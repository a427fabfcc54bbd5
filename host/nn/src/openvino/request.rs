//! One inference at a time.

use std::time::{Duration, Instant};

use openvino::InferRequest;

use super::convert;
use super::memory::{Lent, fill};
use crate::{Error, Tensor, TensorInfo};

/// The longest that an inference may take, in milliseconds: a day. There is no word for ever.
const LONGEST: i64 = 24 * 60 * 60 * 1000;

/// An input: a tensor of OpenVINO's, or the bytes of a single number, which it has no such tensor for.
pub(super) enum Input {
    Tensor(Lent),
    Single(Tensor),
}

/// What runs a compiled model, for one at a time.
pub(super) struct Request(InferRequest);

impl Request {
    pub(super) fn new(request: InferRequest) -> Request {
        Request(request)
    }

    /// Runs the model. The inputs fit what it takes and are in its order.
    pub(super) fn run(
        &mut self,
        infos: &[TensorInfo],
        inputs: &[Input],
        outputs: &[TensorInfo],
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        for (index, (info, input)) in infos.iter().zip(inputs).enumerate() {
            match input {
                Input::Tensor(lent) => self
                    .0
                    .set_input_tensor_by_index(index, lent.tensor()?)
                    .map_err(|error| convert::runtime(&error))?,
                Input::Single(tensor) => {
                    let mut own = single(&self.0, info)?;
                    let bytes = own
                        .get_raw_data_mut()
                        .map_err(|error| convert::runtime(&error))?;
                    fill(bytes, &tensor.data)?;
                }
            }
        }
        self.infer(deadline)?;
        outputs
            .iter()
            .enumerate()
            .map(|(index, info)| {
                let tensor = self
                    .0
                    .get_output_tensor_by_index(index)
                    .map_err(|error| convert::runtime(&error))?;
                Ok((info.name.clone(), read(&tensor, info)?))
            })
            .collect()
    }

    fn infer(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        // Not `infer()`: that ties a thread of ours to one of the library's groups of threads, so that two
        // of ours may wait for one group while another is idle. Begun this way, the next idle group
        // takes it. Were the wait to end too early, the outputs would be refused as not ready.
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let done = self
            .0
            .infer_async()
            .and_then(|()| self.0.wait(left.map_or(LONGEST, milliseconds)));
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            // It stops before its next operation, and until then it writes into the tensors.
            let _ = self.0.cancel();
            let _ = self.0.wait(LONGEST);
            return Err(Error::late());
        }
        done.map_err(|error| convert::runtime(&error))
    }
}

/// Rounded up, so that at the end of the wait the time is over.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis())
        .unwrap_or(LONGEST)
        .saturating_add(1)
        .min(LONGEST)
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
