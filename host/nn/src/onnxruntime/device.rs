//! Which device a model runs on.

use std::env::consts::DLL_SUFFIX;
use std::fmt;

use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{CUDA, ExecutionProvider, ExecutionProviderDispatch, TensorRT};
use ort::session::Session;
use ort::session::builder::SessionBuilder;

use super::library::Loaded;
use super::{convert, driver};
use crate::Error;

/// A device, by the name that people know it by: `cpu`, `cuda:0`, `tensorrt:1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Device {
    Cpu,
    Gpu(Way, u32),
}

/// How a GPU is computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Cuda,
    TensorRt,
}

impl Way {
    const ALL: [Way; 2] = [Way::Cuda, Way::TensorRt];

    fn name(self) -> &'static str {
        match self {
            Way::Cuda => "cuda",
            Way::TensorRt => "tensorrt",
        }
    }

    /// What ONNX Runtime calls what computes so.
    pub(super) fn provider(self) -> &'static str {
        match self {
            Way::Cuda => CUDA::NAME,
            Way::TensorRt => TensorRT::NAME,
        }
    }
}

impl Device {
    /// The device of this name, in any case. `gpu` and `cuda` are the first GPU.
    pub(super) fn parse(name: &str) -> Option<Device> {
        let name = name.to_lowercase();
        let (way, number) = match name.split_once(':') {
            Some((way, number)) => (way, number.parse().ok()?),
            None => (name.as_str(), 0),
        };
        match (way, name.contains(':')) {
            ("cpu", false) => Some(Device::Cpu),
            ("gpu", false) => Some(Device::Gpu(Way::Cuda, 0)),
            ("cuda", _) => Some(Device::Gpu(Way::Cuda, number)),
            ("tensorrt", _) => Some(Device::Gpu(Way::TensorRt, number)),
            _ => None,
        }
    }

    /// Has a model run on it. A provider that cannot be used is an error: ONNX Runtime would go on
    /// without it.
    pub(super) fn register(self, builder: SessionBuilder) -> Result<SessionBuilder, Error> {
        let Device::Gpu(way, number) = self else {
            return Ok(builder);
        };
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let cuda = CUDA::default()
            .with_device_id(number)
            // Else it multiplies f32 with 10 bits of 23.
            .with_tf32(false)
            // Else every new shape of an image is tried with every algorithm, for seconds.
            .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
            .build()
            .error_on_failure();
        let tensorrt = || TensorRT::default().with_device_id(number).build();
        let providers: Vec<ExecutionProviderDispatch> = match way {
            Way::Cuda => vec![cuda],
            // What TensorRT cannot compute stays on the GPU.
            Way::TensorRt => vec![tensorrt().error_on_failure(), cuda],
        };
        builder
            .with_execution_providers(providers)
            .map_err(|error| {
                convert::runtime(&error.into())
                    .context(format_args!("{} cannot be used", way.provider()))
            })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Gpu(way, number) => write!(f, "{}:{number}", way.name()),
        }
    }
}

/// What there is besides the processor: for each way, on how many GPUs, or why on none.
pub(super) struct Devices(Vec<(Way, Result<u32, String>)>);

impl Devices {
    pub(super) fn find(loaded: &Loaded) -> Devices {
        Devices(Way::ALL.map(|way| (way, gpus(loaded, way))).to_vec())
    }

    /// The names of all, the processor first.
    pub(super) fn names(&self) -> Vec<String> {
        let gpus = self.0.iter().flat_map(|(way, gpus)| {
            (0..gpus.as_ref().map_or(0, |gpus| *gpus)).map(|number| Device::Gpu(*way, number))
        });
        std::iter::once(Device::Cpu)
            .chain(gpus)
            .map(|device| device.to_string())
            .collect()
    }

    /// The device asked for, which is `device` where it has such a name. There is no way around it:
    /// where it is missing, whoever asked for it must know, and not find out from a bill or a clock.
    pub(super) fn choose(&self, asked: &str, device: Option<Device>) -> Result<Device, Error> {
        let has = |way| {
            let found = self.0.iter().find(|(there, _)| *there == way);
            found.and_then(|(_, gpus)| gpus.as_ref().ok()).copied()
        };
        match device {
            Some(Device::Gpu(way, number)) if has(way).is_some_and(|gpus| number < gpus) => {
                return Ok(Device::Gpu(way, number));
            }
            Some(Device::Cpu) => return Ok(Device::Cpu),
            // TensorRT is left to who asks for it, as it lets the first inference wait.
            None if asked.eq_ignore_ascii_case("auto") => {
                return Ok(match has(Way::Cuda) {
                    Some(_) => Device::Gpu(Way::Cuda, 0),
                    None => Device::Cpu,
                });
            }
            _ => {}
        }
        let reasons: String = self
            .0
            .iter()
            .filter(|(way, _)| !matches!(device, Some(Device::Gpu(asked, _)) if asked != *way))
            .filter_map(|(way, gpus)| {
                let reason = gpus.as_ref().err()?;
                Some(format!("; {} is not there: {reason}", way.name()))
            })
            .collect();
        let asked: String = asked.chars().take(32).collect();
        Err(Error::not_found(format!(
            "the device `{asked}` was asked for, and there is only {}; ask for one of these, or for \
             `auto`{reasons}",
            self.names().join(", ")
        )))
    }
}

/// On how many GPUs it can be computed this way, or why on none.
fn gpus(loaded: &Loaded, way: Way) -> Result<u32, String> {
    let built_in = match way {
        Way::Cuda => CUDA::is_available(),
        Way::TensorRt => TensorRT::is_available(),
    };
    if !built_in.unwrap_or(false) {
        return Err(format!(
            "this build of ONNX Runtime has no {}; the package onnxruntime-gpu has",
            way.provider()
        ));
    }
    for library in ["shared", way.name()] {
        let file = loaded
            .path
            .with_file_name(format!("libonnxruntime_providers_{library}{DLL_SUFFIX}"));
        if !file.is_file() {
            return Err(format!("{} was looked for and not found", file.display()));
        }
    }
    let gpus = driver::gpus()?;
    // What the provider itself needs, such as cuDNN, is only found out by loading it.
    Session::builder(&loaded.environment)
        .map_err(|error| convert::runtime(&error))
        .and_then(|builder| Device::Gpu(way, 0).register(builder))
        .map_err(|error| error.to_string())?;
    Ok(gpus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn machine(cuda: Result<u32, &str>, tensorrt: Result<u32, &str>) -> Devices {
        Devices(vec![
            (Way::Cuda, cuda.map_err(str::to_owned)),
            (Way::TensorRt, tensorrt.map_err(str::to_owned)),
        ])
    }

    fn choose(devices: &Devices, asked: &str) -> Result<String, Error> {
        let device = devices.choose(asked, Device::parse(asked))?;
        Ok(device.to_string())
    }

    #[test]
    fn devices_are_found_by_name_in_any_case() {
        let devices = machine(Ok(2), Ok(2));
        assert_eq!(
            devices.names(),
            ["cpu", "cuda:0", "cuda:1", "tensorrt:0", "tensorrt:1"]
        );
        for (asked, chosen) in [
            ("CPU", "cpu"),
            ("Cuda:1", "cuda:1"),
            ("gpu", "cuda:0"),
            ("cuda", "cuda:0"),
            ("tensorrt:0", "tensorrt:0"),
            ("AUTO", "cuda:0"),
        ] {
            assert_eq!(choose(&devices, asked).unwrap(), chosen);
        }
        assert_eq!(choose(&machine(Err(""), Ok(1)), "auto").unwrap(), "cpu");
    }

    #[test]
    fn an_absent_device_is_an_error_that_says_what_is_missing() {
        let devices = machine(Err("no driver"), Err("no file"));
        for (asked, words) in [
            (
                "cuda:0",
                &["`cuda:0`", "only cpu", "cuda is not there: no driver"][..],
            ),
            ("tensorrt:0", &["tensorrt is not there: no file"]),
            ("gpu", &["no driver"]),
            ("npu", &["no driver", "no file"]),
            ("", &["only cpu"]),
            ("cpu:0", &["only cpu"]),
            ("cuda:", &["only cpu"]),
            ("cuda:-1", &["only cpu"]),
        ] {
            let error = choose(&devices, asked).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            for word in words {
                assert!(error.to_string().contains(word), "{word} not in: {error}");
            }
        }
        let error = choose(&devices, "cuda:0").unwrap_err().to_string();
        assert!(!error.contains("no file"), "{error}");
    }

    #[test]
    fn a_gpu_beyond_the_last_is_an_error_that_names_those_there_are() {
        let error = choose(&machine(Ok(1), Err("no file")), "cuda:1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("only cpu, cuda:0"), "{error}");
    }
}
