//! Tensors: numbers in and out. Little endian, row major.

use std::ops::Deref;

use crate::{Failure, Tensor, TensorType};

/// The values of a tensor of 32-bit floats, to be used as a slice.
///
/// They stay in the bytes that the host wrote. A detector gives 270 KB of them, and a second copy is
/// memory that the instance has to be given for this item, and that is cleared for the next.
#[derive(Clone, Debug)]
pub struct Floats(Place);

#[derive(Clone, Debug)]
enum Place {
    /// Bytes that lie as floats have to.
    Bytes(Vec<u8>),
    Copied(Vec<f32>),
}

impl Floats {
    fn of(bytes: Vec<u8>) -> Floats {
        Floats(match bytemuck::try_cast_slice::<u8, f32>(&bytes) {
            Ok(_) => Place::Bytes(bytes),
            Err(_) => Place::Copied(values(&bytes, f32::from_le_bytes)),
        })
    }
}

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Place::Bytes(bytes) => bytemuck::try_cast_slice(bytes).unwrap_or_default(),
            Place::Copied(values) => values,
        }
    }
}

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
        let data = bytemuck::cast_slice(values);
        Ok(Tensor::new(shape, TensorType::Fp32, data))
    }

    /// The values of a tensor of 32-bit floats.
    ///
    /// # Errors
    ///
    /// Its elements are of another type.
    pub fn floats(&self) -> Result<Floats, Failure> {
        self.is(TensorType::Fp32)?;
        Ok(Floats::of(self.data()))
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
    let (elements, _) = data.as_chunks::<N>();
    elements.iter().map(|bytes| value(*bytes)).collect()
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
    fn floats_are_read_wherever_their_bytes_lie() {
        let bytes: Vec<u8> = [1.0_f32, -2.0]
            .into_iter()
            .flat_map(f32::to_le_bytes)
            .collect();
        assert_eq!(*Floats::of(bytes.clone()), [1.0, -2.0]);
        assert_eq!(*Floats(Place::Copied(vec![1.0, -2.0])), [1.0, -2.0]);
        // Bytes that make up no whole float at the end are left out.
        assert_eq!(*Floats::of([&bytes, &[7_u8][..]].concat()), [1.0, -2.0]);
        assert!(Floats::of(Vec::new()).is_empty());
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
