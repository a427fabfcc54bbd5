//! The ten points of `docs/wasi-nn.md`, as wasmtime-wasi-nn shows them: each test asserts a defect, and so fails on the
//! day it is mended. What Footlight does instead is tested where it does it; the document says where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod allocations;
mod copies;
mod devices;
mod guest;
mod loading;
mod locks;
mod models;
mod names;
// The ONNX files of Footlight's own tests.
#[path = "../../../../host/nn/tests/conformance/onnx/file.rs"]
#[allow(dead_code, reason = "these models need less of it")]
mod onnx;
mod panics;
mod preloading;
mod runtimes;
mod types;
mod waiting;

use std::fmt::Display;

use libtest_mimic::{Arguments, Completion, Trial};
use wasmtime_wasi_nn::backend::{BackendError, NamedTensor};
use wasmtime_wasi_nn::wit::TensorType;
use wasmtime_wasi_nn::{ExecutionContext, Tensor};

use runtimes::Need;

fn main() {
    let mut arguments = Arguments::from_args();
    // Some compare which of two inferences ends first: no other may run meanwhile.
    arguments.test_threads.get_or_insert(1);
    let trials = [
        panics::trials(),
        types::trials(),
        locks::trials(),
        copies::trials(),
        devices::trials(),
        waiting::trials(),
        names::trials(),
        loading::trials(),
        preloading::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit();
}

/// A test that is ignored, with the reason, where a library it needs is not there. It fails by panicking.
fn trial(name: &str, needs: &'static [Need], test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        match needs.iter().find_map(|need| need.missing()) {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => {
                test();
                Ok(Completion::Completed)
            }
        }
    })
}

/// The defect is there.
#[track_caller]
fn still(there: bool, saw: impl Display) {
    assert!(
        there,
        "wasmtime-wasi-nn is not as docs/wasi-nn.md says any more: {saw}. If this is mended, take the point out of the \
         document, and this test with it."
    );
}

/// A tensor of f32.
fn floats(sides: &[u32], values: &[f32]) -> Tensor {
    let data = values.iter().flat_map(|value| value.to_le_bytes());
    Tensor::new(sides.to_vec(), TensorType::Fp32, data.collect())
}

/// Runs a model with one input.
fn compute(
    context: &mut ExecutionContext,
    name: &str,
    tensor: Tensor,
) -> Result<Vec<NamedTensor>, BackendError> {
    let name = name.to_owned();
    context.compute_with_io(vec![NamedTensor { name, tensor }])
}
