use std::fmt;

use crate::{Buffer, ElementType, Error, ErrorKind};

/// The most dimensions a tensor may have: more than any model has, and few enough that a shape from a
/// guest stays small.
pub const MAX_RANK: usize = 16;

/// Numbers with a type and a shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Tensor {
    /// The size of each dimension, outermost first. Empty for a single number.
    pub shape: Vec<u32>,
    /// The type of each element.
    pub element: ElementType,
    /// The elements in row-major order (the last dimension is contiguous), each little endian.
    pub data: Buffer,
}

impl Tensor {
    /// A tensor of these bytes.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where the bytes are not exactly what shape and type need, or there are more
    /// than [`MAX_RANK`] dimensions; `TooLarge` where the size overflows.
    pub fn new(
        shape: Vec<u32>,
        element: ElementType,
        data: impl Into<Buffer>,
    ) -> Result<Tensor, Error> {
        let tensor = Tensor {
            shape,
            element,
            data: data.into(),
        };
        tensor.check()?;
        Ok(tensor)
    }

    /// A tensor of type `F32`.
    ///
    /// # Errors
    ///
    /// As [`Tensor::new`].
    pub fn from_f32(shape: Vec<u32>, values: &[f32]) -> Result<Tensor, Error> {
        let data: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Tensor::new(shape, ElementType::F32, data)
    }

    /// The elements of a tensor of type `F32`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where it is of another type, or its bytes do not fit its shape.
    pub fn to_f32(&self) -> Result<Vec<f32>, Error> {
        if self.element != ElementType::F32 {
            return Err(Error::invalid(format!(
                "the tensor is {}, and f32 is needed",
                self.element
            )));
        }
        self.check()?;
        let (chunks, _) = self.data.as_chunks::<4>();
        Ok(chunks
            .iter()
            .map(|chunk| f32::from_le_bytes(*chunk))
            .collect())
    }

    /// The size of the elements in bytes.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Whether the bytes are what shape and type need. The fields are public, so a tensor that was
    /// made elsewhere is checked before a library that trusts its size sees it.
    ///
    /// # Errors
    ///
    /// As [`Tensor::new`].
    pub fn check(&self) -> Result<(), Error> {
        let needed = byte_size(&self.shape, self.element)?;
        if needed == self.data.len() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "a tensor {} {} needs {needed} bytes, and has {}",
            self.element,
            Dimensions(&self.shape),
            self.data.len()
        )))
    }
}

impl fmt::Debug for Tensor {
    /// Without the elements: they may be many, and may be somebody's face.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Tensor {} {} ({} bytes)",
            self.element,
            Dimensions(&self.shape),
            self.data.len()
        )
    }
}

/// The bytes that a tensor of this shape and type has.
///
/// # Errors
///
/// `InvalidArgument` for more than [`MAX_RANK`] dimensions, `TooLarge` where the product overflows.
pub fn byte_size(shape: &[u32], element: ElementType) -> Result<usize, Error> {
    if shape.len() > MAX_RANK {
        return Err(Error::invalid(format!(
            "a tensor of {} dimensions was given; at most {MAX_RANK} are possible",
            shape.len()
        )));
    }
    shape
        .iter()
        .try_fold(element.size(), |size, side| {
            size.checked_mul(usize::try_from(*side).ok()?)
        })
        // No allocation can be larger than this, so no tensor can.
        .filter(|size| isize::try_from(*size).is_ok())
        .ok_or_else(|| {
            Error::new(
                ErrorKind::TooLarge,
                format!(
                    "a tensor {element} {} is larger than memory can be",
                    Dimensions(shape)
                ),
            )
        })
}

/// Writes a shape as `[1, 3, 320, 320]`.
pub(crate) struct Dimensions<'a>(pub &'a [u32]);

impl fmt::Display for Dimensions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().take(MAX_RANK))
            .finish()
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn numbers_read_back_as_they_were_written() {
        let values = [0.0, -1.5, f32::MAX, f32::MIN_POSITIVE];
        let tensor = Tensor::from_f32(vec![2, 2], &values).unwrap();
        assert_eq!(tensor.to_f32().unwrap(), values);
        assert_eq!(tensor.bytes(), 16);
    }

    #[test]
    fn bytes_that_do_not_fit_the_shape_are_refused() {
        for length in [0, 15, 17] {
            let error = Tensor::new(vec![2, 2], ElementType::F32, vec![0; length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains("needs 16 bytes"), "{error}");
        }
    }

    #[test]
    fn a_size_that_overflows_is_refused() {
        for shape in [vec![u32::MAX; 2], vec![u32::MAX; 3]] {
            let error = Tensor::new(shape, ElementType::F64, Vec::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
        }
    }

    #[test]
    fn a_shape_of_a_thousand_dimensions_is_refused_in_a_short_message() {
        let error = Tensor::new(vec![1; 1000], ElementType::U8, vec![0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().len() < 200, "{error}");
    }

    #[test]
    fn another_type_is_not_read_as_f32() {
        let tensor = Tensor::new(vec![1], ElementType::I32, vec![0; 4]).unwrap();
        assert!(tensor.to_f32().unwrap_err().to_string().contains("i32"));
    }

    #[test]
    fn a_single_number_has_no_dimensions() {
        assert_eq!(Tensor::from_f32(vec![], &[7.0]).unwrap().bytes(), 4);
    }

    #[test]
    fn the_elements_are_not_printed() {
        let tensor = Tensor::new(vec![3], ElementType::U8, vec![201, 202, 203]).unwrap();
        assert_eq!(format!("{tensor:?}"), "Tensor u8 [3] (3 bytes)");
    }
}
