//! The models of the first-party pipeline, where they have been fetched.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use footlight_nn::{BatchOptions, Card, Graph, batched, cache_dir, free_batch, verify_batch};

use crate::{Subject, Test, compile, floats, infer, output};

/// The tests, each with what is missing for it.
pub fn tests() -> Vec<(Option<String>, Test)> {
    vec![
        (
            missing("retinaface-mobilenet-0.25"),
            ("retinaface_is_as_its_card_says", retinaface),
        ),
        (
            missing("fr-feature"),
            ("fr_feature_is_as_its_card_says", fr_feature),
        ),
        (
            missing("fr-feature"),
            ("fr_feature_gives_the_same_in_a_batch", fr_feature_batch),
        ),
        (
            missing("retinaface-mobilenet-0.25"),
            (
                "retinaface_stays_as_it_is_and_gives_the_same_in_a_batch",
                retinaface_batch,
            ),
        ),
    ]
}

/// Why a model cannot be used here.
pub fn missing(name: &str) -> Option<String> {
    let located = read(name).locate(&cache_dir());
    located.err().map(|error| error.to_string())
}

fn read(name: &str) -> Card {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    Card::read(&models.join(format!("{name}.toml"))).unwrap()
}

/// Compiles a model that is as its card says.
pub fn load(subject: &Subject, name: &str) -> std::sync::Arc<dyn Graph> {
    let card = read(name);
    let model = card.load(&cache_dir()).unwrap();
    let graph = subject.try_compile(&model).unwrap();
    card.check(&*graph).unwrap();
    graph
}

/// One compiled model works on images of several sizes; 2 anchors at each place of strides 8, 16, 32.
fn retinaface(subject: &Subject) {
    let graph = load(subject, "retinaface-mobilenet-0.25");
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

fn fr_feature(subject: &Subject) {
    let graph = load(subject, "fr-feature");
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

/// Faces that are not, each another one.
fn noise(row: u32, count: u32) -> Vec<f32> {
    let scrambled = |n: u32| (n ^ row).wrapping_mul(0x9e37_79b9).rotate_left(15) >> 8;
    (row * count..(row + 1) * count)
        .map(|n| scrambled(n) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

fn options() -> BatchOptions {
    BatchOptions {
        max: NonZeroU32::MIN.saturating_add(7),
        wait: Duration::ZERO,
    }
}

fn fr_feature_batch(subject: &Subject) {
    let card = read("fr-feature");
    let model = card.load(&cache_dir()).unwrap();
    let original = compile(subject, &model);
    let freed = compile(subject, &free_batch(&model).unwrap());
    assert_eq!(freed.inputs()[0].to_string(), "input f32 [?, 3, 112, 112]");
    assert_eq!(freed.outputs()[0].to_string(), "output f32 [?, 512]");
    card.check(&*freed).unwrap();
    let size = 3 * 112 * 112;
    let faces: Vec<Vec<f32>> = (0..5).map(|row| noise(row, size)).collect();
    let together = floats(&[5, 3, 112, 112], &faces.concat());
    let together = output(&infer(&*freed, &[("input", together)]).unwrap(), "output");
    assert_eq!(together.len(), 5 * 512);
    for (face, row) in faces.iter().zip(together.chunks(512)) {
        let alone = floats(&[1, 3, 112, 112], face);
        let alone = output(&infer(&*original, &[("input", alone)]).unwrap(), "output");
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let cosine = dot(row, &alone) / (dot(row, row) * dot(&alone, &alone)).sqrt();
        assert!(cosine >= 0.9999, "the cosine is {cosine}");
        let largest = alone.iter().fold(0.0, |most: f32, n| most.max(n.abs()));
        let apart = row.iter().zip(&alone).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f32::max);
        assert!(apart <= largest * 1e-4, "{apart} apart, of {largest}");
    }
    verify_batch(&*original, &*freed).unwrap();
    let graph = batched(
        compile(subject, &model),
        &*subject.backend,
        &model,
        &options(),
    )
    .unwrap();
    assert_eq!(graph.inputs(), freed.inputs());
}

/// Images of two sizes at the same time: each is computed with its like.
fn retinaface_batch(subject: &Subject) {
    let model = read("retinaface-mobilenet-0.25")
        .load(&cache_dir())
        .unwrap();
    assert!(free_batch(&model).unwrap() == model);
    let graph = batched(
        compile(subject, &model),
        &*subject.backend,
        &model,
        &options(),
    )
    .unwrap();
    let plain = compile(subject, &model);
    let image = |row: u32| {
        let side = 64 + 32 * (row % 2);
        floats(&[1, 3, side, side], &noise(row, 3 * side * side))
    };
    let rows: Vec<_> = thread::scope(|scope| {
        let graph = &graph;
        let callers: Vec<_> = (0..8)
            .map(|row| scope.spawn(move || infer(&**graph, &[("input", image(row))]).unwrap()))
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });
    for (row, found) in (0..8).zip(rows) {
        let alone = infer(&*plain, &[("input", image(row))]).unwrap();
        for name in ["loc", "conf", "landmarks"] {
            let (found, alone) = (output(&found, name), output(&alone, name));
            assert_eq!(found.len(), alone.len());
            let apart = found.iter().zip(&alone).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 1e-3, "{name} of {row}");
        }
    }
}
