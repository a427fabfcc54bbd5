//! What a host says of a frame, as far as this program shows it.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The answer to a frame. Whatever else a pipeline answers is only in the JSON.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// The faces that were found; none where the pipeline's answer has no such list.
    pub faces: Option<Vec<Face>>,
    /// How long each step took.
    pub milliseconds: Milliseconds,
}

/// A face, with what was made of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Face {
    /// Where it is, in pixels of the upright photo.
    #[serde(rename = "box")]
    pub bounds: Option<Bounds>,
    /// How sure the detector is, 0 to 1.
    pub score: Option<f64>,
    /// Points `[x, y]` in pixels of the upright photo.
    pub landmarks: Vec<[f32; 2]>,
    /// Whether it is a member's.
    pub verdict: Option<Verdict>,
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct Bounds {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// Whether a face is a member's.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// It is.
    pub member: bool,
    /// Whose it is.
    pub id: Option<String>,
    /// How like the most similar template it is, -1 to 1; none where there is no member at all.
    pub similarity: Option<f64>,
    /// The similarity from which a face is a member's.
    pub threshold: Option<f64>,
}

impl Verdict {
    /// The verdict in a word or two: the member's name, or that it is none.
    pub fn name(&self) -> &str {
        match (&self.id, self.member) {
            (Some(id), true) => id,
            (None, true) => "member",
            (_, false) => "not a member",
        }
    }
}

/// Times of the steps of a frame's way, in the order in which the host lists them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Milliseconds(pub Vec<(String, f64)>);

impl Milliseconds {
    /// The time of one step.
    pub fn of(&self, step: &str) -> Option<f64> {
        self.0
            .iter()
            .find(|(name, _)| name == step)
            .map(|(_, time)| *time)
    }
}

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Times;
        impl<'de> Visitor<'de> for Times {
            type Value = Milliseconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("times by the name of a step")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Milliseconds, A::Error> {
                let mut times = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    times.push(entry);
                }
                Ok(Milliseconds(times))
            }
        }
        deserializer.deserialize_map(Times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"pipeline":"members","frame":"f1","width":100,"height":80,"faces":[
        {"box":{"x":1,"y":2,"width":30,"height":40.5},"score":0.99,"landmarks":[[1,2],[3.5,4]],
         "verdict":{"member":true,"id":"obama","similarity":0.83,"margin":0.4,"threshold":0.42}},
        {"box":{"x":1,"y":2,"width":3,"height":4},"score":0.7,"landmarks":[],
         "verdict":{"member":false,"id":null,"similarity":null,"threshold":0.42}},
        {"score":0.7}],
        "milliseconds":{"decode":1.5,"verify":3,"detect":2,"total":7}}"#;

    #[test]
    fn the_faces_of_an_answer_are_read() {
        let faces = serde_json::from_str::<Answer>(ANSWER)
            .unwrap()
            .faces
            .unwrap();
        assert_eq!(faces[0].bounds.unwrap().height, 40.5);
        assert_eq!(faces[0].landmarks, [[1.0, 2.0], [3.5, 4.0]]);
        assert_eq!(faces[0].verdict.as_ref().unwrap().name(), "obama");
        assert_eq!(faces[1].verdict.as_ref().unwrap().name(), "not a member");
        assert_eq!(faces[2].verdict, None);
    }

    #[test]
    fn steps_stay_in_the_order_of_the_host() {
        let times = serde_json::from_str::<Answer>(ANSWER).unwrap().milliseconds;
        let names: Vec<_> = times.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["decode", "verify", "detect", "total"]);
        assert_eq!(times.of("detect"), Some(2.0));
        assert_eq!(times.of("other"), None);
    }

    #[test]
    fn an_answer_of_another_kind_has_no_faces() {
        let answer = serde_json::from_str::<Answer>(r#"{"cars": []}"#).unwrap();
        assert!(answer.faces.is_none());
    }
}
