//! The models of the first-party pipeline, where they have been fetched.

use std::path::PathBuf;

use footlight_nn::{Backend, Card, Graph, OpenVino, cache_dir};

use crate::{floats, infer, output};

pub struct RealTest {
    pub name: &'static str,
    pub missing: Option<String>,
    pub run: fn(&OpenVino),
}

pub fn tests() -> Vec<RealTest> {
    let test = |name, card: &str, run| RealTest {
        name,
        missing: read(card)
            .locate(&cache_dir())
            .err()
            .map(|error| error.to_string()),
        run,
    };
    vec![
        test(
            "retinaface_is_as_its_card_says",
            "retinaface-mobilenet-0.25",
            retinaface,
        ),
        test("fr_feature_is_as_its_card_says", "fr-feature", fr_feature),
    ]
}

fn read(name: &str) -> Card {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    Card::read(&models.join(format!("{name}.toml"))).unwrap()
}

fn load(runtime: &OpenVino, name: &str) -> std::sync::Arc<dyn Graph> {
    let card = read(name);
    let graph = runtime
        .compile(&card.load(&cache_dir()).unwrap(), "cpu")
        .unwrap();
    card.check(&*graph).unwrap();
    graph
}

/// One compiled model works on images of several sizes; 2 anchors at each place of strides 8, 16, 32.
fn retinaface(runtime: &OpenVino) {
    let graph = load(runtime, "retinaface-mobilenet-0.25");
    for (width, height, anchors) in [
        (320_u32, 320_u32, 4200),
        (640, 384, 10080),
        (320, 320, 4200),
    ] {
        let grey = vec![0.0; 3 * (width * height) as usize];
        let outputs = infer(&*graph, &[("input", floats(&[1, 3, height, width], &grey))]).unwrap();
        let shapes: Vec<_> = outputs
            .iter()
            .map(|(_, tensor)| tensor.shape.clone())
            .collect();
        assert_eq!(shapes, [[1, anchors, 4], [1, anchors, 2], [1, anchors, 10]]);
        // Softmaxed: the two scores of an anchor sum to one. Nothing is seen in a grey image.
        for pair in output(&outputs, "conf").chunks(2) {
            assert!(
                (pair[0] + pair[1] - 1.0).abs() < 1e-4 && pair[1] < 0.5,
                "{pair:?}"
            );
        }
    }
}

fn fr_feature(runtime: &OpenVino) {
    let graph = load(runtime, "fr-feature");
    let face: Vec<f32> = (0..3 * 112 * 112)
        .map(|n| (n % 251) as f32 / 125.5 - 1.0)
        .collect();
    let face = floats(&[1, 3, 112, 112], &face);
    let first = output(
        &infer(&*graph, &[("input", face.clone())]).unwrap(),
        "output",
    );
    assert_eq!(first.len(), 512);
    assert!(first.iter().all(|n| n.is_finite()) && first.iter().any(|n| *n != 0.0));
    let second = output(&infer(&*graph, &[("input", face)]).unwrap(), "output");
    assert_eq!(first, second);
}
