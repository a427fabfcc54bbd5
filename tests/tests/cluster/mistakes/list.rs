//! The mistakes: what can be wrong with a pipeline's object, and how that is said.

use super::foreign;
use crate::site::variable;
use crate::zones::TIER;
use serde_json::{Value, json};

/// How a mistake is said.
#[derive(Clone, Copy, PartialEq)]
pub enum Said<'a> {
    /// The object is not taken.
    AtOnce,
    /// By a condition, with this reason.
    By(&'a str, &'a str),
}

pub const INVALID: Said<'static> = Said::By("Accepted", "Invalid");
pub const BOUNDARY: Said<'static> = Said::By("Accepted", "BoundaryBroken");
pub const NO_HOST: Said<'static> = Said::By("Placed", "NoHost");
pub const REFUSED: Said<'static> = Said::By("Ready", "Refused");

/// A mistake: what it is, what it does to an object that is right, how it is said, and words that are said.
pub struct Mistake(
    pub &'static str,
    pub Box<dyn Fn(&mut Value)>,
    pub Said<'static>,
    pub &'static [&'static str],
);

/// One that has another value at a place.
fn at(
    what: &'static str,
    place: &'static str,
    value: Value,
    said: Said<'static>,
    words: &'static [&'static str],
) -> Mistake {
    let make = move |object: &mut Value| set(object, place, value.clone());
    Mistake(what, Box::new(make), said, words)
}

/// One that has nothing at a place.
fn without(
    what: &'static str,
    place: &'static str,
    said: Said<'static>,
    words: &'static [&'static str],
) -> Mistake {
    let make = move |object: &mut Value| {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let parent = object.pointer_mut(parent).expect(place);
        parent.as_object_mut().unwrap().remove(name).expect(place);
    };
    Mistake(what, Box::new(make), said, words)
}

/// Puts a value at a place; what leads there is made.
pub fn set(object: &mut Value, place: &str, value: Value) {
    let mut here = object;
    for name in place.split('/').skip(1) {
        here = match name.parse::<usize>() {
            Ok(index) => &mut here[index],
            Err(_) => &mut here[name],
        };
    }
    *here = value;
}

/// All of them.
pub fn all() -> Vec<Mistake> {
    let lists = [written(), apart(), impossible()];
    let mut all: Vec<Mistake> = lists.into_iter().flatten().collect();
    let foreign = foreign::pushed();
    all.push(Mistake(
        "a component that wants more than a stage may have",
        Box::new(move |object| set(object, "/spec/stages/verify/component", json!(foreign))),
        REFUSED,
        &["verify", "wasi:http"],
    ));
    all
}

/// What is wrong with the object as it is written.
fn written() -> Vec<Mistake> {
    vec![
        at(
            "a key that is misspelt",
            "/spec/stages/detect/limit",
            json!({}),
            INVALID,
            &["limit"],
        ),
        at(
            "a section that is misspelt",
            "/spec/boundaries",
            json!({}),
            INVALID,
            &["boundaries"],
        ),
        at(
            "a text where a list is wanted",
            "/spec/stages/detect/yields",
            json!("crop"),
            Said::AtOnce,
            &["yields"],
        ),
        at(
            "a number where a text is wanted",
            "/spec/source",
            json!(7),
            Said::AtOnce,
            &["source"],
        ),
        at(
            "a label that is no text",
            "/spec/placement/detect/labels/a",
            json!(true),
            Said::AtOnce,
            &["labels"],
        ),
        without(
            "a stage without an input",
            "/spec/stages/features/input",
            Said::AtOnce,
            &["input"],
        ),
        without(
            "a rule without a number",
            "/spec/boundary/feature/per-frame",
            Said::AtOnce,
            &["per-frame"],
        ),
        without("no classes", "/spec/classes", Said::AtOnce, &["classes"]),
        at(
            "no stages",
            "/spec/stages",
            json!({}),
            Said::AtOnce,
            &["stages"],
        ),
        at(
            "a kind of class that there is not",
            "/spec/classes/crop/kind",
            json!("picture"),
            Said::AtOnce,
            &["picture"],
        ),
        at(
            "a time that is none",
            "/spec/stages/detect/limits/time",
            json!("soon"),
            Said::AtOnce,
            &["time"],
        ),
        at(
            "a zone's name that no label can have",
            "/spec/zones/names/0",
            json!("a/b"),
            Said::AtOnce,
            &["names"],
        ),
        at(
            "a rounding that there is not",
            "/spec/boundary/feature/quantise",
            json!("i3"),
            Said::AtOnce,
            &["quantise"],
        ),
        at(
            "a name that is too long",
            "/metadata/name",
            json!("m".repeat(65)),
            Said::AtOnce,
            &["name"],
        ),
        at(
            "a tag where a digest is wanted",
            "/spec/stages/verify/component",
            json!("registry.example/footlight/members:1.0"),
            Said::AtOnce,
            &["component"],
        ),
        at(
            "a file where an artifact is wanted",
            "/spec/stages/verify/component",
            json!("member-verification.wasm"),
            Said::AtOnce,
            &["component"],
        ),
    ]
}

/// What does not go together.
fn apart() -> Vec<Mistake> {
    vec![
        at(
            "a class that is not declared",
            "/spec/stages/features/input",
            json!("crops"),
            INVALID,
            &["crops"],
        ),
        at(
            "a source that is not declared",
            "/spec/source",
            json!("frames"),
            INVALID,
            &["frames"],
        ),
        at(
            "an answer of a class that is not declared",
            "/spec/answer/faces",
            json!("face"),
            INVALID,
            &["face"],
        ),
        Mistake(
            "stages in a circle",
            Box::new(|object| {
                set(object, "/spec/stages/detect/input", json!("verdict"));
            }),
            INVALID,
            &["detect"],
        ),
        at(
            "a model that is not declared",
            "/spec/stages/features/models/features",
            json!("fr-featur"),
            INVALID,
            &["fr-featur"],
        ),
        at(
            "a gallery made by no model",
            "/spec/gallery/made-by",
            json!("nobody"),
            INVALID,
            &["nobody"],
        ),
        at(
            "templates that are pictures",
            "/spec/gallery/template",
            json!("crop"),
            INVALID,
            &["crop"],
        ),
        at(
            "a gallery with the name of another model",
            "/spec/gallery/model",
            json!("retinaface"),
            INVALID,
            &["retinaface"],
        ),
        at(
            "a device that nobody knows",
            "/spec/models/retinaface/device",
            json!("abacus"),
            INVALID,
            &["abacus"],
        ),
        at(
            "a picture that is let out",
            "/spec/boundary/crop",
            json!({"from": ["site"], "to": ["cloud"], "per-frame": 1, "per-second": 1}),
            BOUNDARY,
            &["crop", "image"],
        ),
        at(
            "a stage that is placed where no pictures go",
            "/spec/placement/features/zones",
            json!(["cloud"]),
            BOUNDARY,
            &["features", "image"],
        ),
        at(
            "a stage in a zone that there is not",
            "/spec/placement/verify/zones",
            json!(["moon"]),
            BOUNDARY,
            &["moon"],
        ),
        at(
            "a stage that is placed and not there",
            "/spec/placement/verifi",
            json!({"zones": ["cloud"]}),
            BOUNDARY,
            &["verifi"],
        ),
        at(
            "frames that enter in a zone that there is not",
            "/spec/zones/frames",
            json!(["moon"]),
            BOUNDARY,
            &["moon"],
        ),
        at(
            "a rule for a class that is not declared",
            "/spec/boundary/featur",
            json!({"from": ["site"], "to": ["cloud"], "per-frame": 1, "per-second": 1}),
            BOUNDARY,
            &["featur"],
        ),
        without(
            "zones that are used and not there",
            "/spec/zones",
            BOUNDARY,
            &["zones"],
        ),
        without(
            "verdicts that may not come back",
            "/spec/boundary/verdict",
            BOUNDARY,
            &["verdict"],
        ),
        without(
            "features that may not go",
            "/spec/boundary/feature",
            BOUNDARY,
            &["feature"],
        ),
    ]
}

/// What no host can do.
fn impossible() -> Vec<Mistake> {
    vec![
        at(
            "a label that no node has",
            "/spec/placement/detect/labels",
            json!({TIER: "balcony"}),
            NO_HOST,
            &["detect", "balcony"],
        ),
        at(
            "a GPU where there is none",
            "/spec/placement/verify/gpu",
            json!(true),
            NO_HOST,
            &["verify", "GPU"],
        ),
        at(
            "a label of a node of another zone",
            "/spec/placement/verify/labels",
            json!({TIER: "edge"}),
            NO_HOST,
            &["verify"],
        ),
        at(
            "a digest that the registry does not have",
            "/spec/stages/verify/component",
            json!(inside("members-across-zones", &"0".repeat(64))),
            REFUSED,
            &["verify", "sha256:0000"],
        ),
        at(
            "a repository that the registry does not have",
            "/spec/models/fr-feature/card",
            json!(inside("nothing", &"1".repeat(64))),
            REFUSED,
            &["nothing"],
        ),
        Mistake(
            "a model where a stage is wanted",
            Box::new(|object| {
                let model = object["spec"]["models"]["fr-feature"]["card"].clone();
                set(object, "/spec/stages/verify/component", model);
            }),
            REFUSED,
            &["model"],
        ),
        Mistake(
            "a stage where a model is wanted",
            Box::new(|object| {
                let stage = object["spec"]["stages"]["verify"]["component"].clone();
                set(object, "/spec/models/fr-feature/card", stage);
            }),
            REFUSED,
            &["stage"],
        ),
        at(
            "a setting that the stage does not take",
            "/spec/stages/verify/settings/threshold",
            json!("high"),
            REFUSED,
            &["verify", "threshold"],
        ),
        at(
            "too little memory",
            "/spec/stages/detect/limits/guest-memory",
            json!("64 KiB"),
            REFUSED,
            &["detect"],
        ),
        at(
            "too little time",
            "/spec/stages/features/limits/time",
            json!("1 ms"),
            REFUSED,
            &["features"],
        ),
        at(
            "a device that is not there",
            "/spec/models/fr-feature/device",
            json!("cuda:0"),
            REFUSED,
            &["cuda"],
        ),
        at(
            "a component with another sha256",
            "/spec/stages/detect/sha256",
            json!("2".repeat(64)),
            REFUSED,
            &["sha256"],
        ),
        at(
            "features of another length",
            "/spec/classes/feature/shape",
            json!([1, 256]),
            REFUSED,
            &["256"],
        ),
    ]
}

/// A reference as nodes name it.
pub fn inside(repository: &str, digest: &str) -> String {
    let registry = variable("REGISTRY");
    format!("{registry}/footlight/{repository}@sha256:{digest}")
}
