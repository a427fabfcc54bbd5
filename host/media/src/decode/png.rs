//! PNG: every colour type and depth, with transparency.

use std::io::{Cursor, ErrorKind};

use image::codecs::png::PngDecoder;
use image::error::{ImageError, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits};

use super::orient::upright;
use super::{DecodeLimits, finish};
use crate::{DecodeError, Image};

/// What a PNG may take beside its pixels, in bytes: text and colour profiles, which may be compressed.
const BESIDE_PIXELS: u64 = 64 << 20;

/// Decodes a PNG whose first bytes are those of one.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Image, DecodeError> {
    let (width, height) = size(bytes)
        .ok_or_else(|| DecodeError::Truncated("it ends before its size is stated".to_owned()))?;
    limits.check(width, height)?;
    let mut memory = Limits::no_limits();
    memory.max_alloc = Some(BESIDE_PIXELS);
    let mut decoder =
        PngDecoder::with_limits(Cursor::new(bytes), memory.clone()).map_err(broken)?;
    memory.max_alloc = Some(decoder.total_bytes().saturating_add(BESIDE_PIXELS));
    decoder.set_limits(memory).map_err(broken)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    let rgb = if picture.color().has_alpha() {
        over_white(picture.into_rgba8().as_raw())
    } else {
        picture.into_rgb8().into_raw()
    };
    upright(finish(width, height, rgb)?, orientation)
}

/// The size that the first chunk states, before a decoder takes any memory for it.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    // The signature, the chunk's length and its name are 16 bytes.
    let (width, rest) = bytes.get(16..)?.split_first_chunk::<4>()?;
    let height = rest.first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Lays pixels with transparency (not premultiplied) over white, as paper and most programs do.
fn over_white(rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|[r, g, b, alpha]| {
            let seen = |colour: u8| {
                let alpha = u32::from(*alpha);
                ((u32::from(colour) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
            };
            [seen(*r), seen(*g), seen(*b)]
        })
        .collect()
}

/// What the decoder says, as an error of ours.
fn broken(error: ImageError) -> DecodeError {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            DecodeError::Truncated("it ends within its pixels".to_owned())
        }
        ImageError::Unsupported(error) => DecodeError::Unsupported(match error.kind() {
            UnsupportedErrorKind::Color(colour) => format!("a PNG with {colour:?} pixels"),
            _ => error.to_string(),
        }),
        other => DecodeError::Broken(other.to_string()),
    }
}
