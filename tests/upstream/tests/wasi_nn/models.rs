//! The models of these tests, and loading them as a host does.

use wasmtime_wasi_nn::Graph;
use wasmtime_wasi_nn::backend::onnx::OnnxBackend;
use wasmtime_wasi_nn::backend::openvino::OpenvinoBackend;
use wasmtime_wasi_nn::backend::{BackendError, BackendInner};
use wasmtime_wasi_nn::wit::ExecutionTarget;

use crate::onnx;

/// ONNX's numbers of types.
pub const F32: i32 = 1;
pub const I64: i32 = 7;

/// The sides of the matrix of [`slow`].
const SIDE: i64 = 1024;

/// Gives back `given`, a vector of any length, as `returned`.
pub fn identity(element: i32) -> Vec<u8> {
    onnx::Graph {
        nodes: vec![onnx::node("Identity", &["given"], &["returned"])],
        inputs: vec![onnx::value("given", element, &[0])],
        outputs: vec![onnx::value("returned", element, &[0])],
        ..Default::default()
    }
    .file()
}

/// Gives back `given`, a vector of f32, as `returned`, of another type.
pub fn cast(to: i32) -> Vec<u8> {
    onnx::Graph {
        nodes: vec![onnx::node("Cast", &["given"], &["returned"]).with("to", i64::from(to))],
        inputs: vec![onnx::value("given", F32, &[0])],
        outputs: vec![onnx::value("returned", to, &[0])],
        ..Default::default()
    }
    .file()
}

/// Products with a large matrix one after the other, for as many rows as `given` has numbers. What goes in and comes
/// out is small: all the time is the model's.
pub fn slow() -> Vec<u8> {
    let constant = |name, sides: [i64; 2]| {
        let values = vec![1.0 / SIDE as f32; (sides[0] * sides[1]) as usize];
        onnx::constant(name, &sides, &values)
    };
    let names: Vec<String> = (0..=24).map(|number| format!("t{number}")).collect();
    let mut nodes = vec![onnx::node("MatMul", &["given", "row"], &["t0"])];
    nodes.extend(
        names
            .windows(2)
            .map(|pair| onnx::node("MatMul", &[&pair[0], "weights"], &[&pair[1]])),
    );
    nodes.push(onnx::node("MatMul", &["t24", "column"], &["returned"]));
    onnx::Graph {
        nodes,
        constants: vec![
            constant("row", [1, SIDE]),
            constant("weights", [SIDE, SIDE]),
            constant("column", [SIDE, 1]),
        ],
        inputs: vec![onnx::value("given", F32, &[0, 1])],
        outputs: vec![onnx::value("returned", F32, &[0, 1])],
        ..Default::default()
    }
    .file()
}

/// OpenVINO's own format, which wasmtime-wasi-nn takes only with a file of weights, though it be of no use: a model
/// that gives back `given`, a vector of f32 of this length, as `returned`, with 0 for what is negative.
pub fn relu(length: u32) -> [Vec<u8>; 2] {
    let port =
        |id, name| format!(r#"<port id="{id}" precision="FP32"{name}><dim>{length}</dim></port>"#);
    let (given, returned) = (r#" names="given""#, r#" names="returned""#);
    let xml = format!(
        r#"<?xml version="1.0"?>
<net name="test" version="11">
  <layers>
    <layer id="0" name="given" type="Parameter" version="opset1">
      <data shape="{length}" element_type="f32"/><output>{}</output>
    </layer>
    <layer id="1" name="returned" type="ReLU" version="opset1">
      <input>{}</input><output>{}</output>
    </layer>
    <layer id="2" name="end" type="Result" version="opset1"><input>{}</input></layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
    <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
  </edges>
</net>"#,
        port(0, given),
        port(0, ""),
        port(1, returned),
        port(0, "")
    );
    [xml.into_bytes(), vec![0]]
}

/// Loads a model with wasmtime-wasi-nn's ONNX backend.
pub fn onnx(model: &[u8], target: ExecutionTarget) -> Result<Graph, BackendError> {
    OnnxBackend::default().load(&[model], target)
}

/// Loads a model with wasmtime-wasi-nn's OpenVINO backend.
pub fn openvino([xml, weights]: &[Vec<u8>; 2]) -> Result<Graph, BackendError> {
    OpenvinoBackend::default().load(&[xml, weights], ExecutionTarget::Cpu)
}
