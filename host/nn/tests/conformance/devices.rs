//! wasi-nn 1, 5, 6: a panic for `tpu`; the processor whatever was asked for; a warning, and the
//! processor, where the device asked for is absent.

use std::path::Path;

use footlight_nn::{
    Backend, DeviceSpec, ElementType, ErrorKind, Folders, Library, OpenVino, Runtimes,
};

use crate::onnx::identity;
use crate::{Test, assert_says, floats, infer, refused};

pub const TESTS: &[Test] = &[
    (
        "an_absent_device_is_an_error_and_not_another_device",
        absent,
    ),
    ("a_device_is_asked_for_in_any_case", any_case),
    ("auto_says_which_device_it_chose", auto),
    ("one_process_has_one_runtime", one_runtime),
    ("a_fallback_runs_and_is_known_as_one", fallback),
];

fn absent(runtime: &OpenVino) {
    let devices = runtime.devices().unwrap();
    assert!(devices.contains(&"cpu".to_owned()), "{devices:?}");
    let model = identity(ElementType::F32, &[1]);
    for device in ["gpu", "npu", "tpu", "", "CPU\0", "MULTI:CPU"] {
        if devices
            .iter()
            .any(|there| !device.is_empty() && there.starts_with(device))
        {
            let graph = runtime.compile(&model, device).unwrap();
            assert!(graph.device().starts_with(device), "{}", graph.device());
            continue;
        }
        let error = refused(runtime, &model, device);
        let folder = runtime.library().parent().and_then(Path::to_str).unwrap();
        let words = [&format!("`{device}`"), "cpu", folder, &runtime.version()];
        assert_says(&error, ErrorKind::NotFound, &words);
    }
}

fn any_case(runtime: &OpenVino) {
    let model = identity(ElementType::F32, &[1]);
    for device in ["cpu", "CPU", "Cpu"] {
        assert_eq!(runtime.compile(&model, device).unwrap().device(), "cpu");
    }
}

fn auto(runtime: &OpenVino) {
    let graph = runtime
        .compile(&identity(ElementType::F32, &[1]), "auto")
        .unwrap();
    let devices = runtime.devices().unwrap();
    assert!(
        devices.iter().any(|device| device == graph.device()),
        "{} is not of {devices:?}",
        graph.device()
    );
    let given = floats(&[1], &[2.0]);
    let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
    assert_eq!(outputs, [("returned".to_owned(), given)]);
}

fn one_runtime(runtime: &OpenVino) {
    let folder = runtime.library().parent().unwrap();
    let again = OpenVino::load(Some(folder)).unwrap();
    assert_eq!(again.version(), runtime.version());
    // Another file of that name elsewhere is not quietly taken for the one that is loaded.
    let elsewhere = tempfile::tempdir().unwrap();
    let name = runtime.library().file_name().unwrap();
    std::fs::write(elsewhere.path().join(name), "").unwrap();
    let error = OpenVino::load(Some(elsewhere.path())).unwrap_err();
    assert_says(
        &error,
        ErrorKind::Runtime,
        &["already loaded", folder.to_str().unwrap()],
    );
}

fn fallback(runtime: &OpenVino) {
    let host = Runtimes::new(Folders {
        openvino: runtime.library().parent().map(Path::to_owned),
    });
    let model = identity(ElementType::F32, &[1]);
    // A machine has no hundred GPUs.
    let absent: DeviceSpec = "openvino/gpu.99".parse().unwrap();
    let Err(error) = host.compile(&model, &absent, &[]) else {
        panic!("there is a GPU 99")
    };
    let folder = runtime.library().parent().and_then(Path::to_str).unwrap();
    let words = ["`openvino/gpu.99`", "cpu", folder];
    assert_says(&error, ErrorKind::NotFound, &words);
    let compiled = host.compile(&model, &absent, &[DeviceSpec::CPU]).unwrap();
    assert_eq!(compiled.placement.to_string(), "openvino/cpu");
    assert_eq!(compiled.placement.passed_over[0].device, absent);
    let given = floats(&[1], &[3.0]);
    let outputs = infer(&*compiled.graph, &[("given", given.clone())]).unwrap();
    assert_eq!(outputs, [("returned".to_owned(), given)]);
    let loaded = host.library(Library::OpenVino).unwrap();
    assert_eq!(Backend::library(&*loaded), Some(runtime.library()));
}
