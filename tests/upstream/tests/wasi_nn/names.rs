//! 8: OpenVINO's outputs have numbers for names.

use libtest_mimic::Trial;

use crate::runtimes::Need;
use crate::{compute, floats, models, still, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "wasi-nn 8: OpenVINO's output `returned` is called `0`",
        &[Need::OpenVino],
        numbers,
    )]
}

fn numbers() {
    let graph = models::openvino(&models::relu(2)).unwrap();
    let mut context = graph.init_execution_context().unwrap();
    let outputs = compute(&mut context, "given", floats(&[2], &[-1.0, 2.0])).unwrap();
    assert_eq!(outputs[0].tensor, floats(&[2], &[0.0, 2.0]));
    let name = &outputs[0].name;
    still(name == "0", format!("the output is called `{name}`"));
}
