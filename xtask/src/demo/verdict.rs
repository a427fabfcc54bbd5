//! What the host said about a frame, as far as the demonstration looks at it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::scenes::Face as Expected;

/// A frame's answer.
#[derive(Deserialize)]
pub struct Answer {
    /// The faces found.
    pub faces: Vec<Face>,
    /// Milliseconds, by step; `total` among them.
    pub milliseconds: BTreeMap<String, f64>,
}

/// A face that was found.
#[derive(Deserialize)]
pub struct Face {
    #[serde(rename = "box")]
    rect: Rect,
    /// What was decided.
    pub verdict: Verdict,
}

#[derive(Deserialize)]
struct Rect {
    x: f64,
    width: f64,
}

/// What was decided about a face.
#[derive(Deserialize)]
pub struct Verdict {
    /// Whether it is a member's.
    pub member: bool,
    /// Which member's.
    pub id: Option<String>,
    /// The cosine similarity to that member's most similar template.
    pub similarity: Option<f64>,
    /// From where on a face is a member's.
    pub threshold: Option<f64>,
}

impl Answer {
    /// Reads what the client printed for one frame, with the faces from left to right.
    ///
    /// # Errors
    /// In words, where the frame was refused or the answer is not what it should be.
    pub fn read(submitted: &Value) -> Result<Answer, String> {
        if let Some(answer) = submitted.get("answer") {
            let mut answer = Answer::deserialize(answer)
                .map_err(|error| format!("the answer is not understood: {error}"))?;
            answer
                .faces
                .sort_by(|left, right| left.centre().total_cmp(&right.centre()));
            return Ok(answer);
        }
        let problem = submitted.get("error").unwrap_or(submitted);
        let said = |key| problem.get(key).and_then(Value::as_str);
        Err(said("detail")
            .or_else(|| said("title"))
            .map_or_else(|| problem.to_string(), str::to_owned))
    }

    /// Whether these faces were found, and no others.
    pub fn is(&self, expected: &[Expected]) -> bool {
        self.faces.len() == expected.len()
            && self
                .faces
                .iter()
                .zip(expected)
                .all(|(face, expected)| face.is(*expected))
    }
}

impl Face {
    /// Whether the right thing was decided.
    pub fn is(&self, expected: Expected) -> bool {
        match expected {
            Expected::Member(name) => {
                self.verdict.member && self.verdict.id.as_deref() == Some(name)
            }
            Expected::Stranger => !self.verdict.member,
        }
    }

    fn centre(&self) -> f64 {
        self.rect.x + self.rect.width / 2.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn face(x: f64, id: Option<&str>) -> Value {
        let rect = json!({"x": x, "y": 0, "width": 10, "height": 10});
        json!({"box": rect, "verdict": {"member": id.is_some(), "id": id, "similarity": 0.5, "threshold": 0.42}})
    }

    fn answer(faces: &[Value]) -> Answer {
        Answer::read(
            &json!({"photo": "p", "answer": {"faces": faces, "milliseconds": {"total": 1.5}}}),
        )
        .unwrap()
    }

    #[test]
    fn faces_are_compared_from_left_to_right() {
        let answer = answer(&[face(50.0, None), face(5.0, Some("ann"))]);
        assert!(answer.is(&[Expected::Member("ann"), Expected::Stranger]));
        assert!(!answer.is(&[Expected::Stranger, Expected::Member("ann")]));
    }

    #[test]
    fn another_member_or_number_of_faces_is_wrong() {
        let answer = answer(&[face(5.0, Some("ann"))]);
        assert!(!answer.is(&[Expected::Member("bob")]));
        assert!(!answer.is(&[]));
        assert!(!answer.is(&[Expected::Member("ann"), Expected::Stranger]));
    }

    #[test]
    fn a_refused_frame_is_told_by_its_reason() {
        let refused = json!({"photo": "p", "error": {"title": "t", "detail": "too dark"}});
        assert_eq!(Answer::read(&refused).err().unwrap(), "too dark");
    }
}
