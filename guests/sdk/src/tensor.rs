//! Tensors: numbers in and out. Little endian, row major.

use crate::{Failure, Tensor, TensorType};

impl Tensor {
    /// A tensor of 32-bit floats.
    ///
    /// # Errors
    ///
    /// There are more or fewer values than the shape has places.
    pub fn from_floats(shape: &[u32], values: &[f32]) -> Result<Tensor, Failure> {
        if places(shape) != Some(values.len()) {
            return Err(Failure::Failed(format!(
                "{} values do not make a tensor of shape {shape:?}",
                values.len()
            )));
        }
        let data: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Ok(Tensor::new(shape, TensorType::Fp32, &data))
    }

    /// The values of a tensor of 32-bit floats.
    ///
    /// # Errors
    ///
    /// Its elements are of another type.
    pub fn floats(&self) -> Result<Vec<f32>, Failure> {
        self.is(TensorType::Fp32)?;
        Ok(values(&self.data(), f32::from_le_bytes))
    }

    /// The values of a tensor of 64-bit or 32-bit integers.
    ///
    /// # Errors
    ///
    /// Its elements are of another type.
    pub fn integers(&self) -> Result<Vec<i64>, Failure> {
        if self.ty() == TensorType::I32 {
            return Ok(values(&self.data(), |bytes| {
                i64::from(i32::from_le_bytes(bytes))
            }));
        }
        self.is(TensorType::I64)?;
        Ok(values(&self.data(), i64::from_le_bytes))
    }

    fn is(&self, wanted: TensorType) -> Result<(), Failure> {
        let is = self.ty();
        if is == wanted {
            return Ok(());
        }
        Err(Failure::Failed(format!(
            "a tensor of shape {:?} is {}, but {} is wanted",
            self.dimensions(),
            name(is),
            name(wanted)
        )))
    }
}

/// How many elements a shape has; none where that is more than memory holds.
fn places(shape: &[u32]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |places, side| {
        places.checked_mul(usize::try_from(*side).ok()?)
    })
}

/// Bytes that do not make up a whole element are left out; a tensor has none.
fn values<T, const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.chunks_exact(N)
        .filter_map(|bytes| bytes.try_into().ok())
        .map(value)
        .collect()
}

fn name(ty: TensorType) -> &'static str {
    match ty {
        TensorType::Fp16 => "FP16",
        TensorType::Fp32 => "FP32",
        TensorType::Fp64 => "FP64",
        TensorType::Bf16 => "BF16",
        TensorType::U8 => "U8",
        TensorType::I32 => "I32",
        TensorType::I64 => "I64",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let failure = Tensor::from_floats(&[1, 3], &[0.0; 4]).unwrap_err();
        assert_eq!(
            failure.message(),
            "4 values do not make a tensor of shape [1, 3]"
        );
        assert!(Tensor::from_floats(&[u32::MAX; 4], &[0.0; 4]).is_err());
    }

    #[test]
    fn bytes_are_read_as_little_endian_values() {
        assert_eq!(
            values(&[0, 0, 128, 63, 0, 0, 0, 192], f32::from_le_bytes),
            [1.0, -2.0]
        );
        assert_eq!(
            values(&[7, 0, 0, 0, 0, 0, 0, 128], i64::from_le_bytes),
            [i64::MIN + 7]
        );
    }
}
