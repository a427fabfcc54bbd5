//! What a session says of its inputs and outputs.

use std::ptr;

use ort::AsPointer;
use ort::session::Session;
use ort::sys::{OrtSession, OrtStatusPtr, OrtTypeInfo};
use ort::value::Outlet;

use super::convert;
use super::run::done;
use crate::{Error, TensorInfo};

/// ONNX Runtime's function that tells the type of an input, or that of an output.
type Describe = unsafe extern "system" fn(
    session: *const OrtSession,
    index: usize,
    out: *mut *mut OrtTypeInfo,
) -> OrtStatusPtr;

/// The inputs of these names.
pub(super) fn inputs(session: &Session, names: &[String]) -> Result<Vec<TensorInfo>, Error> {
    let all = session.inputs().iter().enumerate();
    all.filter(|(_, port)| names.iter().any(|name| name == port.name()))
        .map(|(index, port)| {
            describe(session, port, index, ort::api().SessionGetInputTypeInfo)
                .map_err(|error| error.context(format_args!("the input `{}`", port.name())))
        })
        .collect()
}

/// The outputs.
pub(super) fn outputs(session: &Session) -> Result<Vec<TensorInfo>, Error> {
    let all = session.outputs().iter().enumerate();
    all.map(|(index, port)| {
        describe(session, port, index, ort::api().SessionGetOutputTypeInfo)
            .map_err(|error| error.context(format_args!("the output `{}`", port.name())))
    })
    .collect()
}

fn describe(
    session: &Session,
    port: &Outlet,
    index: usize,
    function: Describe,
) -> Result<TensorInfo, Error> {
    let (element, shape) = convert::tensor(port.dtype())?;
    // A shape that is not known looks like that of a single number.
    if shape.is_empty() && !has_shape(session, index, function)? {
        return Err(Error::unsupported(
            "its number of dimensions is not known; give it a shape in the model",
        ));
    }
    Ok(TensorInfo {
        name: port.name().to_owned(),
        element,
        shape,
    })
}

#[allow(unsafe_code)]
fn has_shape(session: &Session, index: usize, function: Describe) -> Result<bool, Error> {
    let api = ort::api();
    let mut kind = ptr::null_mut();
    // SAFETY: the session is there, and this writes one pointer, to a type that is ours to release.
    done(unsafe { function(session.ptr(), index, &mut kind) })?;
    let mut tensor = ptr::null();
    // SAFETY: the type is there until it is released below; the pointer written is into it.
    let cast = done(unsafe { (api.CastTypeInfoToTensorInfo)(kind, &mut tensor) });
    // SAFETY: the same.
    let known = !tensor.is_null() && unsafe { (api.TensorTypeAndShape_HasShape)(tensor) };
    // SAFETY: this is its only release, and nothing points into it any more.
    unsafe { (api.ReleaseTypeInfo)(kind) };
    cast.map(|()| known)
}
