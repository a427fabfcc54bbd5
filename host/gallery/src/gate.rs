//! What a photo must be like to be enrolled.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::similarity::{cosine, normalise};
use crate::{Candidate, MemberId, Quality, Refusal, turn};

/// What a photo must be like to be enrolled: a table of the pipeline file, each key optional.
///
/// The defaults were chosen from 100 press photos of 10 people, 250 x 250 each (10 people of Labeled
/// Faces in the Wild), with the demo's detector (at 320 x 320) and feature model. What was measured there,
/// of the person in the middle of each, stands with each limit. 97 of them pass all limits; 85 of the
/// photos are accepted as they are, as 12 show other faces too. All photos of each person agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Gate {
    /// The least shorter side of a face's box, in pixels. Default 60: the crop is 112 pixels wide, and
    /// below about half of that features get worse. Seen: 78 to 107.
    #[serde(deserialize_with = "measure")]
    pub min_face: f32,
    /// The most that a face is turned, 0 to 1, by [`crate::turn`]. Default 0.4. Seen: median 0.10, 95 % up
    /// to 0.32, the three above 0.4 are half profiles (0.42, 0.47, 0.54).
    #[serde(deserialize_with = "measure")]
    pub max_turn: f32,
    /// The least sharpness of the crop, by [`footlight_media::Image::sharpness`]. Default 25. Seen: median
    /// 157, 99 of 100 above 50, the softest 26. The same photos blurred (Gaussian, standard deviation 2
    /// pixels): median 11, all below 25; similarities to sharp photos of the same person then fall to as
    /// little as 0.19.
    #[serde(deserialize_with = "measure")]
    pub min_sharpness: f32,
    /// The least score of the detector, 0 to 1. Default 0.9. Seen: 0.998 and more.
    #[serde(deserialize_with = "measure")]
    pub min_score: f32,
    /// A face at least this similar to a template of another member is refused, -1 to 1. Default 0.42, the
    /// threshold of verification: whoever is more similar would be taken for that member. Seen between
    /// different people: up to 0.35.
    #[serde(deserialize_with = "similarity")]
    pub max_similarity: f32,
    /// The least similarity at which two photos of one enrolment agree, -1 to 1: see [`Gate::agreement`].
    /// Default 0.42, the threshold of verification. Seen between any two photos of one person: 0.38 and
    /// more, 445 of 450 above 0.42; between each photo and the one most like it: 0.53 and more.
    #[serde(deserialize_with = "similarity")]
    pub min_agreement: f32,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate {
            min_face: 60.0,
            max_turn: 0.4,
            min_sharpness: 25.0,
            min_score: 0.9,
            max_similarity: 0.42,
            min_agreement: 0.42,
        }
    }
}

impl Gate {
    /// What the one face in a photo is like, or why the photo is refused. `faces` are all the faces found in
    /// it: a face in the background counts, as nobody else can know which one is meant.
    pub fn quality(&self, faces: &[Candidate]) -> Result<Quality, Refusal> {
        let face = match faces {
            [] => return Err(Refusal::NoFace),
            [face] => face,
            several => {
                return Err(Refusal::SeveralFaces {
                    faces: several.len(),
                });
            }
        };
        let quality = Quality {
            face_pixels: face.pixels(),
            turn: turn(&face.landmarks),
            sharpness: face.crop.sharpness(),
            score: face.score,
        };
        self.check(&quality)?;
        Ok(quality)
    }

    /// Whether a face is good enough. What is not a number is not.
    fn check(&self, quality: &Quality) -> Result<(), Refusal> {
        let Quality {
            face_pixels,
            turn,
            sharpness,
            score,
        } = *quality;
        if !reaches(score, self.min_score) {
            return Err(Refusal::LowScore {
                score,
                limit: self.min_score,
            });
        }
        if !reaches(face_pixels, self.min_face) {
            return Err(Refusal::TooSmall {
                pixels: face_pixels,
                limit: self.min_face,
            });
        }
        if !reaches(self.max_turn, turn) {
            return Err(Refusal::TooFarTurned {
                turn,
                limit: self.max_turn,
            });
        }
        if !reaches(sharpness, self.min_sharpness) {
            return Err(Refusal::TooBlurred {
                sharpness,
                limit: self.min_sharpness,
            });
        }
        Ok(())
    }

    /// Whether the photos of one enrolment show one person. Two photos agree where their cosine reaches
    /// [`Gate::min_agreement`]; all photos must hang together by such agreements, so that each agrees with
    /// at least one other, and photos of two people, however many of each, are refused. The refusal names the
    /// first photo outside the largest group. One photo always agrees with itself.
    ///
    /// `features` are those of the photos, in their order, of any length but 0.
    pub fn agreement(&self, features: &[&[f32]]) -> Result<(), Refusal> {
        // A feature without a direction agrees with nothing.
        let features: Vec<Vec<f32>> = features
            .iter()
            .map(|f| normalise(f).unwrap_or_default())
            .collect();
        let groups = groups(&features, self.min_agreement);
        // Of groups of the same size the first counts: the later photo is the one to explain.
        let Some(largest) = groups.iter().rev().max_by_key(|group| group.len()) else {
            return Ok(());
        };
        let outside = features
            .iter()
            .enumerate()
            .find(|(photo, _)| !largest.contains(photo));
        let Some((photo, feature)) = outside else {
            return Ok(());
        };
        let similarity = largest
            .iter()
            .filter_map(|other| features.get(*other))
            .map(|other| cosine(feature, other))
            .fold(-1.0, f32::max);
        Err(Refusal::UnlikeTheOthers {
            photo,
            similarity,
            limit: self.min_agreement,
        })
    }

    /// Whether a face is unlike all other members. `nearest` is what [`crate::Gallery::nearest_other`] gave
    /// for photo `photo`.
    pub fn distinct(&self, photo: usize, nearest: Option<(MemberId, f32)>) -> Result<(), Refusal> {
        match nearest {
            Some((id, similarity)) if similarity >= self.max_similarity => {
                Err(Refusal::TooLikeAnother {
                    photo,
                    id,
                    similarity,
                    limit: self.max_similarity,
                })
            }
            _ => Ok(()),
        }
    }
}

/// The groups in which features hang together by similarities of at least `limit`, in the order of their
/// first features, each as the positions of its features.
fn groups(features: &[Vec<f32>], limit: f32) -> Vec<Vec<usize>> {
    let mut left: Vec<(usize, &Vec<f32>)> = features.iter().enumerate().collect();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let mut waiting = vec![left.remove(0)];
        let mut group = Vec::new();
        while let Some((position, feature)) = waiting.pop() {
            group.push(position);
            let (near, far) = left
                .into_iter()
                .partition(|(_, other)| reaches(cosine(feature, other), limit));
            left = far;
            waiting.extend::<Vec<_>>(near);
        }
        groups.push(group);
    }
    groups
}

/// Whether a value reaches a limit; one that is not a number reaches none.
fn reaches(value: f32, limit: f32) -> bool {
    value >= limit
}

/// A limit of a measure: a finite number, not negative.
fn measure<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let limit = f32::deserialize(from)?;
    if limit.is_finite() && limit >= 0.0 {
        Ok(limit)
    } else {
        Err(de::Error::custom(format!(
            "{limit} is no limit here: give a number of 0 or more"
        )))
    }
}

/// A limit of a similarity: -1 to 1.
fn similarity<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let limit = f32::deserialize(from)?;
    if (-1.0..=1.0).contains(&limit) {
        Ok(limit)
    } else {
        Err(de::Error::custom(format!(
            "{limit} is no similarity: give a number from -1 to 1"
        )))
    }
}
