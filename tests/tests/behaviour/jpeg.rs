//! JPEGs of every kind that a client might send.

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};

/// Encodes samples of a kind at a high quality, with a marker segment of EXIF where some is given.
pub fn encode(
    samples: &[u8],
    width: u32,
    height: u32,
    kind: ColorType,
    exif: Option<&[u8]>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    if let Some(exif) = exif {
        encoder
            .add_app_segment(1, [b"Exif\0\0", exif].concat())
            .unwrap();
    }
    encoder
        .encode(
            samples,
            width.try_into().unwrap(),
            height.try_into().unwrap(),
            kind,
        )
        .unwrap();
    bytes
}

/// As a JPEG in colour.
pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    encode(
        picture,
        picture.width(),
        picture.height(),
        ColorType::Rgb,
        None,
    )
}

/// As a JPEG that says by EXIF how it is to be turned: a TIFF header and one directory with the tag
/// Orientation (0x0112), a number of 16 bits.
pub fn turned(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    encode(
        picture,
        picture.width(),
        picture.height(),
        ColorType::Rgb,
        Some(&exif),
    )
}

/// A JPEG of a few hundred bytes whose header says that it is 65500 x 65500 pixels large.
pub fn bomb() -> Vec<u8> {
    let mut bytes = encode(&[128; 64], 8, 8, ColorType::Luma, None);
    let header = bytes
        .windows(2)
        .position(|marker| marker == [0xFF, 0xC0])
        .unwrap();
    // Length, precision, and then the height and the width, big endian.
    bytes[header + 5..header + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    bytes
}
