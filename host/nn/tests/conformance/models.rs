//! Bytes that are not a model, or not one that may be used.

use footlight_nn::{ElementType, ErrorKind};

use crate::onnx::{Graph, external, identity, node, number, value};
use crate::{Library, Subject, Test, assert_says, compile, refused};

pub const TESTS: &[Test] = &[
    ("bytes_that_are_not_a_model_are_refused", garbage),
    ("a_model_cut_short_at_any_byte_is_refused", truncated),
    (
        "an_operation_that_does_not_exist_is_refused_by_name",
        unknown_operation,
    ),
    ("a_model_reads_no_file_of_the_host", reads_no_file),
];

fn garbage(subject: &Subject) {
    let not_models: [&[u8]; 6] = [
        b"",
        b"\0",
        b"hello, this is a text",
        &[0xff; 4096],
        b"<?xml version=\"1.0\"?><net/>",
        b"GGUF\x03\0\0\0",
    ];
    for bytes in not_models {
        let error = refused(subject, bytes);
        assert_says(&error, ErrorKind::InvalidModel, &["not an ONNX file"]);
    }
}

fn truncated(subject: &Subject) {
    let whole = identity(ElementType::F32, &[2, 0]);
    for length in 0..whole.len() {
        let error = refused(subject, &whole[..length]);
        assert!(error.to_string().len() < 1000, "{length}: {error}");
    }
    compile(subject, &whole);
}

fn unknown_operation(subject: &Subject) {
    let model = Graph {
        nodes: vec![node("Fold", &["x"], &["y"])],
        inputs: vec![value("x", 1, &[1])],
        outputs: vec![value("y", 1, &[1])],
        ..Graph::default()
    };
    let error = refused(subject, &model.file());
    // To the others a file that names such an operation is no model of theirs.
    let kind = match subject.library {
        Library::Tract => ErrorKind::Unsupported,
        Library::OpenVino | Library::OnnxRuntime => ErrorKind::InvalidModel,
    };
    assert_says(&error, kind, &["Fold"]);
}

/// ONNX lets a constant lie in another file, by its path. A stage that may bring a model of its own
/// must not read the host's files that way. OpenVINO alone would read any below the current folder.
fn reads_no_file(subject: &Subject) {
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
        let error = refused(subject, &graph.file());
        assert_says(&error, ErrorKind::Unsupported, &["other files"]);
    }
}
