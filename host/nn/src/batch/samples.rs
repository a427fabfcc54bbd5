//! Tensors to try a model with, and their numbers.

use half::{bf16, f16};

use crate::{ElementType, Error, Tensor, TensorInfo};

/// A row of inputs of these shapes; another one for each number. Floats are from -1 to 1, bytes are of
/// all values, and integers, which are often places in a list, are 0 or 1.
pub(super) fn row(
    infos: &[TensorInfo],
    shapes: &[Vec<u32>],
    number: u32,
) -> Result<Vec<Tensor>, Error> {
    let mut random = Random(u64::from(number));
    infos
        .iter()
        .zip(shapes)
        .map(|(info, shape)| {
            let count = crate::byte_size(shape, ElementType::U8)?;
            let mut data = Vec::with_capacity(count.saturating_mul(info.element.size()));
            for _ in 0..count {
                random.write(info.element, &mut data);
            }
            Tensor::new(shape.clone(), info.element, data)
        })
        .collect()
}

/// The numbers of a tensor.
pub(super) fn numbers(tensor: &Tensor) -> Vec<f64> {
    let data = &tensor.data;
    match tensor.element {
        ElementType::F16 => read(data, |bytes| f16::from_le_bytes(bytes).to_f64()),
        ElementType::Bf16 => read(data, |bytes| bf16::from_le_bytes(bytes).to_f64()),
        ElementType::F32 => read(data, |bytes| f32::from_le_bytes(bytes).into()),
        ElementType::F64 => read(data, f64::from_le_bytes),
        ElementType::U8 => read(data, |bytes| u8::from_le_bytes(bytes).into()),
        ElementType::I32 => read(data, |bytes| i32::from_le_bytes(bytes).into()),
        // Two that are not the same may become so beyond 2^53, where no index is.
        ElementType::I64 => read(data, |bytes| i64::from_le_bytes(bytes) as f64),
    }
}

fn read<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (chunks, _) = data.as_chunks::<N>();
    chunks.iter().map(|chunk| number(*chunk)).collect()
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From -1 to 1, in steps that an f32 has.
    fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn write(&mut self, element: ElementType, data: &mut Vec<u8>) {
        match element {
            ElementType::F16 => data.extend(f16::from_f32(self.float()).to_le_bytes()),
            ElementType::Bf16 => data.extend(bf16::from_f32(self.float()).to_le_bytes()),
            ElementType::F32 => data.extend(self.float().to_le_bytes()),
            ElementType::F64 => data.extend(f64::from(self.float()).to_le_bytes()),
            ElementType::U8 => data.push((self.next() >> 56) as u8),
            ElementType::I32 => data.extend((self.next() as i32 & 1).to_le_bytes()),
            ElementType::I64 => data.extend((self.next() as i64 & 1).to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_differ_and_are_the_same_every_time() {
        for element in ElementType::ALL {
            let info = TensorInfo {
                name: "x".to_owned(),
                element,
                shape: vec![None, Some(64)],
            };
            let row = |number| {
                row(std::slice::from_ref(&info), &[vec![1, 64]], number)
                    .unwrap()
                    .remove(0)
            };
            assert_eq!(row(1), row(1), "{element}");
            assert_ne!(row(1), row(2), "{element}");
            let numbers = numbers(&row(1));
            assert_eq!(numbers.len(), 64);
            let range = match element {
                ElementType::U8 => 0.0..=255.0,
                ElementType::I32 | ElementType::I64 => 0.0..=1.0,
                _ => -1.0..=1.0,
            };
            assert!(
                numbers.iter().all(|number| range.contains(number)),
                "{element}"
            );
            assert!(numbers.iter().any(|number| *number != 0.0), "{element}");
        }
    }
}
