//! Writes rows of pixels into the bytes of a tensor.

use half::f16;

use crate::sample::Row;
use crate::{Channels, Encoding, Error, Layout, PixelType};

/// A tensor that is being written, row by row.
pub(crate) struct Writer<'a> {
    encoding: &'a Encoding,
    width: u32,
    height: u32,
    data: &'a mut [u8],
}

impl<'a> Writer<'a> {
    /// Writes a tensor of this many pixels into memory that is as large as it.
    pub(crate) fn new(encoding: &'a Encoding, width: u32, height: u32, data: &'a mut [u8]) -> Self {
        Self {
            encoding,
            width,
            height,
            data,
        }
    }

    /// Writes row `y`.
    pub(crate) fn row(&mut self, y: usize, row: &Row) {
        match self.encoding.element {
            PixelType::U8 => self.elements(y, row, |value| [rounded(value)]),
            PixelType::F16 => self.elements(y, row, |value| f16::from_f32(value).to_le_bytes()),
            PixelType::F32 => self.elements(y, row, f32::to_le_bytes),
        }
    }

    /// Writes row `y` as elements of `N` bytes.
    fn elements<const N: usize>(&mut self, y: usize, row: &Row, bytes: impl Fn(f32) -> [u8; N]) {
        let [m0, m1, m2] = self.encoding.mean;
        let [s0, s1, s2] = self.encoding.scale;
        let elements = self.data.as_chunks_mut::<N>().0;
        let width = self.width as usize;
        let plane = width * self.height as usize;
        match (self.encoding.layout, self.encoding.channels) {
            (_, Channels::Luma) => {
                let values = row.iter().map(|pixel| (luma(pixel) - m0) * s0);
                fill(elements, y * width, values.map(bytes));
            }
            (Layout::Nchw, channels) => {
                let from = match channels {
                    Channels::Bgr => [2, 1, 0],
                    _ => [0, 1, 2],
                };
                let planes = from.into_iter().zip([m0, m1, m2]).zip([s0, s1, s2]);
                for (plane_index, ((channel, mean), scale)) in planes.enumerate() {
                    let values = row.iter().map(|pixel| {
                        let value = pixel.get(channel).copied().unwrap_or_default();
                        bytes((value - mean) * scale)
                    });
                    fill(elements, plane_index * plane + y * width, values);
                }
            }
            (Layout::Nhwc, channels) => {
                let pixels = elements.as_chunks_mut::<3>().0;
                let bgr = channels == Channels::Bgr;
                let values = row.iter().map(|[r, g, b]| {
                    let [first, last] = if bgr { [b, r] } else { [r, b] };
                    [
                        bytes((first - m0) * s0),
                        bytes((g - m1) * s1),
                        bytes((last - m2) * s2),
                    ]
                });
                fill(pixels, y * width, values);
            }
        }
    }
}

/// Memory for a result, empty, or an error where there is none.
pub(crate) fn memory(bytes: Option<u64>, width: u32, height: u32) -> Result<Vec<u8>, Error> {
    let too_large = || Error::TooLarge { width, height };
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(too_large)?;
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| too_large())?;
    Ok(memory)
}

/// A value as 8 bits: rounded, and clamped to 0 to 255.
pub(crate) fn rounded(value: f32) -> u8 {
    // The conversion cuts off what is behind the point, and clamps.
    (value + 0.5) as u8
}

/// Luminance by ITU-R BT.601.
pub(crate) fn luma([r, g, b]: &[f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn fill<T>(to: &mut [T], at: usize, values: impl Iterator<Item = T>) {
    let places = to.get_mut(at..).unwrap_or(&mut []);
    places
        .iter_mut()
        .zip(values)
        .for_each(|(to, value)| *to = value);
}
