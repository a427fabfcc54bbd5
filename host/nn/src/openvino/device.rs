//! Which device a model runs on.

use openvino::Core;

use super::convert;
use crate::Error;

/// The devices OpenVINO can use on this machine, in lower case.
pub(super) fn available(core: &Core) -> Result<Vec<String>, Error> {
    let devices = core.available_devices().map_err(|error| {
        convert::runtime(&error).context("asked for its devices, OpenVINO failed")
    })?;
    Ok(devices
        .iter()
        .map(|device| device.as_ref().to_lowercase())
        .collect())
}

/// OpenVINO's name of the device asked for. There is no way around it: where it is missing, whoever
/// asked for it must know, and not find out from a bill or a clock.
pub(super) fn choose(asked: &str, available: &[String]) -> Result<String, Error> {
    let wanted = asked.to_lowercase();
    let there = match wanted.as_str() {
        "auto" => !available.is_empty(),
        // `gpu` is also there as `gpu.0` and `gpu.1`, of which OpenVINO then takes the first.
        _ => available.iter().any(|device| {
            *device == wanted
                || device
                    .strip_prefix(&wanted)
                    .is_some_and(|rest| !wanted.is_empty() && rest.starts_with('.'))
        }),
    };
    if there {
        return Ok(wanted.to_uppercase());
    }
    let offered = match available.is_empty() {
        true => "no device at all".to_owned(),
        false => format!("only {}", available.join(", ")),
    };
    let asked: String = asked.chars().take(32).collect();
    Err(Error::not_found(format!(
        "the device `{asked}` was asked for, and there is {offered}; ask for one of these, or for \
         `auto`, or install what the device needs"
    )))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::ErrorKind;

    fn machine(devices: &[&str]) -> Vec<String> {
        devices.iter().map(|device| (*device).to_owned()).collect()
    }

    #[test]
    fn a_device_is_found_in_any_case() {
        assert_eq!(choose("Cpu", &machine(&["cpu"])).unwrap(), "CPU");
        assert_eq!(choose("AUTO", &machine(&["cpu"])).unwrap(), "AUTO");
    }

    #[test]
    fn one_of_several_is_found_with_and_without_its_number() {
        let available = machine(&["cpu", "gpu.0", "gpu.1"]);
        assert_eq!(choose("gpu", &available).unwrap(), "GPU");
        assert_eq!(choose("gpu.1", &available).unwrap(), "GPU.1");
        assert!(choose("gpu.2", &available).is_err());
        assert!(choose("gp", &available).is_err());
    }

    #[test]
    fn an_absent_device_is_an_error_that_names_what_there_is() {
        for asked in ["gpu", "tpu", "", "CPU,GPU", "\0"] {
            let error = choose(asked, &machine(&["cpu"])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains("only cpu"), "{error}");
        }
        assert!(choose("auto", &[]).is_err());
    }
}
