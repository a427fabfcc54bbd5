//! What wasmtime-wasi-nn's own OpenVINO backend gets wrong, and what else a stage may rely on, on the
//! real runtime. Where there is no runtime, each test is reported as ignored, with the reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod allocations;
mod batching;
mod devices;
mod inference;
mod models;
mod names;
mod onnx;
mod real;
mod registry;
mod types;

use std::sync::Arc;

use footlight_nn::{Backend, Error, ErrorKind, Graph, OpenVino, Tensor};
use libtest_mimic::{Arguments, Failed, Trial};

/// A test: its name, and what it does with the runtime.
type Test = (&'static str, fn(&OpenVino));

fn main() {
    let arguments = Arguments::from_args();
    let runtime = OpenVino::load(None).map(Arc::new);
    let tests = [
        batching::TESTS,
        devices::TESTS,
        inference::TESTS,
        models::TESTS,
        names::TESTS,
        registry::TESTS,
        types::TESTS,
    ]
    .concat();
    let mut trials: Vec<Trial> = tests
        .into_iter()
        .map(|(name, test)| trial(name, None, &runtime, test))
        .collect();
    trials.extend(
        real::tests()
            .into_iter()
            .map(|test| trial(test.name, test.missing, &runtime, test.run)),
    );
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(
    name: &str,
    missing: Option<String>,
    runtime: &Result<Arc<OpenVino>, Error>,
    test: fn(&OpenVino),
) -> Trial {
    let missing = missing.or_else(|| runtime.as_ref().err().map(Error::to_string));
    match (runtime, missing) {
        (Ok(runtime), None) => {
            let runtime = Arc::clone(runtime);
            Trial::test(name, move || {
                test(&runtime);
                Ok::<(), Failed>(())
            })
        }
        // The reason goes with the name, as the harness has no other place for it.
        (_, missing) => {
            let reason = missing.unwrap_or_default();
            Trial::test(format!("{name} (ignored: {reason})"), || Ok(())).with_ignored_flag(true)
        }
    }
}

/// Compiles for the processor.
fn compile(runtime: &OpenVino, model: &[u8]) -> Arc<dyn Graph> {
    runtime.compile(model, "cpu").expect("the model compiles")
}

/// Compiles, and must not.
fn refused(runtime: &OpenVino, model: &[u8], device: &str) -> Error {
    match runtime.compile(model, device) {
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
