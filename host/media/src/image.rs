//! The picture itself.

use std::fmt;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::decode::decode;
use crate::sample::Sampler;
use crate::sharpness::sharpness;
use crate::write::{Writer, memory, rounded};
use crate::{DecodeError, DecodeLimits, Encoding, Error, Pixels, View};

/// The longest side of an image and of a view, in pixels: that of a JPEG. It bounds the memory that is
/// taken for a row while a view is made.
pub(crate) const MAX_SIDE: u32 = 65_535;

/// A picture: 8 bits each of red, green and blue, upright. It never changes.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Image {
    /// A picture of `width` x `height` pixels from its bytes, three a pixel (red, green, blue), row by
    /// row from the top left corner.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where a side is 0 or above 65,535, or the length of `rgb` is not
    /// `width * height * 3`.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, Error> {
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(Error::Invalid(format!(
                "the sides of an image must be 1 to {MAX_SIDE} pixels, not {width} x {height}"
            )));
        }
        let wanted = u64::from(width) * u64::from(height) * 3;
        if rgb.len() as u64 != wanted {
            return Err(Error::Invalid(format!(
                "an image of {width} x {height} pixels has {wanted} bytes, not {}",
                rgb.len()
            )));
        }
        Ok(Self { width, height, rgb })
    }

    /// Decodes a JPEG or a PNG.
    ///
    /// JPEG: baseline and progressive; grey, YCbCr, RGB, CMYK and YCCK, the last two also as Adobe's
    /// programs write them. PNG: all colour types and depths; 16 bits are rounded to 8, and what is
    /// transparent is laid over white. Colour profiles are not looked at. The picture is turned upright as
    /// its EXIF data says.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] says why. A picture that is cut off or damaged is an error, never a picture with
    /// parts missing. A picture above the limits is refused before memory for its pixels is taken.
    pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Self, DecodeError> {
        decode(bytes, limits)
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels, three bytes each (red, green, blue), row by row from the top left corner.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The bytes of memory that the pixels take.
    pub fn bytes(&self) -> usize {
        self.rgb.len()
    }

    /// A view of this image as an image of its own, each value rounded to 8 bits.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a side of 0 or above 65,535, a rectangle without area, a map that cannot be
    /// inverted, and numbers that are not finite; [`Error::TooLarge`] where memory does not suffice.
    pub fn view(&self, view: &View) -> Result<Self, Error> {
        let sampler = Sampler::new(self, view)?;
        let mut rgb = memory(view.image_bytes(), view.width, view.height)?;
        sampler.rows(view.width, view.height, |_, row| {
            rgb.extend(row.as_flattened().iter().map(|value| rounded(*value)));
        });
        Self::new(view.width, view.height, rgb)
    }

    /// A view of this image as a tensor. Its values are not rounded to 8 bits on the way.
    ///
    /// # Errors
    ///
    /// As for [`Image::view`]; also [`Error::Invalid`] for a mean or a scale that is not finite.
    pub fn tensor(&self, view: &View, encoding: &Encoding) -> Result<Pixels, Error> {
        let mut data = memory(view.tensor_bytes(encoding), view.width, view.height)?;
        data.resize(data.capacity(), 0);
        self.write_tensor(view, encoding, &mut data)?;
        Ok(Pixels {
            shape: encoding.shape(view.width, view.height).to_vec(),
            element: encoding.element,
            data,
        })
    }

    /// Writes a view of this image as a tensor into memory that is there already, all of it. The
    /// elements are row-major and little endian, as in [`Pixels::data`].
    ///
    /// # Errors
    ///
    /// As for [`Image::tensor`]; also [`Error::Invalid`] where the memory is not of
    /// [`View::tensor_bytes`].
    pub fn write_tensor(
        &self,
        view: &View,
        encoding: &Encoding,
        data: &mut [u8],
    ) -> Result<(), Error> {
        encoding.check()?;
        let sampler = Sampler::new(self, view)?;
        if view.tensor_bytes(encoding) != Some(data.len() as u64) {
            return Err(Error::Invalid(format!(
                "a tensor of {} x {} pixels does not have {} bytes",
                view.width,
                view.height,
                data.len()
            )));
        }
        let mut writer = Writer::new(encoding, view.width, view.height, data);
        sampler.rows(view.width, view.height, |y, row| writer.row(y, row));
        Ok(())
    }

    /// How sharp the picture is: the variance of the Laplacian (the four neighbours of a pixel minus four
    /// times the pixel) of the luminance from 0 to 255. 0 for a picture of one colour and for one of less
    /// than 3 x 3 pixels; a few for a blurred face, hundreds for a sharp one. It depends on the size:
    /// compare pictures of the same.
    pub fn sharpness(&self) -> f32 {
        sharpness(self)
    }

    /// The picture as a PNG.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] where the encoder fails.
    pub fn encode_png(&self) -> Result<Vec<u8>, Error> {
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
            .write_image(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(|error| Error::Encode(error.to_string()))?;
        Ok(png)
    }

    /// All pixels, row by row.
    pub(crate) fn pixels(&self) -> &[[u8; 3]] {
        self.rgb.as_chunks::<3>().0
    }

    /// The pixels of a row; none where there is no such row.
    pub(crate) fn row(&self, y: usize) -> &[[u8; 3]] {
        let width = self.width as usize;
        let begin = y.saturating_mul(width);
        self.pixels()
            .get(begin..begin.saturating_add(width))
            .unwrap_or(&[])
    }

    /// The bytes alone.
    pub(crate) fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} x {})", self.width, self.height)
    }
}
