//! 4: a tensor is copied several times on its way in, and on its way out.

use libtest_mimic::Trial;

use crate::allocations::large;
use crate::guest::{CPU, FP32, Guest, ONNX, OPENVINO};
use crate::runtimes::Need;
use crate::{models, still, trial};

/// How many numbers a tensor has.
const LENGTH: u32 = 1 << 20;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "wasi-nn 4: ONNX's tensors are copied 4 times on their way in and 5 on their way out",
            &[Need::Onnx],
            onnx,
        ),
        trial(
            "wasi-nn 4: OpenVINO's tensors are copied 2 times on their way in and 3 on their way out",
            &[Need::OpenVino],
            openvino,
        ),
    ]
}

/// In: as the call passes it; in the list of inputs; to be turned into numbers; as numbers, which ONNX Runtime then
/// uses as they are. Out: to be turned into bytes; as bytes; once more to be kept in the context; once more for the
/// guest to read, whose own memory it is copied to after that.
fn onnx() {
    let mut guest = Guest::new();
    assert_eq!(guest.load(&[models::identity(models::F32)], ONNX, CPU), 0);
    copied(&mut guest, [1, 6, 1]);
}

/// In: as the call passes it, which is then copied to a tensor of OpenVINO's. Out: out of its tensor; once more for the
/// guest to read, whose own memory it is copied to after that.
fn openvino() {
    let mut guest = Guest::new();
    assert_eq!(guest.load(&models::relu(LENGTH), OPENVINO, CPU), 0);
    copied(&mut guest, [1, 1, 1]);
}

/// The tensor is copied this often, at least, by the host: as it is made, in `compute`, and as it is read. Copies into
/// the guest's memory or that of a library are not among them.
fn copied(guest: &mut Guest, least: [usize; 3]) {
    let size = LENGTH as usize * 4;
    let data = vec![0; size];
    // Once before: what the library makes only once is not to be counted.
    let mut counts = [0; 3];
    for _ in 0..2 {
        counts = [
            large(size, || guest.give(&[LENGTH], FP32, &data)).0,
            large(size, || assert_eq!(guest.compute("given"), 0)).0,
            large(size, || assert_eq!(guest.read(), LENGTH * 4)).0,
        ];
    }
    let fewer = counts
        .iter()
        .zip(least)
        .any(|(count, least)| *count < least);
    still(
        !fewer,
        format!("it copies {counts:?} times, where it did {least:?} times"),
    );
}
