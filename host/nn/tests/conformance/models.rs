//! Bytes that are not a model, or not one that may be used.

use footlight_nn::{ElementType, ErrorKind, OpenVino};

use crate::onnx::{Graph, external, identity, node, number, value};
use crate::{Test, assert_says, compile, refused};

pub const TESTS: &[Test] = &[
    ("bytes_that_are_not_a_model_are_refused", garbage),
    ("a_model_cut_short_at_any_byte_is_refused", truncated),
    (
        "an_operation_that_does_not_exist_is_refused_by_name",
        unknown_operation,
    ),
    ("a_model_reads_no_file_of_the_host", reads_no_file),
];

fn garbage(runtime: &OpenVino) {
    let not_models: [&[u8]; 6] = [
        b"",
        b"\0",
        b"hello, this is a text",
        &[0xff; 4096],
        b"<?xml version=\"1.0\"?><net/>",
        b"GGUF\x03\0\0\0",
    ];
    for bytes in not_models {
        let error = refused(runtime, bytes, "cpu");
        assert_says(&error, ErrorKind::InvalidModel, &["not an ONNX file"]);
    }
}

fn truncated(runtime: &OpenVino) {
    let whole = identity(ElementType::F32, &[2, 0]);
    for length in 0..whole.len() {
        let error = refused(runtime, &whole[..length], "cpu");
        assert!(error.to_string().len() < 1000, "{length}: {error}");
    }
    compile(runtime, &whole);
}

fn unknown_operation(runtime: &OpenVino) {
    let model = Graph {
        nodes: vec![node("Fold", &["x"], &["y"])],
        inputs: vec![value("x", 1, &[1])],
        outputs: vec![value("y", 1, &[1])],
        ..Graph::default()
    };
    let error = refused(runtime, &model.file(), "cpu");
    assert_says(&error, ErrorKind::InvalidModel, &["Fold"]);
}

/// ONNX lets a constant lie in another file, by its path. A stage that may bring a model of its own
/// must not read the host's files that way. OpenVINO alone would read any below the current folder.
fn reads_no_file(runtime: &OpenVino) {
    let file = "Cargo.toml";
    assert!(std::path::Path::new(file).is_file());
    let bytes = number(ElementType::U8);
    let graph = Graph {
        nodes: vec![
            node("Identity", &["secret"], &["leak"]),
            node("Identity", &["x"], &["y"]),
        ],
        constants: vec![external("secret", bytes, 8, file)],
        inputs: vec![value("x", bytes, &[1])],
        outputs: vec![value("leak", bytes, &[8]), value("y", bytes, &[1])],
        ..Graph::default()
    };
    let inside = Graph {
        nodes: vec![
            node("Constant", &[], &["leak"]).with_tensor("value", external("", bytes, 8, file)),
            node("Identity", &["x"], &["y"]),
        ],
        constants: Vec::new(),
        ..graph.clone()
    };
    for graph in [graph, inside] {
        let error = refused(runtime, &graph.file(), "cpu");
        assert_says(&error, ErrorKind::Unsupported, &["other files"]);
    }
}
