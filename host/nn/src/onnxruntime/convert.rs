//! Between the types of ONNX Runtime's bindings and ours.

use ort::ErrorCode;
use ort::sys::ONNXTensorElementDataType as Onnx;
use ort::value::{TensorElementType, ValueType};

use crate::{ElementType, Error};

/// The type, or none where wasi-nn has no such type.
fn element(element: TensorElementType) -> Option<ElementType> {
    match element {
        TensorElementType::Float16 => Some(ElementType::F16),
        TensorElementType::Float32 => Some(ElementType::F32),
        TensorElementType::Float64 => Some(ElementType::F64),
        TensorElementType::Bfloat16 => Some(ElementType::Bf16),
        TensorElementType::Uint8 => Some(ElementType::U8),
        TensorElementType::Int32 => Some(ElementType::I32),
        TensorElementType::Int64 => Some(ElementType::I64),
        _ => None,
    }
}

/// The type as ONNX Runtime has it.
pub(super) fn to_onnx(element: ElementType) -> Onnx {
    match element {
        ElementType::F16 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
        ElementType::F32 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
        ElementType::F64 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
        ElementType::Bf16 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
        ElementType::U8 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
        ElementType::I32 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
        ElementType::I64 => Onnx::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
    }
}

/// The element type and the sides of an input or output.
pub(super) fn tensor(kind: &ValueType) -> Result<(ElementType, Vec<Option<u32>>), Error> {
    let ValueType::Tensor { ty, shape, .. } = kind else {
        return Err(Error::unsupported(
            "it is no tensor, and wasi-nn has nothing else",
        ));
    };
    let element = element(*ty).ok_or_else(|| {
        Error::unsupported(format!(
            "its type is {}, which wasi-nn does not have; convert it inside of the model",
            ty.to_string().to_lowercase()
        ))
    })?;
    let sides = shape.iter().map(|side| u32::try_from(*side).ok()).collect();
    Ok((element, sides))
}

pub(super) fn runtime(error: &ort::Error) -> Error {
    Error::runtime(words(error))
}

/// Why a model is not one that can be run.
pub(super) fn model(error: &ort::Error) -> Error {
    match error.code() {
        ErrorCode::NotImplemented => Error::unsupported(words(error)),
        ErrorCode::RuntimeException | ErrorCode::EngineError => runtime(error),
        _ => Error::model(words(error)),
    }
}

/// What ONNX Runtime says, in one line. What it says of a broken model may be as long as the model.
fn words(error: &ort::Error) -> String {
    const LONGEST: usize = 500;
    let lines: Vec<&str> = error
        .message()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.is_empty() {
        true => "ONNX Runtime does not say why".to_owned(),
        false => lines.join("; ").chars().take(LONGEST).collect(),
    }
}
