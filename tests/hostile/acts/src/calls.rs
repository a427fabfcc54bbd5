//! Calling wasi-nn with what it cannot take.

use footlight_stage::bindings::wasi::nn::graph::{ExecutionTarget, GraphEncoding, load};
use footlight_stage::{Failure, Graph, Item, Tensor, TensorType};

/// What the model of features takes.
const SHAPE: [u32; 4] = [1, 3, 112, 112];

fn run(input: &str, tensor: Tensor) -> Result<Vec<Item>, Failure> {
    Graph::named("features")?.run([(input, tensor)])?;
    Ok(Vec::new())
}

/// A tensor whose bytes end before its shape does.
pub fn short_tensor() -> Result<Vec<Item>, Failure> {
    run("input", Tensor::new(&SHAPE, TensorType::Fp32, &[0; 100]))
}

/// A tensor of another type than the model's.
pub fn other_type() -> Result<Vec<Item>, Failure> {
    run(
        "input",
        Tensor::new(&SHAPE, TensorType::U8, &[0; 3 * 112 * 112]),
    )
}

/// A tensor under a name that the model does not have.
pub fn other_name() -> Result<Vec<Item>, Failure> {
    run(
        "inputt",
        Tensor::new(&SHAPE, TensorType::Fp32, &[0; 4 * 3 * 112 * 112]),
    )
}

/// A graph that the pipeline file does not give.
pub fn unknown_graph() -> Result<Vec<Item>, Failure> {
    Graph::named("nowhere")?;
    Ok(Vec::new())
}

/// Bytes that are no model, for a device.
pub fn load_bytes(target: ExecutionTarget) -> Result<Vec<Item>, Failure> {
    let bytes = b"this is no model".repeat(100);
    load(&[bytes], GraphEncoding::Onnx, target)?;
    Ok(Vec::new())
}
