//! 2: ONNX gives back nothing but f32.

use libtest_mimic::Trial;
use wasmtime_wasi_nn::wit::ExecutionTarget;

use crate::runtimes::Need;
use crate::{compute, floats, models, still, trial};

/// ONNX's numbers of the types that wasi-nn has besides f32.
const OTHERS: [(&str, i32); 6] = [
    ("u8", 2),
    ("i32", 6),
    ("i64", 7),
    ("f16", 10),
    ("f64", 11),
    ("bf16", 16),
];

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "wasi-nn 2: an ONNX output that is not f32 is an error",
        &[Need::Onnx],
        outputs,
    )]
}

fn outputs() {
    let run = |to| {
        let graph = models::onnx(&models::cast(to), ExecutionTarget::Cpu).unwrap();
        let mut context = graph.init_execution_context()?;
        compute(&mut context, "given", floats(&[2], &[1.0, 2.0]))
    };
    let same = run(models::F32).unwrap();
    assert_eq!(same[0].tensor, floats(&[2], &[1.0, 2.0]));
    for (name, number) in OTHERS {
        still(
            run(number).is_err(),
            format!("an output of {name} came out"),
        );
    }
}
