//! What the pipeline file says to this stage, checked.

use footlight_stage::{Decimal, Failure, settings};

/// The detector's strides go up to 32: other sides would leave a part of the input unseen.
const STEP: u32 = 32;
/// Far more than the detector is good for; a typing error shall not cost minutes.
const LONGEST: u32 = 4096;

/// The size of a detector's input in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width, a multiple of 32.
    pub width: u32,
    /// Height, a multiple of 32.
    pub height: u32,
}

/// The settings of this stage; see the crate's documentation for their meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// One pass of the detector for each; not empty.
    pub sizes: Vec<Size>,
    /// From 0 to 1.
    pub min_score: f32,
    /// From 0 to 1.
    pub iou: f32,
    /// At least 1.
    pub max_faces: usize,
}

impl Settings {
    /// Asks the host for them.
    ///
    /// # Errors
    ///
    /// A setting is of the wrong kind or out of range.
    pub fn read() -> Result<Settings, Failure> {
        let sizes: Option<Vec<f64>> = settings::get("sizes")?;
        let max_faces: u32 = settings::get("max-faces")?.unwrap_or(64);
        Ok(Settings {
            sizes: pairs(&sizes.unwrap_or_else(|| vec![320.0, 320.0])).map_err(Failure::Failed)?,
            min_score: fraction("min-score", 0.6)?,
            iou: fraction("iou", 0.4)?,
            max_faces: settings::within("max-faces", max_faces, 1..=10_000)? as usize,
        })
    }
}

fn fraction(name: &str, default: f64) -> Result<f32, Failure> {
    let value = settings::get(name)?.unwrap_or(default);
    Ok(settings::within(name, value, 0.0..=1.0)? as f32)
}

/// Width, height, width, height...
fn pairs(numbers: &[f64]) -> Result<Vec<Size>, String> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(format!(
            "the setting `sizes` must be pairs of width and height, such as [320, 320], but it has {} \
             numbers",
            numbers.len()
        ));
    }
    pairs
        .iter()
        .map(|[width, height]| {
            Ok(Size {
                width: side(*width)?,
                height: side(*height)?,
            })
        })
        .collect()
}

fn side(number: f64) -> Result<u32, String> {
    let side = number as u32;
    if f64::from(side) == number && side.is_multiple_of(STEP) && (STEP..=LONGEST).contains(&side) {
        return Ok(side);
    }
    Err(format!(
        "each of the setting `sizes` must be a multiple of {STEP} from {STEP} to {LONGEST}, but one is \
         {}",
        Decimal(number)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_in_pairs_of_width_and_height() {
        let sizes = pairs(&[320.0, 320.0, 640.0, 384.0]).unwrap();
        assert_eq!(
            sizes,
            [
                Size {
                    width: 320,
                    height: 320
                },
                Size {
                    width: 640,
                    height: 384
                }
            ]
        );
        assert!(pairs(&[]).unwrap_err().contains("it has 0 numbers"));
        assert!(
            pairs(&[320.0, 320.0, 640.0])
                .unwrap_err()
                .contains("it has 3 numbers")
        );
    }

    #[test]
    fn a_side_that_the_detector_cannot_take_is_refused() {
        for bad in [0.0, -32.0, 300.0, 320.5, 8192.0, f64::NAN, f64::INFINITY] {
            let error = pairs(&[320.0, bad]).unwrap_err();
            assert!(
                error.contains("a multiple of 32 from 32 to 4096"),
                "{bad}: {error}"
            );
        }
    }
}
