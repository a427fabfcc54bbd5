//! NVIDIA's driver, asked for its GPUs.

use std::error::Error as _;
use std::ffi::c_int;

const DRIVER: &str = "libcuda.so.1";

/// How many GPUs this process may use, with `CUDA_VISIBLE_DEVICES` applied; else why none.
#[allow(unsafe_code)]
pub(super) fn gpus() -> Result<u32, String> {
    // SAFETY: a system has one driver, under this name; it does nothing when it is loaded but set up itself.
    let driver = unsafe { libloading::Library::new(DRIVER) }.map_err(|error| {
        let why = error.source().map(ToString::to_string);
        format!(
            "NVIDIA's driver was looked for and cannot be loaded: {}",
            why.unwrap_or_else(|| error.to_string())
        )
    })?;
    let missing = |error| format!("{DRIVER} is no driver of NVIDIA's: {error}");
    // SAFETY: the driver's interface has these two functions with these types in every version.
    let (init, count) = unsafe {
        (
            driver
                .get::<unsafe extern "C" fn(u32) -> c_int>(b"cuInit")
                .map_err(missing)?,
            driver
                .get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"cuDeviceGetCount")
                .map_err(missing)?,
        )
    };
    let mut gpus = 0;
    // SAFETY: the first takes no flag but 0 and may be called at any time, more than once; the second,
    // after it, writes one number.
    let failed = unsafe {
        match init(0) {
            0 => count(&mut gpus),
            failed => failed,
        }
    };
    match (failed, u32::try_from(gpus).unwrap_or(0)) {
        (0, gpus @ 1..) => Ok(gpus),
        // CUDA_ERROR_NO_DEVICE
        (0 | 100, _) => Err("NVIDIA's driver has no GPU for this process".to_owned()),
        (code, _) => Err(format!("NVIDIA's driver does not start (its error {code})")),
    }
}
