//! Rounding a vector before it leaves: less room for what should not be in it.

use half::f16;
use serde::{Deserialize, Serialize};

use crate::count;

/// Steps from 0 to 1 of a number that is rounded to 8 bits.
const STEPS: f32 = 127.0;

/// How a vector of `f32` is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantise {
    /// Each number to half precision.
    F16,
    /// The vector is scaled to length 1, and each number rounded to the nearest multiple of 1/127; where it arrives, it
    /// is scaled to length 1 again. For features that are compared by cosine: the length means nothing there.
    I8,
}

impl Quantise {
    /// The vector, rounded, as the bytes that travel: 2 for each number as little-endian `f16`, or 1 as `i8`.
    ///
    /// # Errors
    /// What is wrong with the vector, in words.
    pub fn pack(self, vector: &[f32]) -> Result<Vec<u8>, &'static str> {
        if !vector.iter().all(|value| value.is_finite()) {
            return Err("it has a number that is not finite");
        }
        match self {
            Self::F16 => {
                let rounded: Vec<f16> = vector.iter().map(|value| f16::from_f32(*value)).collect();
                if !rounded.iter().all(|value| value.is_finite()) {
                    return Err("it has a number that is beyond what an f16 can be");
                }
                Ok(rounded
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect())
            }
            Self::I8 => {
                // In double precision the squares neither overflow nor vanish.
                let squares = vector.iter().map(|value| f64::from(*value).powi(2));
                let length = squares.sum::<f64>().sqrt();
                if length == 0.0 {
                    // Like no other, and its cosine with any is 0: so it stays.
                    return Ok(vec![0; vector.len()]);
                }
                let code = |value: &f32| {
                    let scaled = f64::from(*value) / length * f64::from(STEPS);
                    (scaled.round() as i8).cast_unsigned()
                };
                Ok(vector.iter().map(code).collect())
            }
        }
    }

    /// The vector that these bytes are; none where they are not what [`Quantise::pack`] makes.
    pub fn unpack(self, bytes: &[u8]) -> Option<Vec<f32>> {
        match self {
            Self::F16 => {
                let (pairs, rest) = bytes.as_chunks::<2>();
                let values: Vec<f32> = pairs
                    .iter()
                    .map(|pair| f16::from_le_bytes(*pair).to_f32())
                    .collect();
                (rest.is_empty() && values.iter().all(|value| value.is_finite())).then_some(values)
            }
            Self::I8 => {
                let codes = || bytes.iter().map(|byte| f64::from(byte.cast_signed()));
                let squares: f64 = codes().map(|code| code * code).sum();
                // A rounded vector is no further from length 1 than half a cube's diagonal.
                let half = (bytes.len() as f64).sqrt() / 2.0;
                let off = (squares.sqrt() - f64::from(STEPS)).abs();
                let fits = squares == 0.0 || off <= half + 1e-6;
                let known = !bytes.contains(&i8::MIN.cast_unsigned());
                // Of length 1 again, which rounding changes by some per mille: who compares such vectors takes them to be,
                // and would find two that are the same more similar than that.
                let length = squares.sqrt().max(1.0);
                let values = codes().map(|code| (code / length) as f32);
                (fits && known).then(|| values.collect())
            }
        }
    }

    /// The bits that so many rounded numbers have room for.
    pub(crate) fn bits(self, numbers: u64) -> f64 {
        match self {
            Self::F16 => numbers as f64 * 16.0,
            // And one more for the vector of zeros, which is no direction.
            Self::I8 => count::of_direction(numbers, f64::from(STEPS)) + 1.0,
        }
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::F16 => "rounded to f16",
            Self::I8 => "scaled to length 1 and rounded to i8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of length 1, as features are; the same at each run.
    fn features(count: usize) -> Vec<Vec<f32>> {
        let mut state = 7_u64;
        let mut random = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let mut feature = || {
            let raw: Vec<f32> = (0..512).map(|_| random() + random() + random()).collect();
            let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
            raw.iter().map(|x| x / length).collect()
        };
        (0..count).map(|_| feature()).collect()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f64 {
        let dot = |a: &[f32], b: &[f32]| {
            let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
            products.sum::<f64>()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn similarities_change_by_little() {
        let all = features(40);
        for (quantise, size, most, usual) in [
            (Quantise::F16, 1024, 0.000_05, 0.000_01),
            (Quantise::I8, 512, 0.015, 0.003_5),
        ] {
            let mut squares = Vec::new();
            let rounded: Vec<Vec<f32>> = all
                .iter()
                .map(|feature| {
                    let packed = quantise.pack(feature).unwrap();
                    assert_eq!(packed.len(), size);
                    quantise.unpack(&packed).unwrap()
                })
                .collect();
            // One mixed with another has every similarity in between.
            for (a, b) in (0..all.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
                for weight in [0.0_f32, 0.3, 0.7, 1.0] {
                    let mixed: Vec<f32> = all[a]
                        .iter()
                        .zip(&all[b])
                        .map(|(a, b)| a * weight + b * (1.0 - weight))
                        .collect();
                    let packed = quantise.pack(&mixed).unwrap();
                    let unpacked = quantise.unpack(&packed).unwrap();
                    if quantise == Quantise::I8 {
                        let squares = unpacked.iter().map(|x| f64::from(*x).powi(2));
                        let length = squares.sum::<f64>().sqrt();
                        assert!((length - 1.0).abs() < 1e-6, "{length}");
                    }
                    let change = cosine(&mixed, &all[a]) - cosine(&unpacked, &rounded[a]);
                    assert!(change.abs() < most, "{quantise:?}: {change}");
                    squares.push(change * change);
                }
            }
            let mean = squares.iter().sum::<f64>() / squares.len() as f64;
            assert!(mean.sqrt() < usual, "{quantise:?}: {}", mean.sqrt());
        }
    }

    #[test]
    fn what_is_rounded_stays_what_it_is() {
        for feature in features(20) {
            let packed = Quantise::I8.pack(&feature).unwrap();
            // The low bits of a number do not travel.
            let smuggled: Vec<f32> = feature
                .iter()
                .map(|x| f32::from_bits(x.to_bits() ^ 0xff))
                .collect();
            let again = Quantise::I8.pack(&smuggled).unwrap();
            let differ = packed.iter().zip(&again).filter(|(a, b)| a != b).count();
            assert!(differ < 8, "{differ} of 512 numbers changed");
        }
        assert_eq!(Quantise::I8.pack(&[0.0; 4]).unwrap(), [0; 4]);
        assert_eq!(Quantise::I8.pack(&[0.0, 9.0]).unwrap(), [0, 127]);
    }

    #[test]
    fn bytes_that_no_rounding_makes_are_told() {
        assert_eq!(Quantise::I8.unpack(&[127; 512]), None, "far longer than 1");
        assert_eq!(Quantise::I8.unpack(&[0, 128]), None, "-128 is never made");
        assert_eq!(Quantise::F16.unpack(&[0, 0, 0]), None);
        assert_eq!(Quantise::F16.unpack(&[0xff, 0x7f]), None, "not a number");
        assert!(Quantise::F16.pack(&[1e9]).unwrap_err().contains("f16"));
        assert!(
            Quantise::I8
                .pack(&[f32::NAN])
                .unwrap_err()
                .contains("finite")
        );
    }
}
