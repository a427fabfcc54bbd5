//! Between the types of OpenVINO's bindings and ours.

use openvino::{InferenceError, InferenceErrorKind, PartialShape};

use crate::{ElementType, Error};

/// The type, or none where wasi-nn has no such type.
pub(super) fn element(element: openvino::ElementType) -> Option<ElementType> {
    match element {
        openvino::ElementType::F16 => Some(ElementType::F16),
        openvino::ElementType::F32 => Some(ElementType::F32),
        openvino::ElementType::F64 => Some(ElementType::F64),
        openvino::ElementType::Bf16 => Some(ElementType::Bf16),
        openvino::ElementType::U8 => Some(ElementType::U8),
        openvino::ElementType::I32 => Some(ElementType::I32),
        openvino::ElementType::I64 => Some(ElementType::I64),
        _ => None,
    }
}

/// The type as OpenVINO has it.
pub(super) fn to_openvino(element: ElementType) -> openvino::ElementType {
    match element {
        ElementType::F16 => openvino::ElementType::F16,
        ElementType::F32 => openvino::ElementType::F32,
        ElementType::F64 => openvino::ElementType::F64,
        ElementType::Bf16 => openvino::ElementType::Bf16,
        ElementType::U8 => openvino::ElementType::U8,
        ElementType::I32 => openvino::ElementType::I32,
        ElementType::I64 => openvino::ElementType::I64,
    }
}

/// The sides of a shape, or none where not even their number is known.
pub(super) fn sides(shape: &PartialShape) -> Option<Vec<Option<u32>>> {
    // The bindings panic where the number of dimensions is not known, so this comes first. They also
    // call a single number's shape, of rank 0, dynamic.
    let rank = shape.get_rank();
    if rank.get_min() != rank.get_max() {
        return None;
    }
    let sides = shape.get_dimensions().iter().map(|side| {
        (side.get_min() == side.get_max())
            .then(|| u32::try_from(side.get_min()).ok())
            .flatten()
    });
    Some(sides.collect())
}

/// The sides of a tensor that OpenVINO gave.
pub(super) fn shape(shape: &openvino::Shape) -> Result<Vec<u32>, Error> {
    shape
        .get_dimensions()
        .iter()
        .map(|side| u32::try_from(*side))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::runtime("OpenVINO gave a tensor with a side beyond 32 bits"))
}

pub(super) fn runtime(error: &InferenceError) -> Error {
    Error::runtime(words(error))
}

pub(super) fn model(error: &InferenceError) -> Error {
    Error::model(words(error))
}

pub(super) fn unsupported(error: &InferenceError) -> Error {
    Error::unsupported(words(error))
}

/// What OpenVINO says, in one line and without the places in its source that its messages begin with.
fn words(error: &InferenceError) -> String {
    const LONGEST: usize = 500;
    // OpenVINO keeps the message of the last failure. It writes none for a call that it does not even
    // begin, so that what the bindings then find is that of an earlier one, perhaps of another stage.
    let message = match error.kind {
        InferenceErrorKind::InvalidCParam => "",
        _ => error.message.as_deref().unwrap_or_default(),
    };
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Exception from"))
        .map(|line| line.trim_end_matches(':'))
        .collect();
    match lines.is_empty() {
        true => error.kind.to_string(),
        false => lines.join("; ").chars().take(LONGEST).collect(),
    }
}
