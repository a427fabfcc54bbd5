//! Pictures: decoded, looked at, and written into tensors.
//!
//! An [`Image`] holds 8 bits each of red, green and blue, upright, and never changes. A [`View`] says
//! which part of it is looked at ([`Region`]), at what size, how it is resampled ([`Filter`]) and what
//! colour lies beyond its edges. [`Image::view`] makes a new image of a view, [`Image::tensor`] writes
//! one straight into the bytes of a tensor, as an [`Encoding`] says. The terms and their meaning are
//! those of the interface `media` in `wit/stage.wit`; what both promise is written here and there alike.
//!
//! # Coordinates
//!
//! All coordinates are continuous: pixel (i, j) covers the square from (i, j) to (i + 1, j + 1), so the
//! centre of the first pixel is (0.5, 0.5). Each region is a map from the result to the source,
//! `(a x + b y + c, d x + e y + f)`; `whole` and `rect` are such maps with `b = d = 0`.
//!
//! # Filters and the border
//!
//! The image covers the square from (0, 0) to (width, height). What lies within has the image's colours,
//! what lies beyond the border's: there is no blending of the two but in a mean over an area that has
//! both. Let p be the point of the source that the centre of a pixel of the result maps to. Then the
//! filters give:
//!
//! - `nearest`: the pixel that holds p, or the border;
//! - `bilinear`: for a p within the image, the four pixels whose centres are around p, weighted by distance,
//!   however much the picture is reduced (within half a pixel of an edge the outermost pixels stand in for
//!   those that are missing); for any other, the border;
//! - `area`: the mean over what the result's pixel covers. Where a map that keeps the axes reduces, this is
//!   exact, and beyond the image it counts the border. In a direction in which a map enlarges, it is as
//!   `bilinear`. A map that turns or shears takes the bilinear sample of the source, reduced beforehand by
//!   the whole factors nearest to those of the map.
//!
//! So `whole` never shows the border, and a letterbox is an affine map, or a rectangle, that reaches
//! beyond the image.
//!
//! # What can be trusted
//!
//! No input makes this crate panic: bytes that are no picture, sizes that overflow and maps that cannot be
//! inverted are errors. The size of a picture is checked before memory for it is taken, and
//! [`View::image_bytes`] and [`View::tensor_bytes`] say beforehand what a view will take.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod decode;
mod encoding;
mod error;
mod geometry;
mod image;
mod sample;
mod sharpness;
mod view;
mod write;

pub use decode::DecodeLimits;
pub use encoding::{Channels, Encoding, Layout, PixelType, Pixels};
pub use error::{DecodeError, Error};
pub use geometry::{Affine, Point, Rect};
pub use image::Image;
pub use view::{Colour, Filter, Region, View};
