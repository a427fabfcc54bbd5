//! Models by name: compiled once, replaced while others run.

use std::sync::Arc;

use footlight_nn::{DeviceSpec, Library, Model, Placement, Registry, sha256_hex};

use crate::onnx::{Graph, constant, node, value};
use crate::{Subject, Test, compile, floats, infer, output};

pub const TESTS: &[Test] = &[
    (
        "a_model_is_replaced_and_who_holds_the_old_one_keeps_it",
        replaced,
    ),
    ("models_are_listed_by_name", listed),
];

/// A model that adds a number.
fn adding(subject: &Subject, name: &str, number: f32) -> Model {
    let file = Graph {
        nodes: vec![node("Add", &["x", "number"], &["y"])],
        constants: vec![constant("number", &[1], &[number])],
        inputs: vec![value("x", 1, &[1])],
        outputs: vec![value("y", 1, &[1])],
        ..Graph::default()
    }
    .file();
    Model {
        name: name.to_owned(),
        digest: sha256_hex(&file),
        batched: None,
        graph: compile(subject, &file),
        placement: Placement {
            library: Library::OpenVino,
            device: "cpu".to_owned(),
            asked: DeviceSpec::CPU,
            passed_over: Vec::new(),
        },
        labels: Arc::new([format!("adds {number}")]),
        card: None,
    }
}

fn replaced(subject: &Subject) {
    let registry = Registry::new();
    assert!(registry.snapshot().get("gallery").is_none());
    registry.put(adding(subject, "gallery", 1.0));
    let before = registry.snapshot();
    registry.put(adding(subject, "gallery", 2.0));
    let after = registry.snapshot();
    for (snapshot, sum, label) in [(&before, 11.0, "adds 1"), (&after, 12.0, "adds 2")] {
        let model = snapshot.get("gallery").unwrap();
        let outputs = infer(&*model.graph, &[("x", floats(&[1], &[10.0]))]).unwrap();
        assert_eq!(output(&outputs, "y"), [sum]);
        assert_eq!(&*model.labels, [label]);
    }
    let digest =
        |snapshot: &footlight_nn::Snapshot| snapshot.get("gallery").unwrap().digest.clone();
    assert_ne!(digest(&before), digest(&after));
}

fn listed(subject: &Subject) {
    let registry = Registry::new();
    for name in ["retinaface", "gallery", "fr-feature"] {
        registry.put(adding(subject, name, 0.0));
    }
    let snapshot = registry.snapshot();
    let names: Vec<_> = snapshot.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["fr-feature", "gallery", "retinaface"]);
}
