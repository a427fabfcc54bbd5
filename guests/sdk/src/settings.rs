//! What the pipeline file says to this stage.
//!
//! ```no_run
//! use footlight_stage::settings;
//!
//! # fn example() -> Result<(), footlight_stage::Failure> {
//! let threshold: f64 = settings::require("threshold")?;
//! let iou: f64 = settings::within("iou", settings::get("iou")?.unwrap_or(0.4), 0.0..=1.0)?;
//! # Ok(())
//! # }
//! ```

use std::ops::RangeInclusive;

use crate::bindings::footlight::stage::settings as host;
use crate::value::{convert, kind};
use crate::{Failure, FromValue, Value};

/// The setting of that name, or none where the pipeline file does not have it.
///
/// # Errors
///
/// The setting is of another kind.
pub fn get<T: FromValue>(name: &str) -> Result<Option<T>, Failure> {
    host::get(name)
        .map(|value| convert(value, name, "setting").map_err(Failure::Failed))
        .transpose()
}

/// The setting of that name, which the pipeline file must have.
///
/// # Errors
///
/// The setting is missing, or of another kind.
pub fn require<T: FromValue>(name: &str) -> Result<T, Failure> {
    get(name)?.ok_or_else(|| {
        Failure::Failed(format!(
            "the setting `{name}` is missing: give this stage {} of that name in the pipeline file",
            T::KIND
        ))
    })
}

/// The value itself, if it lies in the range, ends included.
///
/// # Errors
///
/// It does not; the error names the setting, the value and the range.
pub fn within<T: PartialOrd + Into<Value>>(
    name: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, Failure> {
    if range.contains(&value) {
        return Ok(value);
    }
    let shown = |number: T| kind(&number.into());
    let (least, most) = range.into_inner();
    let (least, most, value) = (shown(least), shown(most), shown(value));
    Err(Failure::Failed(format!(
        "the setting `{name}` must be from {least} to {most}, but it is {value}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_range_is_refused_with_its_range() {
        assert_eq!(within("iou", 1.0, 0.0..=1.0).unwrap(), 1.0);
        let failure = within("iou", 1.5, 0.0..=1.0).unwrap_err();
        assert_eq!(
            failure.message(),
            "the setting `iou` must be from 0 to 1, but it is 1.5"
        );
        assert!(within("iou", f64::NAN, 0.0..=1.0).is_err());
    }
}
