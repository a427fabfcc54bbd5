use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::tensor::Dimensions;
use crate::{Buffer, ElementType, Error, Tensor, TensorInfo};

/// An inference library. One value serves the whole host.
pub trait Backend: Send + Sync {
    /// Its name, as an operator knows it: `openvino`.
    fn name(&self) -> &str;

    /// The version of the library that is loaded.
    fn version(&self) -> String;

    /// The file of the library; none where it is a part of the host.
    fn library(&self) -> Option<&Path>;

    /// The devices it can use on this machine, in lower case: `cpu`, `gpu.0`, `cuda:1`.
    ///
    /// # Errors
    ///
    /// `Runtime` where the library cannot tell.
    fn devices(&self) -> Result<Vec<String>, Error>;

    /// Makes a model ready to run on a device. This is slow (up to seconds), and is done once for
    /// the host, not for each request.
    ///
    /// `model` is an ONNX file. `device` is `cpu`, `gpu`, `auto` (the library chooses), or a name
    /// from [`Backend::devices`], in any case.
    ///
    /// # Errors
    ///
    /// `NotFound` where the device is not there: nothing else is used in its place. `InvalidModel`
    /// where the bytes are not a model, `Unsupported` where the library or wasi-nn cannot do what
    /// the model asks for.
    fn compile(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error>;

    /// The same for a model that is no secret: what the library made of it may be kept on disk, and then
    /// makes the next start faster. A library that keeps nothing compiles.
    ///
    /// # Errors
    ///
    /// As [`Backend::compile`].
    fn compile_kept(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error> {
        self.compile(model, device)
    }
}

/// A model that is ready to run. Threads share it and infer at the same time.
pub trait Graph: Send + Sync {
    /// What it takes, in the model's order.
    fn inputs(&self) -> &[TensorInfo];

    /// What it gives, in the model's order.
    fn outputs(&self) -> &[TensorInfo];

    /// The device it runs on, in lower case; the one chosen where `auto` was asked for.
    fn device(&self) -> &str;

    /// Runs it. Inputs are named by the model's own names and may come in any order; the outputs come
    /// in the model's order, by the model's own names.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where an input is missing, unknown or given twice, or its type, its shape or
    /// the number of its bytes is not what the model takes; `Deadline` where the deadline came before
    /// the end, which ends the inference as soon as the library can; `Runtime` where the library fails.
    fn infer(
        &self,
        inputs: Vec<(String, Tensor)>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error>;

    /// Memory for an input of this type and shape, where [`Graph::infer`] takes it from without a copy.
    /// What is in it is not defined: whoever asks for it writes all of it. None where the library has
    /// no memory of its own for such an input, and any other is as good.
    fn memory(&self, element: ElementType, shape: &[u32]) -> Option<Buffer> {
        let _ = (element, shape);
        None
    }

    /// Bytes of inputs that were copied before the library could compute with them, ever: those that did
    /// not lie in [`Graph::memory`].
    fn copied(&self) -> u64;
}

/// Checks the inputs of an inference and puts them into the model's order. Every backend calls this
/// before the library sees a tensor, as libraries trust sizes.
///
/// # Errors
///
/// `InvalidArgument`, as [`Graph::infer`] says, naming what was given and what the model takes.
pub fn arrange(infos: &[TensorInfo], inputs: Vec<(String, Tensor)>) -> Result<Vec<Tensor>, Error> {
    let mut slots: Vec<Option<Tensor>> = infos.iter().map(|_| None).collect();
    for (name, tensor) in inputs {
        let (info, slot) = infos
            .iter()
            .zip(&mut slots)
            .find(|(info, _)| info.name == name)
            .ok_or_else(|| {
                Error::invalid(format!(
                    "the model has no input `{}`; it takes {}",
                    shorten(&name),
                    list(infos)
                ))
            })?;
        if slot.is_some() {
            return Err(Error::invalid(format!(
                "the input `{}` was given twice",
                info.name
            )));
        }
        *slot = Some(fit(info, tensor)?);
    }
    infos
        .iter()
        .zip(slots)
        .map(|(info, slot)| {
            slot.ok_or_else(|| {
                Error::invalid(format!(
                    "the input `{}` was not given; the model takes {}",
                    info.name,
                    list(infos)
                ))
            })
        })
        .collect()
}

fn fit(info: &TensorInfo, mut tensor: Tensor) -> Result<Tensor, Error> {
    tensor
        .check()
        .map_err(|error| error.context(format_args!("input `{}`", info.name)))?;
    // wasi-nn has guests write a single number as a tensor of shape [1].
    if info.shape.is_empty() && tensor.shape == [1] {
        tensor.shape.clear();
    }
    if tensor.element != info.element || !info.admits(&tensor.shape) {
        return Err(Error::invalid(format!(
            "input `{}` was given as {} {}; the model takes {} {}",
            info.name,
            tensor.element,
            Dimensions(&tensor.shape),
            info.element,
            info.dimensions()
        )));
    }
    // Nothing can be learnt from no numbers, and native kernels are not made for them.
    if tensor.shape.contains(&0) {
        return Err(Error::invalid(format!(
            "input `{}` was given with the shape {}; every side must be at least 1",
            info.name,
            Dimensions(&tensor.shape)
        )));
    }
    Ok(tensor)
}

fn list(infos: &[TensorInfo]) -> String {
    let names: Vec<String> = infos.iter().map(TensorInfo::to_string).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// A name from a guest may be a megabyte long.
fn shorten(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::{ElementType, ErrorKind};

    fn info(name: &str, shape: &[Option<u32>]) -> TensorInfo {
        TensorInfo {
            name: name.to_owned(),
            element: ElementType::F32,
            shape: shape.to_vec(),
        }
    }

    fn given(name: &str, shape: &[u32]) -> (String, Tensor) {
        let count = shape.iter().product::<u32>() as usize;
        let tensor = Tensor::from_f32(shape.to_vec(), &vec![count as f32; count]).unwrap();
        (name.to_owned(), tensor)
    }

    fn refusal(infos: &[TensorInfo], inputs: Vec<(String, Tensor)>) -> String {
        let error = arrange(infos, inputs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.to_string()
    }

    #[test]
    fn inputs_are_put_into_the_models_order() {
        let infos = [info("a", &[Some(2)]), info("b", &[None])];
        let tensors = arrange(&infos, vec![given("b", &[5]), given("a", &[2])]).unwrap();
        let shapes: Vec<_> = tensors.into_iter().map(|tensor| tensor.shape).collect();
        assert_eq!(shapes, [vec![2], vec![5]]);
    }

    #[test]
    fn a_wrong_name_is_refused_with_the_right_ones() {
        let infos = [info("pixels", &[Some(2)])];
        let message = refusal(&infos, vec![given("0", &[2])]);
        assert!(
            message.contains("`0`") && message.contains("pixels f32 [2]"),
            "{message}"
        );
    }

    #[test]
    fn a_missing_and_a_double_input_are_refused() {
        let infos = [info("a", &[Some(1)]), info("b", &[Some(1)])];
        assert!(refusal(&infos, vec![given("a", &[1])]).contains("`b` was not given"));
        let twice = vec![given("a", &[1]), given("a", &[1])];
        assert!(refusal(&infos, twice).contains("given twice"));
    }

    #[test]
    fn a_wrong_type_or_shape_is_refused_with_both() {
        let infos = [info("a", &[Some(1), None])];
        let message = refusal(&infos, vec![given("a", &[2, 7])]);
        assert!(
            message.contains("f32 [2, 7]") && message.contains("f32 [1, ?]"),
            "{message}"
        );
        let bytes = Tensor::new(vec![1, 4], ElementType::U8, vec![0; 4]).unwrap();
        assert!(refusal(&infos, vec![("a".to_owned(), bytes)]).contains("u8 [1, 4]"));
    }

    #[test]
    fn a_tensor_with_too_few_bytes_is_refused() {
        let (name, mut tensor) = given("a", &[1, 4]);
        tensor.data = tensor.data[..15].to_vec().into();
        let message = refusal(&[info("a", &[Some(1), None])], vec![(name, tensor)]);
        assert!(message.contains("needs 16 bytes, and has 15"), "{message}");
    }

    #[test]
    fn a_side_of_zero_is_refused() {
        let message = refusal(&[info("a", &[None])], vec![given("a", &[0])]);
        assert!(message.contains("at least 1"), "{message}");
    }

    #[test]
    fn a_single_number_may_be_written_as_one_dimension() {
        let tensors = arrange(&[info("a", &[])], vec![given("a", &[1])]).unwrap();
        assert_eq!(tensors.first().map(|tensor| tensor.shape.len()), Some(0));
    }
}
