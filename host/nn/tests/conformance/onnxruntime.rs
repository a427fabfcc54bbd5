//! What is ONNX Runtime's alone.

use std::num::NonZeroUsize;
use std::path::Path;

use footlight_nn::{Backend, ElementType, ErrorKind, OnnxRuntime};

use crate::onnx::identity;
use crate::{Subject, Test, assert_says, floats, infer};

pub const TESTS: &[Test] = &[
    ("a_gpu_that_is_not_there_is_explained", gpus),
    ("threads_are_as_many_as_asked_for", threads),
];

/// Whatever is missing, a build, a file, a driver or a GPU, it is said of the device asked for.
fn gpus(subject: &Subject) {
    let devices = subject.backend.devices().unwrap();
    let model = identity(ElementType::F32, &[1]);
    for way in ["cuda", "tensorrt"] {
        let device = format!("{way}:0");
        match subject.backend.compile(&model, &device) {
            Ok(graph) => {
                assert!(devices.contains(&device), "{devices:?}");
                assert_eq!(graph.device(), device);
            }
            Err(error) => {
                assert!(!devices.contains(&device), "{devices:?}: {error}");
                let words = [&*device, &format!("{way} is not there: ")];
                assert_says(&error, ErrorKind::NotFound, &words);
            }
        }
    }
}

fn threads(subject: &Subject) {
    let folder = subject.backend.library().and_then(Path::parent);
    let count = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let loaded = || OnnxRuntime::load(folder).unwrap();
    let model = identity(ElementType::F32, &[1]);
    let before = count();
    // So many that those of other tests do not count; the one that asks is one of them.
    let many = loaded().with_threads(NonZeroUsize::new(200).unwrap());
    let graph = many.compile(&model, "cpu").unwrap();
    let made = count().saturating_sub(before);
    assert!(before == 0 || made >= 150, "{made} threads were made");
    let one = loaded().with_threads(NonZeroUsize::MIN);
    for graph in [graph, one.compile(&model, "cpu").unwrap()] {
        let given = floats(&[1], &[2.0]);
        let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
        assert_eq!(outputs[0].1, given);
    }
}
