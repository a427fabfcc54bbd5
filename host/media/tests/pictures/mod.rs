//! Pictures and files that the tests make for themselves.
#![allow(dead_code, reason = "each test file uses some of these")]

use footlight_media::Image;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Every pixel another colour, without any order, the same each time.
pub fn noise(width: u32, height: u32) -> Image {
    let mut state = 1_u32;
    let rgb = (0..width * height * 3).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    Image::new(width, height, rgb.collect()).unwrap()
}

/// Colours that change slowly: red from left to right, green from top to bottom, blue with both.
pub fn smooth(width: u32, height: u32) -> Image {
    paint(width, height, |x, y| {
        let x = (x * 255 / width.max(2).saturating_sub(1)) as u8;
        let y = (y * 255 / height.max(2).saturating_sub(1)) as u8;
        [x, y, x / 2 + y / 2]
    })
}

/// A picture of the colours that `colour` gives for each pixel.
pub fn paint(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Image {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgb = pixels.flat_map(|(x, y)| colour(x, y)).collect();
    Image::new(width, height, rgb).unwrap()
}

/// The colour of a pixel.
pub fn pixel(image: &Image, x: u32, y: u32) -> [u8; 3] {
    let at = (y as usize * image.width() as usize + x as usize) * 3;
    image.rgb()[at..at + 3].try_into().unwrap()
}

/// The largest difference of two pictures of one size, in any channel of any pixel.
pub fn difference(one: &Image, other: &Image) -> u8 {
    assert_eq!(
        (one.width(), one.height()),
        (other.width(), other.height()),
        "size"
    );
    let pairs = one.rgb().iter().zip(other.rgb());
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// A JPEG of hardly any loss, from bytes of the given type.
pub fn jpeg(bytes: &[u8], width: u32, height: u32, colours: ColorType) -> Vec<u8> {
    jpeg_with(bytes, width, height, colours, |_| {})
}

/// The same, with settings.
pub fn jpeg_with(
    bytes: &[u8],
    width: u32,
    height: u32,
    colours: ColorType,
    settings: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 100);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    settings(&mut encoder);
    encoder
        .encode(bytes, width as u16, height as u16, colours)
        .unwrap();
    file
}

/// An EXIF block (big endian TIFF) with nothing but an orientation.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08\0\x01".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0; 4]);
    tiff
}

/// A JPEG with one more segment, right after its beginning.
pub fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    let mut file = jpeg[..2].to_vec();
    file.extend([0xFF, marker]);
    file.extend(length.to_be_bytes());
    file.extend(content);
    file.extend(&jpeg[2..]);
    file
}
