//! JPEG: grey, YCbCr, RGB, CMYK and YCCK; baseline and progressive.

use std::borrow::Cow;

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::header::Header;
use super::orient::upright;
use super::{DecodeLimits, buffer, finish};
use crate::image::MAX_SIDE;
use crate::{DecodeError, Image};

/// How the components are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colours {
    /// The decoder makes RGB of them.
    Converted,
    /// They are red, green and blue already.
    Rgb,
    /// They are the ink of cyan, magenta, yellow and black, 255 for all of it.
    Cmyk,
}

impl Colours {
    /// Adobe's programs write CMYK the other way round, 0 for all of the ink, and say that it was they who
    /// wrote it; that is also what the decoder takes CMYK and YCCK to be. They mark RGB by the same
    /// transform as CMYK, which the decoder takes for CMYK.
    fn of(header: &Header) -> Self {
        match (header.components, header.adobe) {
            (4, None) => Self::Cmyk,
            (3, Some(adobe)) if adobe.transform == 0 => Self::Rgb,
            _ => Self::Converted,
        }
    }
}

/// 128 bits that are all ones: in a scan, a code that no JPEG uses.
///
/// A byte of ones is followed by one of zeros, which tells it from a marker.
const NO_CODE: [[u8; 2]; 16] = [[0xFF, 0x00]; 16];

/// Decodes a JPEG whose first bytes are those of one.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Image, DecodeError> {
    let header = Header::read(bytes, |width, height| limits.check(width, height))?;
    let (width, height) = (header.width, header.height);
    let colours = Colours::of(&header);
    let mut input = Cow::Borrowed(bytes);
    if colours == Colours::Rgb
        && let Some(adobe) = header.adobe
        && let Some(first) = input.to_mut().get_mut(adobe.name_at)
    {
        // Without its name the segment is skipped, and the components come out as they are.
        *first = b'-';
    }
    if header.one_scan {
        // A file that was cut off may have been given an end again, by a camera that lost packets. The
        // decoder would read zeros there, and make them grey; this it takes for the error that it is.
        input
            .to_mut()
            .splice(header.end..header.end, NO_CODE.into_iter().flatten());
    }
    // Strict: what is missing is an error, and not filled with grey.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(input.as_ref()), options);
    decoder.decode_headers().map_err(broken)?;
    if colours != Colours::Converted
        && let Some(stored) = decoder.input_colorspace()
    {
        decoder.set_options(options.jpeg_set_out_colorspace(stored));
    }
    let size = decoder
        .output_buffer_size()
        .ok_or_else(|| DecodeError::Broken("it states no size".to_owned()))?;
    let mut pixels = buffer(size, width, height)?;
    decoder.decode_into(&mut pixels).map_err(broken)?;
    let rgb = match colours {
        Colours::Converted | Colours::Rgb => pixels,
        Colours::Cmyk => without_ink(&pixels),
    };
    upright(finish(width, height, rgb)?, header.orientation)
}

/// White paper seen through cyan, magenta, yellow and black ink.
fn without_ink(cmyk: &[u8]) -> Vec<u8> {
    let left = |ink: u8, black: u8| {
        let product = u32::from(255 - ink) * u32::from(255 - black);
        ((product + 127) / 255) as u8
    };
    let (pixels, _) = cmyk.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|[c, m, y, k]| [left(*c, *k), left(*m, *k), left(*y, *k)])
        .collect()
}

/// What the decoder says, as an error of ours.
fn broken(error: DecodeErrors) -> DecodeError {
    DecodeError::Broken(match error {
        DecodeErrors::Unsupported(scheme) => {
            return DecodeError::Unsupported(format!("{scheme:?}"));
        }
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => {
            return DecodeError::Truncated("it ends within its pixels".to_owned());
        }
        DecodeErrors::Format(text)
        | DecodeErrors::HuffmanDecode(text)
        | DecodeErrors::DqtError(text)
        | DecodeErrors::SosError(text)
        | DecodeErrors::SofError(text)
        | DecodeErrors::MCUError(text) => text.trim().to_owned(),
        DecodeErrors::FormatStatic(text) => text.trim().to_owned(),
        other => other.to_string(),
    })
}
