//! Why a request was refused.

use std::fmt;

use serde_json::{Value, json};
use ureq::http::StatusCode;

/// A request that a host refused, or that broke on the way: problem details as of RFC 9457.
#[derive(Debug, Clone)]
pub struct Problem(pub Value);

impl Problem {
    /// One made here, for what never reached the host or came back broken.
    pub fn local(title: &str, detail: impl fmt::Display) -> Self {
        Self(json!({"type": "about:blank", "title": title, "detail": detail.to_string()}))
    }

    /// What a host says with a status that is no success.
    pub fn of_answer(status: StatusCode, text: &str) -> Self {
        match serde_json::from_str::<Value>(text) {
            Ok(value @ Value::Object(_)) => Self(value),
            _ => {
                let reason = status.canonical_reason().unwrap_or("no reason given");
                Self(json!({
                    "type": "about:blank",
                    "title": reason,
                    "status": status.as_u16(),
                    "detail": format!("the host answered with {} {reason}; is it a footlight host?", status.as_u16()),
                }))
            }
        }
    }

    /// The status that the host gave; none for a problem of this side.
    pub fn status(&self) -> Option<u64> {
        self.0.get("status").and_then(Value::as_u64)
    }

    /// What was wrong, as a code for programs; none for a problem of this side.
    pub fn reason(&self) -> Option<&str> {
        self.text("reason")
    }

    /// The photos of an enrolment that were refused, each with the reason.
    pub fn photos(&self) -> Vec<String> {
        let photos = self.0.get("photos").and_then(Value::as_array);
        let line = |photo: &Value| {
            let text = |key| photo.get(key).and_then(Value::as_str);
            Some(format!("{}: {}", text("name")?, text("detail")?))
        };
        photos.into_iter().flatten().filter_map(line).collect()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.text("detail"), self.text("title"), self.status()) {
            (Some(detail), ..) => f.write_str(detail),
            (None, Some(title), _) => f.write_str(title),
            (None, None, Some(status)) => {
                write!(f, "the host answered with status {status} and no reason")
            }
            (None, None, None) => f.write_str("the host gave no reason"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_its_detail() {
        let refused = Problem::of_answer(
            StatusCode::BAD_REQUEST,
            r#"{"title":"t","detail":"too dark","status":400}"#,
        );
        assert_eq!(refused.to_string(), "too dark");
        let foreign = Problem::of_answer(StatusCode::NOT_FOUND, "<html>");
        assert!(foreign.to_string().contains("404 Not Found"));
        assert_eq!(foreign.status(), Some(404));
    }

    #[test]
    fn refused_photos_are_listed_with_their_reasons() {
        let photos =
            json!([{"name": "a.jpg", "reason": "no-face", "detail": "no face"}, {"name": "b.jpg"}]);
        assert_eq!(
            Problem(json!({ "photos": photos })).photos(),
            ["a.jpg: no face"]
        );
        assert!(Problem(json!({})).photos().is_empty());
    }
}
