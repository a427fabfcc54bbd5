//! Tiny ONNX models, made here.

mod file;

use footlight_nn::ElementType;

pub use file::{Graph, Node, constant, external, node, shape, value};

/// A type that ONNX has and wasi-nn does not.
pub const BOOL: i32 = 9;

/// ONNX's number of a type.
pub fn number(element: ElementType) -> i32 {
    match element {
        ElementType::F32 => 1,
        ElementType::U8 => 2,
        ElementType::I32 => 6,
        ElementType::I64 => 7,
        ElementType::F16 => 10,
        ElementType::F64 => 11,
        ElementType::Bf16 => 16,
    }
}

/// A model that gives back what it is given.
pub fn identity(element: ElementType, sides: &[i64]) -> Vec<u8> {
    Graph {
        nodes: vec![node("Identity", &["given"], &["returned"])],
        inputs: vec![value("given", number(element), sides)],
        outputs: vec![value("returned", number(element), sides)],
        ..Graph::default()
    }
    .file()
}
