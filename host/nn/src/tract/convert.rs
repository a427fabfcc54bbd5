//! Between tract's types and ours.

use tract_onnx::prelude::{DatumType, TValue, Tensor as TractTensor, TractError};

use crate::{ElementType, Error, Tensor, TensorInfo};

/// The type, or none where wasi-nn has no such type.
pub(super) fn element(datum: DatumType) -> Option<ElementType> {
    match datum {
        DatumType::F16 => Some(ElementType::F16),
        DatumType::F32 => Some(ElementType::F32),
        DatumType::F64 => Some(ElementType::F64),
        DatumType::U8 => Some(ElementType::U8),
        DatumType::I32 => Some(ElementType::I32),
        // Numbers that sides are computed from are kept as formulas, and come out as numbers.
        DatumType::I64 | DatumType::TDim => Some(ElementType::I64),
        _ => None,
    }
}

/// The type as tract has it, or none where tract does not have it.
pub(super) fn datum(element: ElementType) -> Option<DatumType> {
    match element {
        ElementType::F16 => Some(DatumType::F16),
        ElementType::F32 => Some(DatumType::F32),
        ElementType::F64 => Some(DatumType::F64),
        ElementType::Bf16 => None,
        ElementType::U8 => Some(DatumType::U8),
        ElementType::I32 => Some(DatumType::I32),
        ElementType::I64 => Some(DatumType::I64),
    }
}

/// A copy of a tensor, as tract wants it: at an address of its own.
#[allow(unsafe_code)]
pub(super) fn to_tract(tensor: &Tensor) -> Result<TValue, Error> {
    let datum = datum(tensor.element)
        .ok_or_else(|| Error::unsupported(format!("tract has no tensors of {}", tensor.element)))?;
    let shape = sides(&tensor.shape)?;
    // SAFETY: any bytes are numbers of these types; that they are as many as the shape needs is checked.
    unsafe { TractTensor::from_raw_dt(datum, &shape, &tensor.data) }
        .map(TValue::from)
        .map_err(|error| runtime(&error))
}

/// A copy of a tensor that tract computed.
pub(super) fn from_tract(value: &TValue, info: &TensorInfo) -> Result<Tensor, Error> {
    let found = value.datum_type();
    if element(found) != Some(info.element) {
        return Err(Error::runtime(format!(
            "the output `{}` came out as {found:?}, and the model says {}",
            info.name, info.element
        )));
    }
    let shape = value
        .shape()
        .iter()
        .map(|side| u32::try_from(*side))
        .collect::<Result<Vec<u32>, _>>()
        .map_err(|_| {
            Error::runtime(format!(
                "the output `{}` has a side beyond 32 bits",
                info.name
            ))
        })?;
    let plain = match datum(info.element) {
        Some(datum) => value.cast_to_dt(datum),
        None => return Err(Error::runtime("a type came out that did not go in")),
    };
    let plain = plain.map_err(|error| runtime(&error))?;
    let bytes = plain
        .try_as_plain_ram()
        .map_err(|error| runtime(&error))?
        .as_bytes()
        .to_vec();
    Tensor::new(shape, info.element, bytes)
}

/// A shape as tract has it.
pub(super) fn sides(shape: &[u32]) -> Result<Vec<usize>, Error> {
    shape
        .iter()
        .map(|side| usize::try_from(*side))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::runtime("a side is beyond what this machine can count"))
}

pub(super) fn runtime(error: &TractError) -> Error {
    Error::runtime(words(error))
}

pub(super) fn model(error: &TractError) -> Error {
    Error::model(words(error))
}

pub(super) fn unsupported(error: &TractError) -> Error {
    Error::unsupported(words(error))
}

/// What tract says, with its causes, in one line.
fn words(error: &TractError) -> String {
    const LONGEST: usize = 500;
    let text = format!("{error:#}");
    let lines: Vec<&str> = text.split_whitespace().collect();
    lines.join(" ").chars().take(LONGEST).collect()
}
