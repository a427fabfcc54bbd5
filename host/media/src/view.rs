//! What part of an image is looked at, and how.

use crate::image::MAX_SIDE;
use crate::{Affine, Encoding, Error, Rect};

/// A colour: red, green, blue, each 0 to 255. Black by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Colour {
    /// The three as floats, red first.
    pub(crate) fn to_f32(self) -> [f32; 3] {
        [f32::from(self.r), f32::from(self.g), f32::from(self.b)]
    }
}

/// What part of an image is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Region {
    /// All of it, stretched to the size asked for.
    #[default]
    Whole,
    /// A rectangle of it, stretched to the size asked for.
    Rect(Rect),
    /// An affine warp of it: the map from the result to the source.
    Affine(Affine),
}

/// How a pixel of the result is made from pixels of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// From the nearest pixel.
    Nearest,
    /// From the four nearest pixels, weighted by distance.
    #[default]
    Bilinear,
    /// From the mean of the area that the result's pixel covers, which keeps a strongly reduced image
    /// free of aliasing; where the image is enlarged, as `Bilinear`.
    Area,
}

/// A view of an image: a region of it, resampled to a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// What is looked at.
    pub region: Region,
    /// Width of the result in pixels, 1 to 65,535.
    pub width: u32,
    /// Height of the result in pixels, 1 to 65,535.
    pub height: u32,
    /// How it is resampled.
    pub filter: Filter,
    /// What is seen beyond the edges of the image.
    pub border: Colour,
}

impl View {
    /// All of an image at a size, bilinear.
    pub fn whole(width: u32, height: u32) -> Self {
        Self {
            region: Region::Whole,
            width,
            height,
            filter: Filter::Bilinear,
            border: Colour::default(),
        }
    }

    /// The bytes of the image that [`crate::Image::view`] makes of this view; none where the number does
    /// not fit in 64 bits.
    pub fn image_bytes(&self) -> Option<u64> {
        u64::from(self.width)
            .checked_mul(u64::from(self.height))?
            .checked_mul(3)
    }

    /// The bytes of the tensor that [`crate::Image::tensor`] makes of this view; none where the number
    /// does not fit in 64 bits.
    pub fn tensor_bytes(&self, encoding: &Encoding) -> Option<u64> {
        u64::from(self.width)
            .checked_mul(u64::from(self.height))?
            .checked_mul(u64::from(encoding.channels.count()))?
            .checked_mul(encoding.element.size() as u64)
    }

    /// Refuses a size without pixels, and a side longer than any picture's.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&self.width) || !sides.contains(&self.height) {
            return Err(Error::Invalid(format!(
                "the sides of a view must be 1 to {MAX_SIDE} pixels, not {} x {}",
                self.width, self.height
            )));
        }
        Ok(())
    }
}
