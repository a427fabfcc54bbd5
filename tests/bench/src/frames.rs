//! Frames to measure with, made of the sample photos that a fresh clone fetches.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result};
use footlight_media::{DecodeLimits, Image};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::places::Places;

/// Width and height of a frame, in pixels: a camera's.
pub const SIZE: (u32, u32) = (640, 480);

/// Portraits that faces are taken from, each with the part of it that shows the face: left, top and
/// side of a square, as shares of the width.
const FACES: [(&str, [f64; 3]); 4] = [
    ("people/obama2.jpg", [0.14, 0.06, 0.72]),
    ("people/biden.jpg", [0.12, 0.05, 0.76]),
    ("others/astronaut.png", [0.28, 0.02, 0.36]),
    ("people/obama3.jpg", [0.14, 0.05, 0.72]),
];

/// A frame.
pub struct Frame {
    /// What it shows.
    pub name: String,
    /// The file, as a client sends it.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// The frame's pixels.
    pub fn decode(&self) -> Result<Image> {
        Ok(Image::decode(&self.bytes, &DecodeLimits::default())?)
    }
}

/// Frames of a camera's size with 0, 1 and 2 faces: what most measurements go through.
pub fn usual(places: &Places) -> Result<Vec<Frame>> {
    [1, 0, 1, 2]
        .into_iter()
        .enumerate()
        .map(|(index, faces)| with_faces(places, faces, index))
        .collect()
}

/// A frame with this many faces, beginning with the `first` of them.
pub fn with_faces(places: &Places, count: usize, first: usize) -> Result<Frame> {
    let (width, height) = SIZE;
    let mut canvas = RgbImage::from_pixel(width, height, Rgb([96, 104, 112]));
    // As many columns as keep the faces large, and rows for the rest.
    let columns = match count {
        0..=2 => count.max(1),
        3..=6 => 3,
        _ => 4,
    };
    let rows = count.div_ceil(columns).max(1);
    let side = (width / u32::try_from(columns)?)
        .min(height / u32::try_from(rows)?)
        .min(height);
    let faces = FACES.iter().cycle().skip(first).take(count);
    for (index, (photo, part)) in faces.enumerate() {
        let face = face(&places.photos.join(photo), *part, side)?;
        let (x, y) = (index % columns, index / columns);
        let step = width / u32::try_from(columns)?;
        let left = i64::try_from(x)? * i64::from(step) + i64::from((step - side) / 2);
        imageops::replace(
            &mut canvas,
            &face,
            left,
            i64::try_from(y)? * i64::from(side),
        );
    }
    Ok(Frame {
        name: match count {
            1 => "1 face".to_owned(),
            _ => format!("{count} faces"),
        },
        bytes: jpeg(&canvas)?,
    })
}

fn face(photo: &Path, [left, top, part]: [f64; 3], side: u32) -> Result<RgbImage> {
    let bytes = fs::read(photo).with_context(|| {
        format!(
            "cannot read {}; `cargo xtask fetch` fetches it",
            photo.display()
        )
    })?;
    let photo = image::load_from_memory(&bytes)?.to_rgb8();
    let width = f64::from(photo.width());
    let square = imageops::crop_imm(
        &photo,
        (left * width) as u32,
        (top * width) as u32,
        (part * width) as u32,
        (part * width) as u32,
    );
    Ok(imageops::resize(
        &square.to_image(),
        side,
        side,
        FilterType::Triangle,
    ))
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))?;
    Ok(bytes.into_inner())
}
