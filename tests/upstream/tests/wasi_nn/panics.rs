//! 1: a guest makes the host panic.

use std::panic::{self, AssertUnwindSafe};

use libtest_mimic::Trial;

use crate::guest::{CPU, FP32, Guest, I64, ONNX, OPENVINO, TPU};
use crate::runtimes::Need;
use crate::{models, still, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "wasi-nn 1: an ONNX input that is not f32 makes the host panic",
            &[Need::Onnx],
            other_type,
        ),
        trial(
            "wasi-nn 1: too few bytes for ONNX make the host panic",
            &[Need::Onnx],
            too_few_for_onnx,
        ),
        trial(
            "wasi-nn 1: too few bytes for OpenVINO make the host panic",
            &[Need::OpenVino],
            too_few_for_openvino,
        ),
        trial(
            "wasi-nn 1: the target `tpu` makes the host panic",
            &[Need::OpenVino],
            tpu,
        ),
    ]
}

fn other_type() {
    let mut guest = Guest::new();
    assert_eq!(guest.load(&[models::identity(models::I64)], ONNX, CPU), 0);
    guest.give(&[1], I64, &7_i64.to_le_bytes());
    panics("not supported by ONNX", || guest.compute("given"));
}

fn too_few_for_onnx() {
    let mut guest = Guest::new();
    assert_eq!(guest.load(&[models::identity(models::F32)], ONNX, CPU), 0);
    guest.give(&[2], FP32, &[0; 7]);
    panics("TryFromSliceError", || guest.compute("given"));
}

fn too_few_for_openvino() {
    let mut guest = Guest::new();
    assert_eq!(guest.load(&models::relu(2), OPENVINO, CPU), 0);
    guest.give(&[2], FP32, &[0; 4]);
    panics("slice", || guest.compute("given"));
}

fn tpu() {
    let mut guest = Guest::new();
    panics("does not support TPU", || {
        guest.load(&models::relu(2), OPENVINO, TPU)
    });
}

/// A call of the guest's ends in a panic of the host that has these words.
fn panics(words: &str, call: impl FnOnce() -> u32) {
    // What is asked for is not to be reported.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    panic::set_hook(hook);
    match outcome {
        Ok(answer) => still(
            false,
            format!("the host did not panic; the guest got {answer}"),
        ),
        Err(payload) => {
            let said = payload
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()))
                .unwrap_or_default();
            assert!(said.contains(words), "the host panicked with: {said}");
        }
    }
}
