//! 7: an inference holds the thread of the async runtime that it is called on.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use libtest_mimic::Trial;

use crate::guest::{CPU, FP32, Guest, ONNX, OPENVINO};
use crate::runtimes::Need;
use crate::{models, still, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "wasi-nn 7: an inference with ONNX is not left before it is done",
            &[Need::Onnx],
            || held(&[models::identity(models::F32)], ONNX),
        ),
        trial(
            "wasi-nn 7: an inference with OpenVINO is not left before it is done",
            &[Need::OpenVino],
            || held(&models::relu(1), OPENVINO),
        ),
    ]
}

/// The first poll of the guest's future comes back when everything is done: nobody else has had that thread meanwhile.
fn held(model: &[Vec<u8>], encoding: u32) {
    let mut guest = Guest::new();
    assert_eq!(guest.load(model, encoding, CPU), 0);
    guest.give(&[1], FP32, &1_f32.to_le_bytes());
    let mut inference = pin!(guest.compute_async("given"));
    let mut context = Context::from_waker(Waker::noop());
    match inference.as_mut().poll(&mut context) {
        Poll::Ready(answer) => assert_eq!(answer, 0),
        Poll::Pending => still(false, "the thread was given back during an inference"),
    }
}
