//! Frames of a camera at a door: people before a room, in 1920 x 1080 pixels. And whether an answer tells who is in one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use image::imageops::{self, FilterType};
use image::{GenericImageView, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use serde_json::Value;

use crate::frames::Frame;

/// A frame's width and height.
pub const SIZE: (u32, u32) = (1920, 1080);
/// What cameras commonly send with; colours have half as many pixels in each direction, as is common, too.
pub const QUALITY: u8 = 85;
const COLOURS: SamplingFactor = SamplingFactor::F_2_2;
/// The side of the square that shows a person, in pixels of the frame; the face is somewhat more than half of it.
const SIDE: u32 = 300;
/// The part of a portrait that is that square: left, top and side, in its 250 pixels.
const PORTRAIT: [u32; 3] = [45, 35, 160];
/// As many people stand beside each other.
const COLUMNS: usize = 5;
/// The room, and the part of that photo without faces: left, top and width, as shares of the photo's width. The photo has
/// the noise of a camera in it, which is what many of a frame's bytes are.
const ROOM: (&str, [f64; 3]) = ("photos/obama_and_biden.jpg", [0.0, 0.34, 0.665]);

/// Somebody who may come.
pub struct Person {
    folder: &'static str,
    /// The portrait that the person is enrolled with, of a member.
    enrolled: Option<u8>,
    /// The portrait that is shown.
    shown: u8,
}

/// Those who come, in this order.
pub const PEOPLE: [Person; 10] = [
    person("Colin_Powell", Some(8), 5),
    person("Arnold_Schwarzenegger", None, 6),
    person("George_W_Bush", Some(1), 6),
    person("Vladimir_Putin", Some(4), 2),
    person("Donald_Rumsfeld", None, 6),
    person("Tony_Blair", Some(6), 7),
    person("Gerhard_Schroeder", Some(7), 6),
    person("Ariel_Sharon", None, 6),
    person("Hugo_Chavez", Some(4), 1),
    person("Jacques_Chirac", None, 5),
];

const fn person(folder: &'static str, enrolled: Option<u8>, shown: u8) -> Person {
    Person {
        folder,
        enrolled,
        shown,
    }
}

impl Person {
    /// The member's id.
    pub fn id(&self) -> String {
        self.folder.to_lowercase().replace('_', "-")
    }

    /// The photo that a member is enrolled with.
    pub fn enrolled(&self, data: &Path) -> Option<PathBuf> {
        self.enrolled.map(|number| self.photo(data, number))
    }

    fn photo(&self, data: &Path, number: u8) -> PathBuf {
        let folder = self.folder;
        data.join(format!("lfw10/{folder}/{folder}_{number:04}.jpg"))
    }
}

/// A frame, and who is seen where.
pub struct Scene {
    /// What a camera sends.
    pub frame: Frame,
    seen: Vec<Seen>,
}

/// Somebody in a frame.
struct Seen {
    left: u32,
    top: u32,
    /// Whose id the verdict must have; none of somebody who is not a member.
    member: Option<String>,
}

/// What of the data is missing, if anything.
pub fn lacks(data: Option<&Path>) -> Option<String> {
    let Some(data) = data else {
        return Some("there is no folder of test data: FOOTLIGHT_SHARED_DATA names one".to_owned());
    };
    let photos = PEOPLE.iter().flat_map(|person| {
        let shown = person.photo(data, person.shown);
        person.enrolled(data).into_iter().chain([shown])
    });
    let missing = photos
        .chain([data.join(ROOM.0)])
        .find(|photo| !photo.is_file())?;
    let missing = missing.strip_prefix(data).unwrap_or(&missing);
    Some(format!(
        "there is no {} in FOOTLIGHT_SHARED_DATA",
        missing.display()
    ))
}

impl Scene {
    /// The first so many of those who come, in the room.
    pub fn with(data: &Path, count: usize) -> Result<Scene> {
        let (file, part) = ROOM;
        let mut canvas = room(&open(&data.join(file))?, part);
        let mut seen = Vec::new();
        for (person, (left, top)) in PEOPLE.iter().zip(places(count)?) {
            let [x, y, side] = PORTRAIT;
            let portrait = open(&person.photo(data, person.shown))?;
            let portrait = portrait.view(x, y, side, side).to_image();
            let portrait = imageops::resize(&portrait, SIDE, SIDE, FilterType::CatmullRom);
            imageops::replace(&mut canvas, &portrait, left.into(), top.into());
            seen.push(Seen {
                left,
                top,
                member: person.enrolled.map(|_| person.id()),
            });
        }
        ensure!(seen.len() == count, "there are not {count} people");
        Ok(Scene {
            frame: Frame {
                name: faces(count),
                bytes: jpeg(&canvas)?,
            },
            seen,
        })
    }

    /// Whether an answer has each face once and no other, and rightly says who is a member.
    pub fn check(&self, answer: &Value) -> Result<()> {
        let faces = answer.get("faces").and_then(Value::as_array);
        let faces = faces.with_context(|| format!("an answer without faces: {answer}"))?;
        ensure!(
            faces.len() == self.seen.len(),
            "{} faces were found in a frame of {}",
            faces.len(),
            self.seen.len()
        );
        for seen in &self.seen {
            let mut here = faces.iter().filter(|face| seen.shows(face));
            let (Some(face), None) = (here.next(), here.next()) else {
                bail!("not one face at {}, {}", seen.left, seen.top);
            };
            let said = verdict(face).with_context(|| format!("no verdict: {face}"))?;
            ensure!(
                said == seen.member.as_deref(),
                "the verdict on {:?} is {said:?}",
                seen.member
            );
        }
        Ok(())
    }
}

impl Seen {
    /// Whether the middle of a face is where this person is.
    fn shows(&self, face: &Value) -> bool {
        let number = |name: &str| {
            face.pointer(&format!("/box/{name}"))
                .and_then(Value::as_f64)
        };
        let within = |least: u32, at: Option<f64>, length: Option<f64>| match (at, length) {
            (Some(at), Some(length)) => {
                let middle = at + length / 2.0;
                (f64::from(least)..f64::from(least + SIDE)).contains(&middle)
            }
            _ => false,
        };
        within(self.left, number("x"), number("width"))
            && within(self.top, number("y"), number("height"))
    }
}

/// How many faces, in words.
pub fn faces(count: usize) -> String {
    match count {
        1 => "1 face".to_owned(),
        _ => format!("{count} faces"),
    }
}

/// The member that a face is said to be, if any; none without a verdict.
fn verdict(face: &Value) -> Option<Option<&str>> {
    let verdict = face.get("verdict")?;
    match verdict.get("member")?.as_bool()? {
        true => Some(Some(verdict.get("id")?.as_str()?)),
        false => Some(None),
    }
}

/// The left upper corners of so many people, in rows.
fn places(count: usize) -> Result<Vec<(u32, u32)>> {
    let columns = count.clamp(1, COLUMNS);
    let rows = count.div_ceil(columns);
    let middle = |size: u32, of: usize, at: usize| -> Result<u32> {
        let step = size / u32::try_from(of)?;
        let at = step * u32::try_from(at)?;
        (at + step / 2)
            .checked_sub(SIDE / 2)
            .context("people would stand outside the frame")
    };
    (0..count)
        .map(|index| {
            let left = middle(SIZE.0, columns, index % columns)?;
            Ok((left, middle(SIZE.1, rows, index / columns)?))
        })
        .collect()
}

/// The part of a photo that has a frame's shape, in a frame's size.
fn room(photo: &RgbImage, [left, top, width]: [f64; 3]) -> RgbImage {
    let of_width = |share: f64| (share * f64::from(photo.width())) as u32;
    let width = of_width(width);
    let height = width * SIZE.1 / SIZE.0;
    let part = imageops::crop_imm(photo, of_width(left), of_width(top), width, height);
    imageops::resize(&part.to_image(), SIZE.0, SIZE.1, FilterType::CatmullRom)
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(COLOURS);
    let (width, height) = (picture.width().try_into()?, picture.height().try_into()?);
    encoder.encode(picture, width, height, ColorType::Rgb)?;
    Ok(bytes)
}

fn open(photo: &Path) -> Result<RgbImage> {
    let bytes = fs::read(photo).with_context(|| format!("cannot read {}", photo.display()))?;
    Ok(image::load_from_memory(&bytes)?.to_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use serde_json::json;

    fn face(x: u32, y: u32, verdict: Value) -> Value {
        let bounds = json!({"x": x + 80, "y": y + 60, "width": 140, "height": 180});
        json!({"box": bounds, "verdict": verdict})
    }

    /// A member and a stranger, without a picture of them.
    fn scene() -> Scene {
        let seen = [(100, Some("ann")), (700, None)].map(|(left, member)| Seen {
            left,
            top: 400,
            member: member.map(str::to_owned),
        });
        Scene {
            frame: Frame {
                name: faces(2),
                bytes: Vec::new(),
            },
            seen: seen.into(),
        }
    }

    #[test]
    fn an_answer_is_right_when_each_face_has_its_verdict() {
        let member = || json!({"member": true, "id": "ann"});
        let stranger = || json!({"member": false, "id": "ann"});
        let (here, there) = ((100, 400), (700, 400));
        let check = |said: [((u32, u32), Value); 2]| {
            let said = said.map(|((x, y), verdict)| face(x, y, verdict));
            scene().check(&json!({"faces": said}))
        };
        // The most certain face comes first, whoever it is.
        check([(there, stranger()), (here, member())]).unwrap();
        check([(here, stranger()), (there, member())]).unwrap_err();
        check([(here, member()), (here, member())]).unwrap_err();
        check([(here, member()), ((1500, 400), stranger())]).unwrap_err();
        check([(here, member()), (there, json!(null))]).unwrap_err();
        let other = json!({"member": true, "id": "bob"});
        check([(here, other), (there, stranger())]).unwrap_err();
        let one = [face(100, 400, member())];
        scene().check(&json!({"faces": one})).unwrap_err();
    }

    #[test]
    fn people_stand_apart_and_within_the_frame() {
        for count in [1, 2, 5, 10] {
            let places = places(count).unwrap();
            assert_eq!(places.len(), count);
            for (index, one) in places.iter().enumerate() {
                assert!(one.0 + SIDE <= SIZE.0 && one.1 + SIDE <= SIZE.1, "{one:?}");
                let apart = |other: &(u32, u32)| {
                    one.0.abs_diff(other.0) >= SIDE || one.1.abs_diff(other.1) >= SIDE
                };
                assert!(places.iter().skip(index + 1).all(apart), "{places:?}");
            }
        }
    }

    #[test]
    fn the_room_fills_a_frame_and_keeps_its_shape() {
        let square = |at: u32, from: u32| (from..from + 200).contains(&at);
        let photo = RgbImage::from_fn(2000, 1428, |x, y| {
            Rgb([u8::from(square(x, 400) && square(y, 900)) * 255; 3])
        });
        let room = room(&photo, ROOM.1);
        assert_eq!(room.dimensions(), SIZE);
        let bright = |pixel: Option<&Rgb<u8>>| pixel.is_some_and(|pixel| pixel.0[0] > 128);
        let (width, height) = (
            (0..SIZE.0).filter(|x| (0..SIZE.1).any(|y| bright(room.get_pixel_checked(*x, y)))),
            (0..SIZE.1).filter(|y| (0..SIZE.0).any(|x| bright(room.get_pixel_checked(x, *y)))),
        );
        let (width, height) = (width.count(), height.count());
        assert!(
            width > 200 && width.abs_diff(height) <= 2,
            "{width} x {height}"
        );
    }
}
