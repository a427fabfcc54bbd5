//! Bytes to pictures.

mod header;
mod jpeg;
mod orient;
mod png;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::image::MAX_SIDE;
use crate::{DecodeError, Image};

/// What a picture may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The most pixels (width times height) that a header may state. 40 million by default.
    pub max_pixels: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_pixels: 40_000_000,
        }
    }
}

impl DecodeLimits {
    /// Refuses a size that a header states; called before any memory is taken for pixels.
    fn check(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::Broken(format!(
                "its header states a size of {width} x {height} pixels"
            )));
        }
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(DecodeError::TooLarge {
                width,
                height,
                max_pixels: self.max_pixels,
            });
        }
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(DecodeError::Unsupported(format!(
                "a side longer than {MAX_SIDE} pixels ({width} x {height})"
            )));
        }
        Ok(())
    }
}

/// Decodes a JPEG or a PNG, told apart by their first bytes.
pub(crate) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Image, DecodeError> {
    let format = if bytes.is_empty() {
        return Err(DecodeError::Empty);
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        jpeg::decode
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png::decode
    } else {
        return Err(DecodeError::NotAnImage);
    };
    // The decoders are meant not to panic, but they are large and not ours, and these bytes come from
    // strangers: a defect in them is to cost one picture.
    catch_unwind(AssertUnwindSafe(|| format(bytes, limits)))
        .unwrap_or_else(|_| Err(DecodeError::Broken("the decoder gave up on it".to_owned())))
}

/// Zeroed memory for decoded bytes, or an error instead of an abort where there is none.
fn buffer(bytes: usize, width: u32, height: u32) -> Result<Vec<u8>, DecodeError> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(bytes).map_err(|_| {
        DecodeError::Unsupported(format!("{width} x {height} pixels do not fit in memory"))
    })?;
    buffer.resize(bytes, 0);
    Ok(buffer)
}

/// An image of a size that was checked before.
fn finish(width: u32, height: u32, rgb: Vec<u8>) -> Result<Image, DecodeError> {
    Image::new(width, height, rgb).map_err(|error| DecodeError::Broken(error.to_string()))
}
