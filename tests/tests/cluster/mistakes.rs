//! Mistakes in a pipeline's object: each is said in one clear way, and what runs goes on.

use crate::flow::Outcome;
use crate::kubectl;
use crate::machine::Machines;
use crate::members;
use crate::needs::{CannotBeDone, Need, trial};
use crate::objects::{self, Condition};
use crate::placement::{address, from_the_camera};
use crate::site::{variable, within};
use crate::zones::{self, TIER, Zones};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::env;
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "cluster: every mistake in a pipeline is said, and the version before goes on",
        &[Need::Cluster],
        each,
    )]
}

/// For hosts to say what they make of an object.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a mistake is said.
#[derive(Clone, Copy, PartialEq)]
enum Said<'a> {
    /// The object is not taken.
    AtOnce,
    /// By a condition, with this reason.
    By(&'a str, &'a str),
}

const INVALID: Said<'static> = Said::By("Accepted", "Invalid");
const BOUNDARY: Said<'static> = Said::By("Accepted", "BoundaryBroken");
const NO_HOST: Said<'static> = Said::By("Placed", "NoHost");
const REFUSED: Said<'static> = Said::By("Ready", "Refused");

/// A mistake: what it is, what it does to an object that is right, how it is said, and words that are said.
struct Mistake(
    &'static str,
    Box<dyn Fn(&mut Value)>,
    Said<'static>,
    &'static [&'static str],
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
fn set(object: &mut Value, place: &str, value: Value) {
    let mut here = object;
    for name in place.split('/').skip(1) {
        here = match name.parse::<usize>() {
            Ok(index) => &mut here[index],
            Err(_) => &mut here[name],
        };
    }
    *here = value;
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
fn inside(repository: &str, digest: &str) -> String {
    let registry = variable("REGISTRY");
    format!("{registry}/footlight/{repository}@sha256:{digest}")
}

fn each() -> Result<(), CannotBeDone> {
    Machines::here()?;
    let zones = Zones::installed()?;
    let edge = address(&zones::host("edge"));
    let photos: Vec<_> = members::shown().collect();
    let answers = |index: usize| {
        let (body, expected) = &photos[index % photos.len()];
        match from_the_camera(edge, body, expected) {
            Outcome::Right { version, .. } => Ok(version),
            other => Err(format!("{other:?}")),
        }
    };
    let before = answers(0);
    before.as_ref().unwrap();
    let other_imports = other_imports();
    let lists = [written(), apart(), impossible()];
    let mut mistakes: Vec<Mistake> = lists.into_iter().flatten().collect();
    mistakes.push(Mistake(
        "a component that wants more than a stage may have",
        Box::new(move |object| {
            set(
                object,
                "/spec/stages/verify/component",
                json!(other_imports),
            );
        }),
        REFUSED,
        &["verify", "wasi:http"],
    ));
    let mut wrong = Vec::new();
    for (index, mistake) in mistakes.iter().enumerate() {
        let Mistake(what, make, said, words) = mistake;
        let mut object = zones::pipeline();
        make(&mut object);
        let began = Instant::now();
        match told(&object, *said, words) {
            Ok((how, message)) => {
                let took = began.elapsed().as_secs_f32();
                eprintln!("      {what}: {took:.1} s: {how}: {}", message.trim());
                let word = words.iter().find(|word| !message.contains(**word));
                if *said != how_of(&how) {
                    wrong.push(format!("{what}: {how}: {message}"));
                } else if let Some(word) = word {
                    wrong.push(format!("{what}: no `{word}` in: {message}"));
                }
            }
            Err(why) => wrong.push(format!("{what}: {why}")),
        }
        // What ran goes on, with what it was, and is said to.
        let answer = answers(index);
        if answer != before {
            wrong.push(format!("{what}: the version before is gone: {answer:?}"));
            objects::run(&zones::pipeline());
        } else if !goes_on()? {
            wrong.push(format!("{what}: nothing is said to be ready"));
        }
    }
    objects::run(&zones::pipeline());
    assert_eq!(answers(0), before);
    zones.whole();
    assert!(
        wrong.is_empty(),
        "of {} mistakes:\n{}",
        mistakes.len(),
        wrong.join("\n")
    );
    Ok(())
}

/// Whether the pipeline is said to be served, in whatever version.
fn goes_on() -> Result<bool, CannotBeDone> {
    let current = objects::current(zones::NAME).map_err(CannotBeDone)?;
    let ready = objects::condition(&current, "Ready");
    Ok(ready.is_some_and(|ready| ready.holds))
}

/// How a mistake is said, and in which words.
fn told(object: &Value, expected: Said, words: &[&str]) -> Result<(String, String), String> {
    let name = object["metadata"]["name"].as_str().unwrap();
    if let Err(words) = kubectl::apply(object) {
        return Ok(("at once".to_owned(), words));
    }
    if expected == Said::AtOnce {
        return Err(format!(
            "it was taken: {:?}",
            objects::current(name)?["status"]
        ));
    }
    let mut last = None;
    let _ = within(PATIENCE, || {
        let told = objects::told(name)?;
        let condition = settled(&objects::conditions(&told)).ok_or("nothing is said yet")?;
        // Hosts say one after the other what they make of it.
        let said = words.iter().all(|word| condition.message.contains(word));
        let so = said && expected == Said::By(&condition.kind, &condition.reason);
        last = Some(condition);
        if so { Ok(()) } else { Err(String::new()) }
    });
    let condition = last.ok_or_else(|| format!("nothing is said: {:?}", objects::current(name)))?;
    Ok((
        format!("{} {}", condition.kind, condition.reason),
        condition.message,
    ))
}

/// The one that says what is wrong: the first that says so. Those after it name it.
fn settled(conditions: &[Condition]) -> Option<Condition> {
    let of = |kind: &str| conditions.iter().find(|condition| condition.kind == kind);
    let (accepted, placed, ready) = (of("Accepted")?, of("Placed")?, of("Ready")?);
    if !accepted.holds {
        return Some(accepted.clone());
    }
    if !placed.holds {
        return Some(placed.clone());
    }
    let on_its_way = ["Ready", "Starting"].contains(&ready.reason.as_str());
    (!on_its_way).then(|| ready.clone())
}

/// What `told` said, as a way of saying.
fn how_of(how: &str) -> Said<'static> {
    let known = [INVALID, BOUNDARY, NO_HOST, REFUSED];
    let mut known = known.into_iter();
    known
        .find(|said| matches!(said, Said::By(kind, reason) if how == format!("{kind} {reason}")))
        .unwrap_or(Said::AtOnce)
}

/// A component that imports what no stage may, in the cluster's registry. `footlight stage push` would not put it there.
fn other_imports() -> String {
    let handler = "wasi:http/outgoing-handler@0.2.0";
    let component =
        wat::parse_str(format!("(component (import \"{handler}\" (instance)))")).unwrap();
    let (inside, here) = (variable("REGISTRY"), variable("REGISTRY_HERE"));
    let registry = Registry {
        base: match env::var_os("FOOTLIGHT_CLUSTER_PLAIN_HTTP") {
            Some(_) => format!("http://{here}/v2/footlight/other-imports"),
            None => format!("https://{here}/v2/footlight/other-imports"),
        },
    };
    let layer = registry.blob("application/wasm", &component);
    let config = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer["digest"]],
        "component": {"exports": [], "imports": [handler]},
    });
    let config = registry.blob(
        "application/vnd.wasm.config.v0+json",
        config.to_string().as_bytes(),
    );
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": kind,
        "config": config,
        "layers": [layer],
    });
    let manifest = manifest.to_string();
    let put = ureq::put(format!("{}/manifests/e2e", registry.base));
    put.header("content-type", kind).send(&manifest).unwrap();
    let digest = digest(manifest.as_bytes());
    format!("{inside}/footlight/other-imports@{digest}")
}

/// A repository of the cluster's registry, as this machine reaches it.
struct Registry {
    base: String,
}

impl Registry {
    /// Puts a blob there; how a manifest names it.
    fn blob(&self, kind: &str, bytes: &[u8]) -> Value {
        let begin = ureq::post(format!("{}/blobs/uploads/", self.base));
        let begun = begin.send_empty().unwrap();
        let place = begun.headers()["location"].to_str().unwrap();
        let join = if place.contains('?') { '&' } else { '?' };
        let digest = digest(bytes);
        let put = ureq::put(format!("{place}{join}digest={digest}"));
        put.header("content-type", "application/octet-stream")
            .send(bytes)
            .unwrap();
        json!({"mediaType": kind, "digest": digest, "size": bytes.len()})
    }
}

fn digest(bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hash}")
}
