//! 9: any guest gives bytes of its own to a native parser, and fills the host's memory with tensors.

use libtest_mimic::Trial;

use crate::allocations::held;
use crate::guest::{CPU, FP32, Guest, INVALID_ENCODING, MEMORY, ONNX, OPENVINO, RUNTIME_ERROR};
use crate::runtimes::Need;
use crate::{models, still, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "wasi-nn 9: any guest loads a model of its own into ONNX Runtime",
            &[Need::Onnx],
            || loads(&[models::identity(models::F32)], ONNX),
        ),
        trial(
            "wasi-nn 9: any guest loads a model of its own into OpenVINO",
            &[Need::OpenVino],
            || loads(&models::relu(1), OPENVINO),
        ),
        trial(
            "wasi-nn 9: a guest's tensors count towards no limit of its store",
            &[],
            hoards,
        ),
    ]
}

fn loads(model: &[Vec<u8>], encoding: u32) {
    let mut guest = Guest::new();
    let outcome = guest.load(model, encoding, CPU);
    still(outcome == 0, format!("the model was refused: {outcome}"));
    // Also bytes that are none get as far as the parser, whose refusal this is.
    let none: Vec<Vec<u8>> = model.iter().map(|_| b"no model".to_vec()).collect();
    let outcome = guest.load(&none, encoding, CPU);
    still(
        outcome == RUNTIME_ERROR,
        format!("the bytes were refused: {outcome}"),
    );
    // The one way to keep guests from it is a host of one's own that keeps the backends from them.
    let mut kept = Guest::with(Vec::new());
    assert_eq!(kept.load(model, encoding, CPU), INVALID_ENCODING);
}

/// The guest's memory may grow to a few megabytes; what it keeps in the host is many times that.
fn hoards() {
    let mut guest = Guest::new();
    let size = MEMORY / 4;
    let data = vec![0; size];
    let before = held();
    for _ in 0..64 {
        guest.give(&[size as u32 / 4], FP32, &data);
    }
    let kept = held() - before;
    still(
        kept >= 64 * size,
        format!(
            "the host keeps {kept} bytes for a guest that made tensors of {} in all",
            64 * size
        ),
    );
    assert!(kept > 15 * MEMORY);
}
