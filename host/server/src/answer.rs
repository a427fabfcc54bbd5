//! What the answer to a frame is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::version::Version;

/// The answer to a frame.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FrameAnswer {
    /// The pipeline that it went through.
    pub pipeline: String,
    /// What exactly answered: one version of the pipeline, from beginning to end.
    pub version: Version,
    /// The id that the frame has in the host's log, also in the header `footlight-frame`.
    pub frame: String,
    /// Width of the frame in pixels, upright.
    pub width: u32,
    /// Height of the frame in pixels, upright.
    pub height: u32,
    /// How long it took, in milliseconds: `decode`, each stage by its name (for all of its items),
    /// and `total`, which is from the body being there and a worker being free to the answer.
    #[schema(example = json!({"decode": 3.1, "detect": 17.9, "features": 15.2, "verify": 0.4, "total": 36.9}))]
    pub milliseconds: BTreeMap<String, f64>,
    /// What was found: the lists that the pipeline's file names under `[answer]`.
    #[serde(flatten)]
    pub lists: Lists,
}

/// The lists that a pipeline's file names under `[answer]`, each with one object for every item of a
/// class: its attributes, and the documents that were made from it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lists(pub Map<String, Value>);

/// A face, as the pipeline `members` answers it. `box` and `landmarks` are in pixels of the upright
/// frame, from its top left corner. Other pipelines answer other things.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Face {
    /// Where it is.
    #[serde(rename = "box")]
    pub rect: Rect,
    /// How sure the detector is that it is a face, 0 to 1.
    pub score: f64,
    /// Left eye in the picture, right eye, nose, left corner of the mouth, right one; each [x, y].
    #[schema(min_items = 5, max_items = 5)]
    pub landmarks: Vec<[f64; 2]>,
    /// Whether it is a member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// A rectangle, in pixels of the upright frame. It may reach beyond the frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    #[schema(minimum = 0)]
    pub width: f64,
    /// Height.
    #[schema(minimum = 0)]
    pub height: f64,
}

/// Whether a face is a member's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// Whether it is.
    pub member: bool,
    /// Which member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Cosine of the angle to the most similar template in the gallery, -1 to 1; 0 if that is empty.
    pub similarity: f64,
    /// How much less similar the next member is, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The similarity from which a face is a member's.
    pub threshold: f64,
}

impl FrameAnswer {
    /// The fields of every answer, which no list of a pipeline may be called.
    pub(crate) const FIELDS: [&str; 6] = [
        "pipeline",
        "version",
        "frame",
        "width",
        "height",
        "milliseconds",
    ];

    /// The times in every answer, which no stage may be called.
    pub(crate) const TIMES: [&str; 2] = ["decode", "total"];
}

/// A time as answers have it, in milliseconds with three decimals.
pub(crate) fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1e6).round() / 1e3
}

impl ToSchema for Lists {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Face::name().into_owned(), Face::schema()));
        Face::schemas(schemas);
    }
}

/// Written by hand: what a pipeline answers is in its file, which this crate does not know. The list of
/// the pipeline that comes with the host is described, and whatever else there is, allowed.
impl PartialSchema for Lists {
    fn schema() -> RefOr<Schema> {
        let faces = ArrayBuilder::new()
            .items(Ref::from_schema_name(Face::name()))
            .description(Some(
                "The faces in the frame; what the pipeline `members` answers.",
            ));
        ObjectBuilder::new()
            .description(Some(
                "The lists that the pipeline's file names under `[answer]`, each with one object for \
                 every item of a class: its attributes, and the documents that were made from it.",
            ))
            .property("faces", faces)
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_has_its_lists_beside_what_is_the_same_for_all() {
        let faces = json!({"faces": [{"box": {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}}]});
        let answer = FrameAnswer {
            pipeline: "members".to_owned(),
            version: Version {
                pipeline: "sha256:1".to_owned(),
                stages: BTreeMap::from([("detect".to_owned(), "sha256:2".to_owned())]),
                models: BTreeMap::new(),
            },
            frame: "a-1".to_owned(),
            width: 640,
            height: 480,
            milliseconds: BTreeMap::from([(
                "total".to_owned(),
                milliseconds(Duration::from_micros(1500)),
            )]),
            lists: Lists(faces.as_object().unwrap().clone()),
        };
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            json!({
                "pipeline": "members",
                "version": {"pipeline": "sha256:1", "stages": {"detect": "sha256:2"}, "models": {}},
                "frame": "a-1", "width": 640, "height": 480,
                "milliseconds": {"total": 1.5},
                "faces": [{"box": {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}}],
            })
        );
    }
}
