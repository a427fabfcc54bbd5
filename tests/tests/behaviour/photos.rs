//! The sample photos, and pictures made of them.

use crate::places;
use image::imageops::FilterType;
use image::{ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// A sample photo, as its file is.
pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(places::cache().join("photos").join(name)).unwrap()
}

/// A sample photo, of a height in pixels.
pub fn picture(name: &str, height: u32) -> RgbImage {
    let photo = image::load_from_memory(&bytes(name)).unwrap().to_rgb8();
    let width = (photo.width() * height + photo.height() / 2) / photo.height();
    image::imageops::resize(&photo, width, height, FilterType::Triangle)
}

/// One person, the same in every test that needs just a face; the face is about 80 pixels wide.
pub fn face() -> RgbImage {
    picture("people/biden.jpg", 640)
}

/// Two pictures side by side.
pub fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let height = left.height().max(right.height());
    let mut both = RgbImage::new(left.width() + right.width(), height);
    image::imageops::replace(&mut both, left, 0, 0);
    image::imageops::replace(&mut both, right, i64::from(left.width()), 0);
    both
}

/// A picture without a face: a gradient.
pub fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x % 256) as u8, (y % 256) as u8, 90])
    })
}

/// As a PNG of 8 bits.
pub fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
