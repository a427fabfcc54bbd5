//! wasi-nn 1, 5, 6: a panic for `tpu`; the processor whatever was asked for; a warning, and the
//! processor, where the device asked for is absent.

use std::path::Path;

use footlight_nn::{DeviceSpec, ElementType, ErrorKind, Folders, Runtimes};

use crate::onnx::identity;
use crate::{Subject, Test, assert_says, floats, infer};

pub const TESTS: &[Test] = &[
    (
        "an_absent_device_is_an_error_and_not_another_device",
        absent,
    ),
    ("a_device_is_asked_for_in_any_case", any_case),
    ("auto_says_which_device_it_chose", auto),
];

/// For the libraries that are loaded.
pub const LOADED: &[Test] = &[("one_process_has_one_runtime", one_runtime)];

/// For the library that is taken first.
pub const FIRST: &[Test] = &[("a_fallback_runs_and_is_known_as_one", fallback)];

fn absent(subject: &Subject) {
    let backend = &subject.backend;
    let devices = backend.devices().unwrap();
    assert!(devices.contains(&"cpu".to_owned()), "{devices:?}");
    let model = identity(ElementType::F32, &[1]);
    let absent = [
        "gpu",
        "npu",
        "tpu",
        "",
        "CPU\0",
        "MULTI:CPU",
        "cuda:99",
        "gpu.99",
    ];
    for device in absent {
        match backend.compile(&model, device) {
            // The first of several, or the only one.
            Ok(graph) => assert!(
                ["gpu", "npu"].contains(&device)
                    && devices.iter().any(|there| there == graph.device()),
                "{} in place of {device}",
                graph.device()
            ),
            Err(error) => {
                let folder = backend
                    .library()
                    .and_then(Path::parent)
                    .and_then(Path::to_str);
                let asked = format!("`{device}`");
                let words = [
                    &asked,
                    "cpu",
                    folder.unwrap_or(backend.name()),
                    &backend.version(),
                ];
                assert_says(&error, ErrorKind::NotFound, &words);
            }
        }
    }
}

fn any_case(subject: &Subject) {
    let model = identity(ElementType::F32, &[1]);
    for device in ["cpu", "CPU", "Cpu"] {
        let graph = subject.backend.compile(&model, device).unwrap();
        assert_eq!(graph.device(), "cpu");
    }
}

fn auto(subject: &Subject) {
    let model = identity(ElementType::F32, &[1]);
    let graph = subject.backend.compile(&model, "auto").unwrap();
    let devices = subject.backend.devices().unwrap();
    assert!(
        devices.iter().any(|device| device == graph.device()),
        "{} is not of {devices:?}",
        graph.device()
    );
    let given = floats(&[1], &[2.0]);
    let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
    assert_eq!(outputs, [("returned".to_owned(), given)]);
}

fn one_runtime(subject: &Subject) {
    let library = subject.backend.library().unwrap();
    let folder = library.parent().unwrap();
    let again = subject.library.load(Some(folder)).unwrap();
    assert_eq!(again.version(), subject.backend.version());
    // Another file of that name elsewhere is not quietly taken for the one that is loaded.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join(library.file_name().unwrap()), "").unwrap();
    let error = subject.library.load(Some(elsewhere.path())).err().unwrap();
    assert_says(
        &error,
        ErrorKind::Runtime,
        &["already loaded", folder.to_str().unwrap()],
    );
}

fn fallback(subject: &Subject) {
    let folder = subject.backend.library().and_then(Path::parent);
    let host = Runtimes::new(Folders {
        openvino: folder.map(Path::to_owned),
        ..Folders::default()
    });
    let model = identity(ElementType::F32, &[1]);
    // A machine has no hundred GPUs.
    let absent: DeviceSpec = "openvino/gpu.99".parse().unwrap();
    let Err(error) = host.compile(&model, &absent, &[]) else {
        panic!("there is a GPU 99")
    };
    let folder = folder.and_then(Path::to_str).unwrap();
    let words = ["`openvino/gpu.99`", "cpu", folder];
    assert_says(&error, ErrorKind::NotFound, &words);
    let compiled = host.compile(&model, &absent, &[DeviceSpec::CPU]).unwrap();
    assert_eq!(compiled.placement.to_string(), "openvino/cpu");
    assert_eq!(compiled.placement.passed_over[0].device, absent);
    let given = floats(&[1], &[3.0]);
    let outputs = infer(&*compiled.graph, &[("given", given.clone())]).unwrap();
    assert_eq!(outputs, [("returned".to_owned(), given)]);
    let loaded = host.library(footlight_nn::Library::OpenVino).unwrap();
    assert_eq!(loaded.library(), subject.backend.library());
}
