//! Members, and what is known of their templates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most characters an id has.
const MAX_ID: usize = 64;

/// What a member is called: 1 to 64 characters of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`, the first a
/// letter or a digit. It is part of a URL and of a command line, which is why it cannot be `..` or `-x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberId(String);

/// A text that is no member's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be a member's id: use 1 to {MAX_ID} characters of a-z, A-Z, 0-9, '.', '_' and '-', \
     beginning with a letter or a digit"
)]
pub struct InvalidId(String);

impl MemberId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MemberId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<MemberId, InvalidId> {
        let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let rest = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if first && rest && text.len() <= MAX_ID {
            Ok(MemberId(text.to_owned()))
        } else {
            // What is no id may be of any length; the message shows enough of it to be recognised.
            Err(InvalidId(text.chars().take(MAX_ID + 1).collect()))
        }
    }
}

impl TryFrom<String> for MemberId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<MemberId, InvalidId> {
        text.parse()
    }
}

impl From<MemberId> for String {
    fn from(id: MemberId) -> String {
        id.0
    }
}

impl AsRef<str> for MemberId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What was measured of the face in an enrolment photo.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Quality {
    /// The shorter side of the face's box, in pixels of the photo.
    pub face_pixels: f32,
    /// How far the face is turned away: see [`crate::turn`]. 0 (frontal) to 1.
    pub turn: f32,
    /// The variance of the Laplacian of the aligned crop's luma (8 bits): 0 for an even area; see
    /// [`footlight_media::Image::sharpness`].
    pub sharpness: f32,
    /// How sure the detector is that this is a face, 0 to 1.
    pub score: f32,
}

impl Quality {
    /// The same in so few steps that little can be hidden in it: sizes and sharpness are whole numbers up to 9999, the
    /// others have two digits after the point. That is 10,000 x 101 x 10,000 x 101 choices, less than 40 bits.
    pub fn rounded(self) -> Quality {
        // By way of whole numbers: what is no number has many forms, and becomes 0.
        let whole = |value: f32| f32::from((value.round() as u16).min(9999));
        let share = |value: f32| f32::from(((value * 100.0).round() as u8).min(100)) / 100.0;
        Quality {
            face_pixels: whole(self.face_pixels),
            turn: share(self.turn),
            sharpness: whole(self.sharpness),
            score: share(self.score),
        }
    }
}

/// A template to be stored: the feature of one photo, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// What the feature model made of the face. Of any length but 0; it is stored with length 1.
    pub feature: Vec<f32>,
    /// What was measured of the face.
    pub quality: Quality,
    /// When it was enrolled, in seconds since 1970-01-01T00:00:00Z.
    pub enrolled: u64,
}

/// A stored template, without its feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TemplateInfo {
    /// What was measured of the face.
    pub quality: Quality,
    /// When it was enrolled, in seconds since 1970-01-01T00:00:00Z.
    pub enrolled: u64,
    /// The SHA-256 of the stored feature (f32, little endian), in hex. Equal for equal templates.
    pub digest: String,
}

/// A member of the gallery.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Member {
    /// What the member is called.
    pub id: MemberId,
    /// The member's templates, in the order of the photos. At least one.
    pub templates: Vec<TemplateInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_urls_and_command_lines_can_carry() {
        for good in ["a", "7", "Ada.Lovelace", "ada_l-2", &"x".repeat(64)] {
            assert_eq!(good.parse::<MemberId>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "-rf",
            "_a",
            "a b",
            "a/b",
            "Jürgen",
            "a\n",
            &"x".repeat(65),
        ] {
            let error = bad.parse::<MemberId>().unwrap_err().to_string();
            assert!(
                error.contains("cannot be a member's id: use 1 to 64"),
                "{bad:?}: {error}"
            );
        }
    }

    #[test]
    fn a_message_about_an_id_stays_short() {
        let error = "ü".repeat(1_000_000).parse::<MemberId>().unwrap_err();
        assert!(error.to_string().len() < 400);
    }

    #[test]
    fn json_is_held_to_the_same_rules() {
        assert_eq!(
            serde_json::from_str::<MemberId>("\"ada\"")
                .unwrap()
                .as_str(),
            "ada"
        );
        let error = serde_json::from_str::<MemberId>("\"../x\"").unwrap_err();
        assert!(
            error.to_string().contains("cannot be a member's id"),
            "{error}"
        );
    }
}
