//! What pictures are read, and that they come out as they went in.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod pictures;

use footlight_media::{DecodeError, DecodeLimits, Image};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{difference, exif, jpeg, jpeg_with, noise, paint, pixel, smooth, with_segment};

fn decode(bytes: &[u8]) -> Result<Image, DecodeError> {
    Image::decode(bytes, &DecodeLimits::default())
}

fn png(bytes: &[u8], width: u32, height: u32, colours: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(bytes, width, height, colours)
        .unwrap();
    file
}

#[test]
fn a_jpeg_in_colour_comes_out_as_it_went_in() {
    // Sizes that are no multiple of the 8 or 16 pixels that a JPEG is coded in.
    for (width, height) in [(1, 1), (7, 5), (16, 16), (67, 35), (131, 70)] {
        let picture = smooth(width, height);
        let file = jpeg(picture.rgb(), width, height, ColorType::Rgb);
        let read = decode(&file).unwrap();
        assert!(difference(&read, &picture) <= 4, "{width} x {height}");
    }
}

#[test]
fn jpegs_of_all_kinds_of_coding_are_read() {
    let picture = smooth(131, 70);
    for sampling in [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
    ] {
        for progressive in [false, true] {
            for restart in [0, 5] {
                let file = jpeg_with(picture.rgb(), 131, 70, ColorType::Rgb, |encoder| {
                    encoder.set_sampling_factor(sampling);
                    encoder.set_progressive(progressive);
                    encoder.set_restart_interval(restart);
                });
                let read = decode(&file).unwrap_or_else(|error| {
                    panic!("{sampling:?}, progressive {progressive}, restart {restart}: {error}")
                });
                assert!(
                    difference(&read, &picture) <= 12,
                    "{sampling:?}, progressive {progressive}, restart {restart}: {}",
                    difference(&read, &picture)
                );
            }
        }
    }
}

#[test]
fn a_grey_jpeg_becomes_grey_pixels() {
    for (width, height) in [(1, 1), (13, 9), (67, 35)] {
        let grey: Vec<u8> = (0..width * height).map(|i| (i * 7 % 200) as u8).collect();
        let read = decode(&jpeg(&grey, width, height, ColorType::Luma)).unwrap();
        assert_eq!((read.width(), read.height()), (width, height));
        for (pixel, grey) in read.rgb().chunks_exact(3).zip(&grey) {
            assert!(pixel.iter().all(|value| value.abs_diff(*grey) <= 3));
        }
    }
}

#[test]
fn a_jpeg_that_adobe_marks_as_rgb_is_not_taken_for_ycbcr() {
    let picture = smooth(67, 35);
    // Stored as they are, without a conversion.
    let file = jpeg(picture.rgb(), 67, 35, ColorType::Ycbcr);
    let file = with_segment(&file, 0xEE, b"Adobe\0\x64\0\0\0\0\0");
    assert!(difference(&decode(&file).unwrap(), &picture) <= 3);
}

/// Ink for a picture: black is what all three colours have in common.
fn ink(picture: &Image) -> Vec<u8> {
    let pixels = picture.rgb().chunks_exact(3);
    pixels
        .flat_map(|rgb| {
            let most = *rgb.iter().max().unwrap();
            let share = |value: u8| match most {
                0 => 0,
                _ => 255 - (u32::from(value) * 255 / u32::from(most)) as u8,
            };
            [share(rgb[0]), share(rgb[1]), share(rgb[2]), 255 - most]
        })
        .collect()
}

#[test]
fn cmyk_and_ycck_as_adobe_writes_them_have_the_colours_that_were_meant() {
    let picture = smooth(67, 35);
    for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let file = jpeg(&ink(&picture), 67, 35, colours);
        assert!(file.windows(5).any(|bytes| bytes == b"Adobe"));
        let read = decode(&file).unwrap();
        assert!(
            difference(&read, &picture) <= 5,
            "{colours:?}: {}",
            difference(&read, &picture)
        );
    }
}

#[test]
fn cmyk_without_adobes_mark_is_ink_and_not_its_opposite() {
    let picture = smooth(67, 35);
    // The encoder inverts: what it is given inverted is stored as it is.
    let inverted: Vec<u8> = ink(&picture).iter().map(|ink| 255 - ink).collect();
    let mut file = jpeg(&inverted, 67, 35, ColorType::Cmyk);
    let mark = file.windows(5).position(|bytes| bytes == b"Adobe").unwrap();
    file[mark..mark + 5].copy_from_slice(b"Other");
    let read = decode(&file).unwrap();
    assert!(difference(&read, &picture) <= 5);
}

#[test]
fn transparent_pixels_of_a_png_are_laid_over_white() {
    let rgba = [
        200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 128, 0, 0, 0, 51,
    ];
    let read = decode(&png(&rgba, 4, 1, ExtendedColorType::Rgba8)).unwrap();
    assert_eq!(pixel(&read, 0, 0), [200, 100, 0]);
    assert_eq!(pixel(&read, 1, 0), [255, 255, 255]);
    assert_eq!(pixel(&read, 2, 0), [227, 177, 127]);
    assert_eq!(pixel(&read, 3, 0), [204, 204, 204]);
    let grey = decode(&png(&[90, 255, 90, 0], 2, 1, ExtendedColorType::La8)).unwrap();
    assert_eq!(grey.rgb(), [90, 90, 90, 255, 255, 255]);
}

#[test]
fn a_png_of_16_bits_is_rounded_to_8() {
    let values: [u16; 6] = [0, 65_535, 257 * 100, 257 * 100 + 128, 257 * 100 + 129, 300];
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let read = decode(&png(&bytes, 2, 1, ExtendedColorType::Rgb16)).unwrap();
    assert_eq!(read.rgb(), [0, 255, 100, 100, 101, 1]);
    let grey = decode(&png(&bytes, 6, 1, ExtendedColorType::L16)).unwrap();
    assert_eq!(pixel(&grey, 1, 0), [255; 3]);
    assert_eq!(pixel(&grey, 4, 0), [101; 3]);
    let see_through: Vec<u8> = [65_535, 0, 0, 32_768_u16]
        .iter()
        .flat_map(|v| v.to_ne_bytes())
        .collect();
    let read = decode(&png(&see_through, 1, 1, ExtendedColorType::Rgba16)).unwrap();
    assert_eq!(read.rgb(), [255, 127, 127]);
}

#[test]
fn a_picture_is_turned_as_its_exif_data_says() {
    const RED: [u8; 3] = [250, 10, 10];
    const GREEN: [u8; 3] = [10, 250, 10];
    const BLUE: [u8; 3] = [10, 10, 250];
    const WHITE: [u8; 3] = [250; 3];
    let stored = paint(80, 48, |x, y| match (x < 40, y < 24) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    });
    let plain = jpeg(stored.rgb(), 80, 48, ColorType::Rgb);
    // Top left, top right, bottom left, bottom right, as the EXIF standard defines the orientations by
    // where the first row and the first column are to be seen.
    for (orientation, seen) in [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ] {
        let mut segment = b"Exif\0\0".to_vec();
        segment.extend(exif(orientation));
        let read = decode(&with_segment(&plain, 0xE1, &segment)).unwrap();
        let size = if orientation < 5 { (80, 48) } else { (48, 80) };
        assert_eq!((read.width(), read.height()), size, "{orientation}");
        let (width, height) = size;
        let corners = [
            pixel(&read, 2, 2),
            pixel(&read, width - 3, 2),
            pixel(&read, 2, height - 3),
            pixel(&read, width - 3, height - 3),
        ];
        for (corner, wanted) in corners.iter().zip(seen) {
            assert!(
                corner.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 8),
                "{orientation}: {corners:?}"
            );
        }
    }
}

#[test]
fn turning_a_png_moves_every_pixel_to_its_place() {
    for (width, height) in [(1, 1), (1, 50), (70, 33), (33, 100)] {
        let stored = noise(width, height);
        for orientation in 1..=8_u8 {
            let mut file = Vec::new();
            let mut encoder = PngEncoder::new(&mut file);
            encoder.set_exif_metadata(exif(orientation)).unwrap();
            encoder
                .write_image(stored.rgb(), width, height, ExtendedColorType::Rgb8)
                .unwrap();
            let read = decode(&file).unwrap();
            let (w, h) = (width - 1, height - 1);
            let (columns, rows) = if orientation < 5 {
                (width, height)
            } else {
                (height, width)
            };
            let wanted = paint(columns, rows, |x, y| {
                let (x, y) = match orientation {
                    1 => (x, y),
                    2 => (w - x, y),
                    3 => (w - x, h - y),
                    4 => (x, h - y),
                    5 => (y, x),
                    6 => (y, h - x),
                    7 => (w - y, h - x),
                    _ => (w - y, x),
                };
                pixel(&stored, x, y)
            });
            assert_eq!(difference(&read, &wanted), 0, "{orientation}");
        }
    }
}
