//! wasi-nn 8: outputs named "0" and "1". They have the model's own names here.

use footlight_nn::{ErrorKind, TensorInfo};

use crate::onnx::{Graph, constant, node, value};
use crate::{Library, Subject, Test, assert_says, compile, floats, infer, output, refused};

pub const TESTS: &[Test] = &[
    ("outputs_have_the_models_own_names_in_its_order", own_names),
    (
        "a_name_is_the_outputs_and_not_that_of_a_tensor_inside",
        aliases,
    ),
    ("one_tensor_under_two_names_comes_out_under_both", twins),
    ("a_constant_is_not_an_input", constants),
    ("an_input_that_nothing_uses_is_left_out", idle),
    ("an_unnamed_output_gets_a_stable_name", unnamed),
    ("a_name_with_a_nul_byte_does_no_harm", nul),
];

/// Two inputs and two outputs, in an order that is not the alphabet's.
fn calculator() -> Vec<u8> {
    let v = |name| value(name, 1, &[2]);
    Graph {
        nodes: vec![
            node("Add", &["right", "left"], &["sum"]),
            node("Sub", &["right", "left"], &["difference"]),
        ],
        inputs: vec![v("right"), v("left")],
        outputs: vec![v("sum"), v("difference")],
        ..Graph::default()
    }
    .file()
}

fn own_names(subject: &Subject) {
    let graph = compile(subject, &calculator());
    let names = |infos: &[TensorInfo]| -> Vec<String> {
        infos.iter().map(|info| info.name.clone()).collect()
    };
    assert_eq!(names(graph.inputs()), ["right", "left"]);
    assert_eq!(names(graph.outputs()), ["sum", "difference"]);
    // Given in another order than the model's, they still go where they belong.
    let inputs = [
        ("left", floats(&[2], &[1.0, 2.0])),
        ("right", floats(&[2], &[10.0, 20.0])),
    ];
    let outputs = infer(&*graph, &inputs).unwrap();
    assert_eq!(outputs[0].0, "sum");
    assert_eq!(output(&outputs, "sum"), [11.0, 22.0]);
    assert_eq!(output(&outputs, "difference"), [9.0, 18.0]);
}

/// A library drops `Identity` and then knows its tensor by both names.
fn aliases(subject: &Subject) {
    let model = Graph {
        nodes: vec![
            node("Neg", &["x"], &["a-tensor-inside"]),
            node("Identity", &["a-tensor-inside"], &["middle"]),
            node("Identity", &["middle"], &["z-output"]),
        ],
        inputs: vec![value("x", 1, &[1])],
        outputs: vec![value("z-output", 1, &[1])],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    let outputs = infer(&*graph, &[("x", floats(&[1], &[3.0]))]).unwrap();
    assert_eq!(outputs, [("z-output".to_owned(), floats(&[1], &[-3.0]))]);
}

fn twins(subject: &Subject) {
    let v = |name| value(name, 1, &[1]);
    let model = Graph {
        nodes: vec![
            node("Neg", &["x"], &["one"]),
            node("Identity", &["one"], &["other"]),
            node("Abs", &["x"], &["third"]),
        ],
        inputs: vec![v("x")],
        outputs: vec![v("other"), v("third"), v("one")],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    let outputs = infer(&*graph, &[("x", floats(&[1], &[3.0]))]).unwrap();
    assert_eq!(output(&outputs, "other"), [-3.0]);
    assert_eq!(output(&outputs, "third"), [3.0]);
    assert_eq!(output(&outputs, "one"), [-3.0]);
}

/// Older files list their constants among the inputs.
fn constants(subject: &Subject) {
    let model = Graph {
        nodes: vec![node("Add", &["weight", "x"], &["y"])],
        constants: vec![constant("weight", &[1], &[5.0])],
        inputs: vec![value("weight", 1, &[1]), value("x", 1, &[1])],
        outputs: vec![value("y", 1, &[1])],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    assert_eq!(graph.inputs().len(), 1);
    let outputs = infer(&*graph, &[("x", floats(&[1], &[1.0]))]).unwrap();
    assert_eq!(output(&outputs, "y"), [6.0]);
}

/// Some libraries drop it and others want it given. The names of the others must not move up into its
/// place, nor be those of tensors inside.
fn idle(subject: &Subject) {
    let model = Graph {
        nodes: vec![
            node("Identity", &["used"], &["alias"]),
            node("Neg", &["alias"], &["y"]),
        ],
        inputs: vec![value("idle", 1, &[3]), value("used", 1, &[1])],
        outputs: vec![value("y", 1, &[1])],
        ..Graph::default()
    };
    let graph = compile(subject, &model.file());
    assert_eq!(graph.inputs().len(), 1);
    let outputs = infer(&*graph, &[("used", floats(&[1], &[4.0]))]).unwrap();
    assert_eq!(output(&outputs, "y"), [-4.0]);
    let both = [
        ("used", floats(&[1], &[4.0])),
        ("idle", floats(&[3], &[0.0; 3])),
    ];
    let error = infer(&*graph, &both).unwrap_err();
    assert_says(&error, ErrorKind::InvalidArgument, &["no input `idle`"]);
}

/// OpenVINO fails where such an output is asked for by name; the others want a name.
fn unnamed(subject: &Subject) {
    let model = Graph {
        nodes: vec![
            node("Abs", &["x"], &["absolute"]),
            node("Neg", &["x"], &[""]),
        ],
        inputs: vec![value("x", 1, &[1])],
        outputs: vec![value("absolute", 1, &[1]), value("", 1, &[1])],
        ..Graph::default()
    };
    match subject.library {
        Library::OpenVino => {}
        Library::OnnxRuntime => {
            let error = refused(subject, &model.file());
            return assert_says(&error, ErrorKind::InvalidModel, &["empty string"]);
        }
        Library::Tract => {
            let error = refused(subject, &model.file());
            return assert_says(&error, ErrorKind::Unsupported, &["a name of its own"]);
        }
    }
    let graph = compile(subject, &model.file());
    let outputs = infer(&*graph, &[("x", floats(&[1], &[3.0]))]).unwrap();
    assert_eq!(output(&outputs, "absolute"), [3.0]);
    assert_eq!(output(&outputs, "output-1"), [-3.0]);
}

/// Bindings panic where such a name is given to them, and ONNX Runtime would find another.
fn nul(subject: &Subject) {
    let model = Graph {
        nodes: vec![node("Neg", &["a\0b"], &["c\0d"])],
        inputs: vec![value("a\0b", 1, &[1])],
        outputs: vec![value("c\0d", 1, &[1])],
        ..Graph::default()
    };
    if subject.library == Library::OnnxRuntime {
        let error = refused(subject, &model.file());
        return assert_says(&error, ErrorKind::Unsupported, &["`a\\0b`", "NUL"]);
    }
    let graph = compile(subject, &model.file());
    let outputs = infer(&*graph, &[("a\0b", floats(&[1], &[1.0]))]).unwrap();
    assert_eq!(output(&outputs, "c\0d"), [-1.0]);
    let error = infer(&*graph, &[("a", floats(&[1], &[1.0]))]).unwrap_err();
    assert_says(&error, ErrorKind::InvalidArgument, &["no input `a`"]);
}
