//! What wasmtime-wasi-nn's own backends get wrong, and what else a stage may rely on, on every backend
//! and with the real libraries. Where a library differs, the test says how, and that it says so itself.
//! Where a library or its device is not there, each of its tests is reported as ignored, with the
//! reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod agreement;
mod allocations;
mod batching;
mod devices;
mod inference;
mod models;
mod names;
mod onnx;
mod onnxruntime;
mod real;
mod registry;
mod subject;
mod types;

use std::sync::Arc;

use footlight_nn::{Error, ErrorKind, Graph, Tensor};
use libtest_mimic::{Arguments, Failed, Trial};
use subject::{Library, Subject};

/// A test: its name, and what it does with a backend.
type Test = (&'static str, fn(&Subject));

fn main() {
    let arguments = Arguments::from_args();
    let subjects = subject::all();
    let mut trials = Vec::new();
    for (name, subject) in &subjects {
        trials.extend(
            tests(name)
                .into_iter()
                .map(|test| trial(name, None, subject, test)),
        );
        trials.extend(
            real::tests()
                .into_iter()
                .map(|(missing, test)| trial(name, missing, subject, test)),
        );
    }
    trials.extend(agreement::trials(&subjects));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The tests of a subject. What is about a library and not about the device that it computes on is
/// tested once.
fn tests(subject: &str) -> Vec<Test> {
    let everywhere = [
        batching::TESTS,
        inference::TESTS,
        names::TESTS,
        registry::TESTS,
        types::TESTS,
    ]
    .concat();
    let library = [devices::TESTS, models::TESTS].concat();
    let own = match subject {
        "openvino" => [devices::FIRST, devices::LOADED, inference::OPENVINO].concat(),
        "onnxruntime" => [devices::LOADED, onnxruntime::TESTS].concat(),
        "onnxruntime cuda" => return everywhere,
        _ => Vec::new(),
    };
    [everywhere, library, own].concat()
}

fn trial(
    name: &str,
    missing: Option<String>,
    subject: &Result<Arc<Subject>, Error>,
    (test, run): Test,
) -> Trial {
    let missing = missing.or_else(|| subject.as_ref().err().map(Error::to_string));
    match (subject, missing) {
        (Ok(subject), None) => {
            let subject = Arc::clone(subject);
            Trial::test(format!("{name}: {test}"), move || {
                run(&subject);
                Ok::<(), Failed>(())
            })
        }
        (_, missing) => ignored(&format!("{name}: {test}"), &missing.unwrap_or_default()),
    }
}

/// The reason goes with the name, as the harness has no other place for it.
fn ignored(name: &str, reason: &str) -> Trial {
    Trial::test(format!("{name} (ignored: {reason})"), || Ok(())).with_ignored_flag(true)
}

/// Compiles for the subject's device.
fn compile(subject: &Subject, model: &[u8]) -> Arc<dyn Graph> {
    subject.try_compile(model).expect("the model compiles")
}

/// Compiles, and must not.
fn refused(subject: &Subject, model: &[u8]) -> Error {
    match subject.try_compile(model) {
        Ok(_) => panic!("the model was compiled"),
        Err(error) => error,
    }
}

/// Runs a graph with these inputs.
fn infer(graph: &dyn Graph, inputs: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, Error> {
    let inputs = inputs
        .iter()
        .map(|(name, tensor)| ((*name).to_owned(), tensor.clone()));
    graph.infer(inputs.collect(), None)
}

/// A tensor of type f32.
fn floats(shape: &[u32], values: &[f32]) -> Tensor {
    Tensor::from_f32(shape.to_vec(), values).unwrap()
}

/// The numbers of an output of type f32.
fn output(outputs: &[(String, Tensor)], name: &str) -> Vec<f32> {
    let (_, tensor) = outputs
        .iter()
        .find(|(found, _)| found == name)
        .unwrap_or_else(|| panic!("no output {name} in {outputs:?}"));
    tensor.to_f32().unwrap()
}

/// The error is of this kind and its message has these words.
fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    for word in words {
        assert!(
            error.to_string().contains(word),
            "`{word}` is not in: {error}"
        );
    }
}
