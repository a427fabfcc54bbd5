//! Yielding what no pipeline declares.

use crate::note;
use footlight_stage::{Failure, Item, Payload, Tensor, TensorType, Value};

/// What the act yields.
pub fn yielded(act: &str, input: Item) -> Result<Vec<Item>, Failure> {
    Ok(match act {
        "yield-too-many" => (0..10_000).map(|_| note()).collect(),
        "yield-huge-item" => vec![note().with("text", "x".repeat(8 << 20))],
        "yield-face-as-feature" => vec![Item::new("feature", input.payload)],
        "yield-other-class" => vec![Item::new("crop", input.payload)],
        "yield-other-shape" => vec![Item::new("feature", tensor(&[1, 511], 4 * 511))],
        "yield-short-tensor" => vec![Item::new("feature", tensor(&[1, 512], 100))],
        "yield-endless-shape" => vec![Item::new("feature", tensor(&[u32::MAX; 8], 100))],
        "yield-no-json" => vec![note().with("text", Value::Json("{\"open\":".to_owned()))],
        "yield-no-number" => vec![note().with("score", f64::NAN)],
        "yield-name-twice" => vec![note().with("score", 1.0).with("score", 2.0)],
        "yield-bad-name" => vec![note().with("Score \u{7}", 1.0)],
        other => return Err(Failure::failed(format!("there is no act `{other}`"))),
    })
}

fn tensor(shape: &[u32], bytes: usize) -> Payload {
    Tensor::new(shape, TensorType::Fp32, &vec![0; bytes]).into()
}
