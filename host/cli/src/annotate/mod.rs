//! Photos with what was found drawn in: a box around each face, its landmarks, and whose it is.

mod bitmap;
mod canvas;
mod label;

use std::path::Path;

use anyhow::{Context, Result};
use footlight_media::{Colour as Border, DecodeLimits, Filter, Image, Region, View};

use crate::answer::{Bounds, Face};
use canvas::{Area, Canvas, Colour};
use label::Label;

/// The longer side of what is written, in pixels: larger photos are reduced, smaller ones enlarged, so that
/// lines and text look the same in all of them.
const LONGEST: u32 = 1280;
const SHORTEST: u32 = 640;

const MEMBER: Colour = [72, 224, 122];
const STRANGER: Colour = [255, 158, 44];
const UNKNOWN: Colour = [220, 224, 230];
const SHADE: Colour = [0, 0, 0];

/// Writes a photo as a PNG with its faces drawn in. Coordinates are those of the upright photo.
pub fn write(photo: &[u8], faces: &[Face], file: &Path) -> Result<()> {
    let image = Image::decode(photo, &DecodeLimits::default())?;
    let png = draw(&image, faces)?.encode_png()?;
    std::fs::write(file, png).with_context(|| format!("cannot write {}", file.display()))
}

/// The photo at the size that is written, with its faces drawn in.
fn draw(image: &Image, faces: &[Face]) -> Result<Image> {
    let longer = image.width().max(image.height());
    let scale = longer.clamp(SHORTEST, LONGEST) as f32 / longer as f32;
    let side = |pixels: u32| ((pixels as f32 * scale).round() as u32).max(1);
    let resized = image.view(&View {
        region: Region::Whole,
        width: side(image.width()),
        height: side(image.height()),
        filter: Filter::Area,
        border: Border::default(),
    })?;
    let mut canvas = Canvas::new(&resized);
    let size = canvas.width().max(canvas.height()) as f32;
    let line = (size / 320.0).round().max(1.0) as i32;
    for face in faces {
        mark(&mut canvas, face, scale, line);
    }
    let mut taken = Vec::new();
    for face in faces {
        let Some(bounds) = face.bounds else { continue };
        let label = Label::new(&text(face), (size * 0.0275) as i32, canvas.width());
        let place = place(&label, area(bounds, scale).grown(1), &canvas, &taken);
        label.draw(&mut canvas, place.left, place.top, colour(face));
        taken.push(place);
    }
    Ok(canvas.into_image()?)
}

/// Draws the box and the landmarks of a face, with a dark edge that shows on a light ground.
fn mark(canvas: &mut Canvas, face: &Face, scale: f32, line: i32) {
    let colour = colour(face);
    let mut radius = line as f32;
    if let Some(bounds) = face.bounds {
        let area = area(bounds, scale);
        canvas.outline(area.grown(1), 1, SHADE, 0.45);
        canvas.outline(area, line, colour, 1.0);
        canvas.outline(area.grown(-line), 1, SHADE, 0.45);
        radius = (bounds.width.min(bounds.height) * scale * 0.022)
            .min(line as f32 * 1.25)
            .max(1.5);
    }
    for [x, y] in &face.landmarks {
        let point = (x * scale, y * scale);
        canvas.disc(point, radius + 1.2, SHADE, 0.6);
        canvas.disc(point, radius, colour, 1.0);
    }
}

fn area(bounds: Bounds, scale: f32) -> Area {
    // Casting saturates; half of the range leaves room for what is added around it.
    let pixel = |at: f32| (at * scale).round().clamp(-1e9, 1e9) as i32;
    Area {
        left: pixel(bounds.x),
        top: pixel(bounds.y),
        right: pixel(bounds.x + bounds.width),
        bottom: pixel(bounds.y + bounds.height),
    }
}

fn colour(face: &Face) -> Colour {
    match &face.verdict {
        Some(verdict) if verdict.member => MEMBER,
        Some(_) => STRANGER,
        None => UNKNOWN,
    }
}

fn text(face: &Face) -> String {
    let (name, number) = match &face.verdict {
        Some(verdict) => (verdict.name(), verdict.similarity),
        None => ("face", face.score),
    };
    match number {
        Some(number) => format!("{name} {number:.2}"),
        None => name.to_owned(),
    }
}

/// Where a label goes: above its face; below or at the top inside of it where that is no place; always within
/// the picture, and clear of other labels where that can be.
fn place(label: &Label, face: Area, canvas: &Canvas, taken: &[Area]) -> Area {
    let (width, height) = label.size();
    let at = |left: i32, top: i32| {
        let left = left.min(canvas.width() - width).max(0);
        let top = top.min(canvas.height() - height).max(0);
        Area {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    };
    let above = face.top.saturating_sub(height);
    let right_aligned = face.right.saturating_sub(width);
    let inside = face.top.max(0);
    let wanted = [
        (face.left, above),
        (right_aligned, above),
        (face.left, face.bottom),
        (right_aligned, face.bottom),
        (face.left, inside),
        (face.left, above.saturating_sub(height)),
    ];
    let tops_that_fit = |&&(_, top): &&(i32, i32)| top >= 0 && top <= canvas.height() - height;
    wanted
        .iter()
        .filter(tops_that_fit)
        .map(|&(left, top)| at(left, top))
        .find(|place| !taken.iter().any(|other| other.meets(*place)))
        .unwrap_or_else(|| at(face.left, above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Verdict;

    fn face(x: f32, y: f32, side: f32, member: bool) -> Face {
        Face {
            bounds: Some(Bounds {
                x,
                y,
                width: side,
                height: side,
            }),
            score: Some(0.99),
            landmarks: vec![[x + side / 2.0, y + side / 2.0]],
            verdict: Some(Verdict {
                member,
                id: Some("obama".to_owned()),
                similarity: Some(0.834),
                threshold: Some(0.42),
            }),
        }
    }

    fn grey(width: u32, height: u32) -> Image {
        let bytes = vec![128; (width * height * 3) as usize];
        Image::new(width, height, bytes).unwrap()
    }

    fn count(image: &Image, colour: Colour) -> usize {
        image
            .rgb()
            .chunks(3)
            .filter(|pixel| *pixel == colour)
            .count()
    }

    #[test]
    fn a_member_is_green_and_named_and_a_stranger_orange_and_not() {
        assert_eq!(text(&face(0.0, 0.0, 9.0, true)), "obama 0.83");
        assert_eq!(text(&face(0.0, 0.0, 9.0, false)), "not a member 0.83");
        let member = draw(&grey(640, 480), &[face(200.0, 150.0, 100.0, true)]).unwrap();
        assert!(count(&member, MEMBER) > 700 && count(&member, STRANGER) == 0);
        let stranger = draw(&grey(640, 480), &[face(200.0, 150.0, 100.0, false)]).unwrap();
        assert!(count(&stranger, STRANGER) > 700 && count(&stranger, MEMBER) == 0);
    }

    #[test]
    fn a_large_photo_is_reduced_and_a_small_one_enlarged() {
        let size = |width, height| {
            let drawn = draw(&grey(width, height), &[]).unwrap();
            (drawn.width(), drawn.height())
        };
        assert_eq!(size(3000, 1500), (1280, 640));
        assert_eq!(size(900, 600), (900, 600));
        assert_eq!(size(100, 250), (256, 640));
        assert_eq!(size(1, 1), (640, 640));
    }

    #[test]
    fn labels_stay_within_the_picture_and_off_each_other() {
        let canvas = Canvas::new(&grey(640, 480));
        let label = Label::new("not a member 0.12", 15, 640);
        let mut taken = Vec::new();
        // In each corner, beyond an edge, as large as the picture, twice in one place.
        let corners = [
            (0, 0),
            (600, 0),
            (0, 440),
            (600, 440),
            (-50, 200),
            (620, 210),
            (300, 300),
            (300, 300),
        ];
        for (left, top) in corners {
            let face = Area {
                left,
                top,
                right: left + 40,
                bottom: top + 40,
            };
            let place = place(&label, face, &canvas, &taken);
            assert!(place.left >= 0 && place.top >= 0 && place.right <= 640 && place.bottom <= 480);
            assert!(
                !taken.iter().any(|other: &Area| other.meets(place)),
                "{left} {top}"
            );
            taken.push(place);
        }
        let whole = Area {
            left: 0,
            top: 0,
            right: 640,
            bottom: 480,
        };
        assert!(place(&label, whole, &canvas, &[]).top >= 0);
    }

    #[test]
    fn boxes_without_sense_are_survived() {
        for (x, side) in [
            (f32::NAN, 10.0),
            (1e30, 1e30),
            (-1e30, 0.0),
            (5.0, f32::INFINITY),
        ] {
            assert!(draw(&grey(64, 64), &[face(x, x, side, true)]).is_ok());
        }
    }
}
