//! Which device a model is asked to run on, as written in a pipeline file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::Error;

/// An inference library, by name. The order is the one in which they are taken where any would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Library {
    /// `openvino`.
    OpenVino,
    /// `onnxruntime`.
    OnnxRuntime,
    /// `tract`.
    Tract,
}

/// A device, with the number of one where a machine may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Device {
    /// The processor.
    Cpu,
    /// A GPU: of whatever kind where it has no number, the one that OpenVINO calls `gpu.N` where it has.
    Gpu(Option<u32>),
    /// An NVIDIA GPU, through CUDA.
    Cuda(u32),
    /// An NVIDIA GPU, through TensorRT.
    TensorRt(u32),
    /// A neural processing unit.
    Npu,
    /// The fastest that is there.
    Auto,
}

/// What a model is asked to run on: `[LIBRARY/]DEVICE`, in any case, such as `cpu`, `gpu`, `cuda:0` or
/// `openvino/gpu.1`. Without a library, whichever has the device is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceSpec {
    library: Option<Library>,
    device: Device,
}

/// A device of a library: one of those that a [`DeviceSpec`] may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) library: Library,
    pub(crate) device: Device,
}

const SYNTAX: &str = "write `cpu`, `gpu`, `gpu.N`, `cuda:N`, `tensorrt:N`, `npu` or `auto`, after a library and a \
    slash where it must be that one: `openvino/gpu`, `onnxruntime/cpu`, `tract/cpu`";

impl Library {
    /// All of them, in the order in which they are taken where any would do.
    pub const ALL: [Library; 3] = [Library::OpenVino, Library::OnnxRuntime, Library::Tract];

    /// Its name in a pipeline file: `openvino`.
    pub fn name(self) -> &'static str {
        match self {
            Library::OpenVino => "openvino",
            Library::OnnxRuntime => "onnxruntime",
            Library::Tract => "tract",
        }
    }

    fn has(self, device: Device) -> bool {
        match device {
            Device::Cpu => true,
            Device::Gpu(_) | Device::Npu => self == Library::OpenVino,
            Device::Cuda(_) | Device::TensorRt(_) => self == Library::OnnxRuntime,
            Device::Auto => false,
        }
    }
}

impl DeviceSpec {
    /// Any library's processor.
    pub const CPU: DeviceSpec = DeviceSpec {
        library: None,
        device: Device::Cpu,
    };

    /// Any library's GPU.
    pub const GPU: DeviceSpec = DeviceSpec {
        library: None,
        device: Device::Gpu(None),
    };

    /// What it may mean, best first: of these, the first that is there is taken. Never empty.
    ///
    /// `auto` means a GPU, else the processor. TensorRT and NPUs have to be asked for by name: the one
    /// takes minutes to make a model ready, and the others compute with fewer bits than a threshold was
    /// measured with.
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let devices: &[Device] = match self.device {
            Device::Auto => &[Device::Cuda(0), Device::Gpu(None), Device::Cpu],
            Device::Gpu(None) => &[Device::Cuda(0), Device::Gpu(None)],
            ref one => std::slice::from_ref(one),
        };
        let libraries = Library::ALL
            .into_iter()
            .filter(|library| self.library.is_none_or(|wanted| wanted == *library));
        let of_device = |&device: &Device| {
            libraries
                .clone()
                .filter(move |library| library.has(device))
                .map(move |library| Candidate { library, device })
        };
        devices.iter().flat_map(of_device).collect()
    }
}

impl FromStr for DeviceSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<DeviceSpec, Error> {
        let shown: String = text.chars().take(64).collect();
        let lower = text.to_ascii_lowercase();
        let (library, device) = match lower.split_once('/') {
            Some((library, device)) => (Some(library), device),
            None => (None, lower.as_str()),
        };
        let device = device_named(device)
            .ok_or_else(|| Error::invalid(format!("`{shown}` is not a device: {SYNTAX}")))?;
        let library = library
            .map(|name| {
                let mut all = Library::ALL.into_iter();
                all.find(|library| library.name() == name).ok_or_else(|| {
                    Error::invalid(format!(
                        "`{shown}` does not begin with an inference library: {SYNTAX}"
                    ))
                })
            })
            .transpose()?;
        let spec = DeviceSpec { library, device };
        match library {
            Some(library) if spec.candidates().is_empty() => Err(Error::invalid(format!(
                "`{shown}` cannot be, as {} has no such device: {SYNTAX}",
                library.name()
            ))),
            _ => Ok(spec),
        }
    }
}

fn device_named(name: &str) -> Option<Device> {
    let (kind, number) = match name.split_once([':', '.']) {
        Some((kind, digits)) => (kind, Some(number(digits)?)),
        None => (name, None),
    };
    let colon = name.contains(':');
    match (kind, number) {
        ("auto", None) => Some(Device::Auto),
        ("cpu", None) => Some(Device::Cpu),
        ("npu", None) => Some(Device::Npu),
        ("gpu", number) if !colon => Some(Device::Gpu(number)),
        ("cuda", Some(number)) if colon => Some(Device::Cuda(number)),
        ("tensorrt", Some(number)) if colon => Some(Device::TensorRt(number)),
        _ => None,
    }
}

/// Digits alone: `parse` would take `+1` as well.
fn number(digits: &str) -> Option<u32> {
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

/// `cpu`.
impl Default for DeviceSpec {
    fn default() -> DeviceSpec {
        DeviceSpec::CPU
    }
}

impl<'de> Deserialize<'de> for DeviceSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<DeviceSpec, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Gpu(None) => f.write_str("gpu"),
            Device::Gpu(Some(number)) => write!(f, "gpu.{number}"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
            Device::TensorRt(number) => write!(f, "tensorrt:{number}"),
            Device::Npu => f.write_str("npu"),
            Device::Auto => f.write_str("auto"),
        }
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.library {
            Some(library) => write!(f, "{library}/{}", self.device),
            None => self.device.fmt(f),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.library, self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn means(text: &str) -> Vec<String> {
        let spec: DeviceSpec = text.parse().unwrap();
        spec.candidates().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_device_is_written_as_it_is_read_in_any_case() {
        for (text, canonical) in [
            ("cpu", "cpu"),
            ("GPU", "gpu"),
            ("gpu.1", "gpu.1"),
            ("Cuda:0", "cuda:0"),
            ("tensorrt:3", "tensorrt:3"),
            ("NPU", "npu"),
            ("Auto", "auto"),
            ("OpenVINO/GPU.1", "openvino/gpu.1"),
            ("onnxruntime/cuda:1", "onnxruntime/cuda:1"),
            ("tract/cpu", "tract/cpu"),
        ] {
            let spec: DeviceSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), canonical);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_may_be_written() {
        for text in [
            "",
            " cpu",
            "quantum",
            "cpu.0",
            "cpu:0",
            "cuda",
            "cuda.0",
            "cuda:",
            "cuda:+1",
            "cuda:-1",
            "cuda:99999999999",
            "gpu:0",
            "gpu.",
            "gpu.1.2",
            "tensorrt",
            "npu.0",
            "auto.1",
            "/cpu",
            "cpu/",
            "openvino/",
            "caffe/cpu",
            "openvino/cpu/0",
            "ｃｐｕ",
        ] {
            let error = text.parse::<DeviceSpec>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let message = error.to_string();
            assert!(
                message.contains(&format!("`{text}`")) && message.contains("`cuda:N`"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_device_that_a_library_never_has_is_refused() {
        for text in [
            "openvino/cuda:0",
            "onnxruntime/npu",
            "onnxruntime/gpu.1",
            "tract/gpu",
        ] {
            let message = text.parse::<DeviceSpec>().unwrap_err().to_string();
            assert!(message.contains("has no such device"), "{message}");
        }
    }

    #[test]
    fn without_a_library_any_that_has_the_device_will_do() {
        assert_eq!(
            means("cpu"),
            ["openvino/cpu", "onnxruntime/cpu", "tract/cpu"]
        );
        assert_eq!(means("gpu"), ["onnxruntime/cuda:0", "openvino/gpu"]);
        assert_eq!(means("gpu.1"), ["openvino/gpu.1"]);
        assert_eq!(means("cuda:2"), ["onnxruntime/cuda:2"]);
        assert_eq!(means("tensorrt:0"), ["onnxruntime/tensorrt:0"]);
        assert_eq!(means("npu"), ["openvino/npu"]);
        assert_eq!(
            means("auto"),
            [
                "onnxruntime/cuda:0",
                "openvino/gpu",
                "openvino/cpu",
                "onnxruntime/cpu",
                "tract/cpu"
            ]
        );
    }

    #[test]
    fn with_a_library_only_that_one_is_meant() {
        assert_eq!(means("openvino/auto"), ["openvino/gpu", "openvino/cpu"]);
        assert_eq!(means("onnxruntime/gpu"), ["onnxruntime/cuda:0"]);
        assert_eq!(means("tract/auto"), ["tract/cpu"]);
    }
}
