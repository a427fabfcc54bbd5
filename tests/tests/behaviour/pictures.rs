//! Pictures of every kind that a camera or a program writes: the face is found where it is.

use crate::client::Client;
use crate::host::MEMBERS;
use crate::jpeg;
use crate::needs::{self, trial};
use crate::photos::{self, png};
use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
use image::{DynamicImage, ImageFormat, Luma, RgbImage, Rgba};
use jpeg_encoder::ColorType;
use libtest_mimic::Trial;
use serde_json::Value;
use std::io::Cursor;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("pictures: CMYK and greyscale JPEG", needs::MEMBERS, jpegs),
        trial(
            "pictures: PNG with alpha, of 16 bits, grey, with a palette's worth of colours",
            needs::MEMBERS,
            pngs,
        ),
        trial("pictures: EXIF rotation is honoured", needs::MEMBERS, exif),
    ]
}

/// The box of the only face: x, y, width, height.
#[track_caller]
fn found(client: &Client, picture: &[u8]) -> (u64, u64, [f64; 4]) {
    let answer = client.frame("members", picture).good();
    let faces = answer["faces"].as_array().unwrap();
    assert_eq!(faces.len(), 1, "{answer}");
    let side = |name: &str| faces[0]["box"][name].as_f64().unwrap();
    let size = |name: &str| answer[name].as_u64().unwrap();
    (
        size("width"),
        size("height"),
        ["x", "y", "width", "height"].map(side),
    )
}

/// The face is where it is in the picture as it was taken, give or take some pixels of its 80.
#[track_caller]
fn same_face(client: &Client, picture: &[u8], within: f64, what: &str) {
    let (width, height, there) = found(client, &png(&photos::face()));
    let (this_width, this_height, here) = found(client, picture);
    assert_eq!((this_width, this_height), (width, height), "{what}");
    let off = here
        .iter()
        .zip(there)
        .map(|(here, there)| (here - there).abs())
        .fold(0.0, f64::max);
    assert!(off <= within, "{what}: {here:?} is not {there:?}");
}

fn jpegs() {
    let face = photos::face();
    let (width, height) = face.dimensions();
    let grey: Vec<u8> = image::imageops::grayscale(&face).into_raw();
    // Inks: what is not reflected. No black beside them.
    let inks: Vec<u8> = face
        .pixels()
        .flat_map(|pixel| [255 - pixel[0], 255 - pixel[1], 255 - pixel[2], 0])
        .collect();
    MEMBERS.with(|host| {
        same_face(
            host,
            &jpeg::encode(&face, width, height, ColorType::Rgb, None),
            3.0,
            "colour",
        );
        same_face(
            host,
            &jpeg::encode(&grey, width, height, ColorType::Luma, None),
            10.0,
            "grey",
        );
        same_face(
            host,
            &jpeg::encode(&inks, width, height, ColorType::Cmyk, None),
            5.0,
            "CMYK",
        );
        same_face(
            host,
            &jpeg::encode(&inks, width, height, ColorType::CmykAsYcck, None),
            5.0,
            "YCCK",
        );
    });
}

fn pngs() {
    let encoded = |picture: DynamicImage| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let face = DynamicImage::from(photos::face());
    let mut faint = face.to_rgba8();
    // Seen through at one edge only.
    faint
        .enumerate_pixels_mut()
        .filter(|(x, ..)| *x < 10)
        .for_each(|(.., pixel)| *pixel = Rgba([0, 0, 0, 0]));
    let two = image::ImageBuffer::from_fn(8, 8, |x, _| Luma([if x < 4 { 0_u8 } else { 255 }]));
    MEMBERS.with(|host| {
        same_face(host, &encoded(faint.into()), 5.0, "alpha");
        same_face(host, &encoded(face.to_rgb16().into()), 1.0, "16 bit");
        same_face(
            host,
            &encoded(face.to_rgba16().into()),
            1.0,
            "16 bit and alpha",
        );
        same_face(host, &encoded(face.to_luma8().into()), 10.0, "grey");
        same_face(
            host,
            &encoded(face.to_luma_alpha16().into()),
            10.0,
            "grey, 16 bit and alpha",
        );
        assert_eq!(
            host.frame("members", &encoded(two.into())).good()["faces"],
            serde_json::json!([])
        );
    });
}

/// How a camera that was held otherwise stores an upright picture.
type Store = fn(&RgbImage) -> RgbImage;

/// The picture as a camera stores it that was held so, for each orientation that EXIF has.
fn exif() {
    let stored: [(u8, Store); 8] = [
        (1, RgbImage::clone),
        (2, |upright| flip_horizontal(upright)),
        (3, |upright| rotate180(upright)),
        (4, |upright| flip_vertical(upright)),
        (5, |upright| rotate270(&flip_horizontal(upright))),
        (6, |upright| rotate270(upright)),
        (7, |upright| rotate90(&flip_horizontal(upright))),
        (8, |upright| rotate90(upright)),
    ];
    MEMBERS.with(|host| {
        for (orientation, store) in stored {
            let picture = jpeg::turned(&store(&photos::face()), orientation);
            same_face(host, &picture, 3.0, &format!("orientation {orientation}"));
        }
        // As it is stored it would be another picture: so the orientation does matter.
        let sideways = host
            .frame("members", &jpeg::jpeg(&rotate90(&photos::face())))
            .good();
        assert_eq!(sideways["width"], Value::from(photos::face().height()));
    });
}
