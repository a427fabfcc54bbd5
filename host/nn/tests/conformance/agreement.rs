//! The numbers of all backends on the models of the first-party pipeline: a threshold that was measured
//! with one holds with the others.

use std::sync::Arc;

use footlight_nn::{Error, Tensor};
use libtest_mimic::{Failed, Trial};

use crate::real::{load, missing};
use crate::{Subject, floats, ignored, infer};

/// The least cosine between the numbers of two backends.
const LEAST: f64 = 0.9999;

type Subjects = [(&'static str, Result<Arc<Subject>, Error>)];

pub fn trials(subjects: &Subjects) -> Vec<Trial> {
    let here: Vec<Arc<Subject>> = subjects
        .iter()
        .filter_map(|(_, subject)| subject.as_ref().ok())
        .cloned()
        .collect();
    // 320 for portraits and 640x384 for cameras, as the detector is used.
    [
        ("fr-feature", &[[1, 3, 112, 112]][..]),
        (
            "retinaface-mobilenet-0.25",
            &[[1, 3, 320, 320], [1, 3, 384, 640]],
        ),
    ]
    .into_iter()
    .map(|(model, shapes)| {
        let name = format!("all: the_backends_agree_on_{model}");
        let missing = missing(model).or_else(|| {
            (here.len() < 2).then(|| "there is one backend, and two are needed".to_owned())
        });
        match missing {
            Some(reason) => ignored(&name, &reason),
            None => {
                let here = here.clone();
                Trial::test(name, move || {
                    agree(&here, model, shapes);
                    Ok::<(), Failed>(())
                })
            }
        }
    })
    .collect()
}

fn agree(subjects: &[Arc<Subject>], model: &str, shapes: &[[u32; 4]]) {
    let graphs: Vec<_> = subjects
        .iter()
        .map(|subject| (subject.name, load(subject, model)))
        .collect();
    for (seed, shape) in (1..).zip(shapes.iter().cycle().take(3)) {
        let given = image(seed, shape);
        let outputs: Vec<_> = graphs
            .iter()
            .map(|(name, graph)| (*name, infer(&**graph, &[("input", given.clone())]).unwrap()))
            .collect();
        for (index, (one, expected)) in outputs.iter().enumerate() {
            for (other, found) in &outputs[index + 1..] {
                for ((output, expected), (_, found)) in expected.iter().zip(found) {
                    let (cosine, largest) = compare(expected, found);
                    println!(
                        "{model} {shape:?} {output}: {one} and {other} differ by at most {largest:.2e}, cosine {cosine:.9}"
                    );
                    assert!(cosine >= LEAST, "{one} and {other}, {output}: {cosine}");
                }
            }
        }
    }
}

/// Numbers as those of a picture that is normalised, other ones for each seed: soft waves and noise.
fn image(seed: u32, shape: &[u32; 4]) -> Tensor {
    let count = shape.iter().product::<u32>();
    let mut state = seed.wrapping_mul(2_654_435_761);
    let values: Vec<f32> = (0..count)
        .map(|n| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let noise = state as f32 / u32::MAX as f32 - 0.5;
            let wave = (n as f32 / (17.0 + seed as f32)).sin();
            0.6 * wave + 0.4 * noise
        })
        .collect();
    floats(shape, &values)
}

/// The cosine between two tensors, and the largest difference of two of their numbers.
fn compare(one: &Tensor, other: &Tensor) -> (f64, f64) {
    assert_eq!(one.shape, other.shape);
    let (one, other) = (one.to_f32().unwrap(), other.to_f32().unwrap());
    let (mut product, mut squares, mut largest) = (0.0, [0.0; 2], 0.0_f64);
    for (a, b) in one.iter().zip(&other) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        product += a * b;
        squares[0] += a * a;
        squares[1] += b * b;
        largest = largest.max((a - b).abs());
    }
    (product / (squares[0] * squares[1]).sqrt(), largest)
}
