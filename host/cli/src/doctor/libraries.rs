//! Inference libraries, and the devices that they can use. Each device is tried with a small model.

use anyhow::Result;
use footlight_nn::{Backend, DeviceSpec, ErrorKind, Library, Runtimes};

use super::finding::{Finding, MANUAL, Section, State};
use super::probe;

/// Libraries and their devices.
pub fn findings(runtimes: &Runtimes) -> Result<Vec<Finding>> {
    let model = probe::model()?;
    let mut libraries = Vec::new();
    let mut devices = Vec::new();
    for library in Library::ALL {
        match runtimes.library(library) {
            Ok(backend) => {
                libraries.push(loaded(library, backend.as_ref()));
                devices.extend(of_library(library, backend.as_ref(), &model));
            }
            Err(error) => {
                let absent = error.kind() == ErrorKind::NotFound;
                let state = if absent {
                    State::Absent
                } else {
                    State::Warning
                };
                let error = error.to_string();
                let mut finding =
                    Finding::error(Section::Libraries, library.name(), state, &error, MANUAL);
                finding.remedy = finding
                    .remedy
                    .map(|remedy| format!("for {}: {remedy}", purpose(library)));
                libraries.push(finding);
            }
        }
    }
    libraries.extend(devices);
    Ok(libraries)
}

/// Whether models run at all: on any processor.
pub fn any_processor(runtimes: &Runtimes) -> Result<Finding> {
    let name = "cpu";
    let compiled = runtimes.compile(&probe::model()?, &DeviceSpec::CPU, &[]);
    Ok(match compiled {
        Ok(compiled) => Finding::ok(
            Section::Devices,
            name,
            format!("models that ask for `cpu` run on {}", compiled.placement),
        ),
        Err(_) => Finding::new(
            Section::Devices,
            name,
            State::Missing,
            "no library that is there runs models on the processor",
            Some("`cargo xtask fetch` fetches OpenVINO, which does".to_owned()),
        ),
    })
}

fn loaded(library: Library, backend: &dyn Backend) -> Finding {
    let place = match backend.library() {
        Some(path) => path.display().to_string(),
        None => "part of this program".to_owned(),
    };
    let detail = format!("{}, {place}", backend.version());
    Finding::ok(Section::Libraries, library.name(), detail)
}

/// The devices that a library has, and those that it would have on another machine.
fn of_library(library: Library, backend: &dyn Backend, model: &[u8]) -> Vec<Finding> {
    let there = match backend.devices() {
        Ok(devices) => devices,
        Err(error) => {
            let error = error.to_string();
            let state = State::Warning;
            return vec![Finding::error(
                Section::Devices,
                library.name(),
                state,
                &error,
                MANUAL,
            )];
        }
    };
    let kind = |device: &str| {
        device
            .split([':', '.'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let others = usual(library)
        .iter()
        .filter(|usual| !there.iter().any(|device| kind(device) == kind(usual)))
        .map(|&device| (device.to_owned(), State::Absent));
    let devices = there.iter().map(|device| (device.clone(), State::Warning));
    devices
        .chain(others)
        .map(|(device, otherwise)| {
            let name = format!("{library}/{device}");
            match probe::run(backend, model, &device) {
                Ok(time) => {
                    let detail =
                        format!("ran a small model in {:.1} ms", time.as_secs_f64() * 1000.0);
                    Finding::ok(Section::Devices, name, detail)
                }
                Err(error) => {
                    let error = error.to_string();
                    let error = without_place(&error, backend);
                    let mut finding =
                        Finding::error(Section::Devices, name, otherwise, error, MANUAL);
                    finding.remedy = Some(needs(&device).to_owned());
                    finding
                }
            }
        })
        .collect()
}

/// An error without the library's file, which is said once.
fn without_place<'a>(error: &'a str, backend: &dyn Backend) -> &'a str {
    let place = backend
        .library()
        .map(|path| format!("{}: ", path.display()));
    let rest = place.and_then(|place| error.split_once(&place).map(|(_, rest)| rest));
    rest.unwrap_or(error)
}

fn purpose(library: Library) -> &'static str {
    match library {
        Library::OpenVino => "processors, and Intel's GPUs and NPUs",
        Library::OnnxRuntime => "NVIDIA's GPUs, and processors",
        Library::Tract => "processors, with no library to install",
    }
}

/// The devices that people look for in a library.
fn usual(library: Library) -> &'static [&'static str] {
    match library {
        Library::OpenVino => &["cpu", "gpu", "npu"],
        Library::OnnxRuntime => &["cpu", "cuda:0", "tensorrt:0"],
        Library::Tract => &["cpu"],
    }
}

fn needs(device: &str) -> &'static str {
    match device.split([':', '.']).next().unwrap_or_default() {
        "gpu" => {
            "needs an Intel GPU, its device in /dev/dri, and Intel's compute runtime; see docs/devices.md"
        }
        "npu" => {
            "needs an Intel NPU, its device in /dev/accel, Intel's NPU driver, and a complete OpenVINO; see docs/devices.md"
        }
        "cuda" => "needs an NVIDIA GPU, its driver, CUDA and cuDNN; see docs/devices.md",
        "tensorrt" => "needs what cuda:N needs, and TensorRT; see docs/devices.md",
        _ => MANUAL,
    }
}
