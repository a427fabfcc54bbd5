//! The gallery's model, run for real, against a computation that is too simple to be wrong. Comes out as
//! ignored, with the reason, where there is no inference runtime.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use common::{MODEL, feature, id, quality};
use footlight_gallery::{Gallery, GalleryModel, MAX_MATCHES, Template};
use footlight_nn::{Backend, ElementType, OpenVino, Tensor};
use libtest_mimic::{Arguments, Failed, Trial};

/// As many numbers as the features of the demo's model have.
const WIDE: usize = 512;

fn main() {
    let arguments = Arguments::from_args();
    let backend = OpenVino::load(None);
    let reason = backend.as_ref().err().map(ToString::to_string);
    let backend = backend.ok().map(Arc::new);
    let mut trials = Vec::new();
    let mut add = |name: String, run: fn(&OpenVino, usize, usize), members, batch| {
        let backend = backend.clone();
        let name = match &reason {
            Some(reason) => format!("{name} (no runtime: {reason})"),
            None => name,
        };
        let trial = Trial::test(name, move || {
            run(
                backend.as_deref().ok_or(Failed::without_message())?,
                members,
                batch,
            );
            Ok(())
        });
        trials.push(trial.with_ignored_flag(reason.is_some()));
    };
    for members in [1, 3, MAX_MATCHES, 1000] {
        for batch in [1, 4] {
            let name = format!("{members}_members_batch_{batch}_as_computed_naively");
            add(name, as_computed_naively, members, batch);
        }
    }
    add(
        "an_empty_gallery_resembles_nobody_batch_1".into(),
        resembles_nobody,
        0,
        1,
    );
    add(
        "an_empty_gallery_resembles_nobody_batch_4".into(),
        resembles_nobody,
        0,
        4,
    );
    add(
        "inputs_and_outputs_have_the_names_and_types_promised".into(),
        names_and_types,
        3,
        0,
    );
    libtest_mimic::run(&arguments, trials).exit();
}

/// Members `m000` and so on, with 1 to 5 templates, unevenly.
fn members(count: usize) -> Vec<(String, Vec<Vec<f32>>)> {
    (0..count)
        .map(|member| {
            let templates = 1 + (member * 7 + member / 3) % 5;
            let seeds = (0..templates).map(|template| (member * 10 + template) as u64);
            (
                format!("m{member:03}"),
                seeds.map(|seed| feature(seed, WIDE)).collect(),
            )
        })
        .collect()
}

fn gallery(members: &[(String, Vec<Vec<f32>>)]) -> Gallery {
    let gallery = Gallery::in_memory(MODEL, WIDE).unwrap();
    for (name, features) in members {
        let template = |feature: &Vec<f32>| Template {
            feature: feature.clone(),
            quality: quality(),
            enrolled: 0,
        };
        gallery
            .put(&id(name), features.iter().map(template).collect())
            .unwrap();
    }
    gallery
}

fn unit(feature: &[f32]) -> Vec<f64> {
    let length = feature
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt();
    feature.iter().map(|v| f64::from(*v) / length).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    unit(a).iter().zip(unit(b)).map(|(a, b)| a * b).sum()
}

/// Features to ask for: a mix of some members' templates, so that there is something to be found.
fn questions(members: &[(String, Vec<Vec<f32>>)], batch: usize) -> Vec<Vec<f32>> {
    (0..batch)
        .map(|question| {
            let (_, templates) = &members[(question * 13) % members.len()];
            let noise = feature(900_000 + question as u64, WIDE);
            let target = templates.last().unwrap();
            target.iter().zip(noise).map(|(a, b)| a + 0.7 * b).collect()
        })
        .collect()
}

/// Runs the model: similarities and rows, each of `k` a question.
fn ask(backend: &OpenVino, model: &GalleryModel, questions: &[Vec<f32>]) -> Vec<Vec<(f32, i64)>> {
    let graph = backend.compile(&model.onnx, "cpu").unwrap();
    let data: Vec<f32> = questions
        .iter()
        .flat_map(|q| unit(q))
        .map(|v| v as f32)
        .collect();
    let input = Tensor::from_f32(vec![questions.len() as u32, WIDE as u32], &data).unwrap();
    let outputs = graph
        .infer(vec![(GalleryModel::FEATURE.to_owned(), input)], None)
        .unwrap();
    let outputs: HashMap<String, Tensor> = outputs.into_iter().collect();
    let similarities = &outputs[GalleryModel::SIMILARITIES];
    let rows = &outputs[GalleryModel::ROWS];
    let k = model.labels.len().clamp(1, MAX_MATCHES);
    assert_eq!(similarities.shape, [questions.len() as u32, k as u32]);
    assert_eq!(rows.shape, similarities.shape);
    assert_eq!(rows.element, ElementType::I64);
    let (rows, _) = rows.data.as_chunks::<8>();
    let rows: Vec<i64> = rows.iter().map(|row| i64::from_le_bytes(*row)).collect();
    let both: Vec<(f32, i64)> = similarities
        .to_f32()
        .unwrap()
        .into_iter()
        .zip(rows)
        .collect();
    both.chunks(k).map(<[_]>::to_vec).collect()
}

fn as_computed_naively(backend: &OpenVino, count: usize, batch: usize) {
    let members = members(count);
    let model = gallery(&members).model().unwrap();
    let questions = questions(&members, batch);
    for (question, found) in questions.iter().zip(ask(backend, &model, &questions)) {
        let best = |features: &[Vec<f32>]| {
            features
                .iter()
                .map(|f| cosine(f, question))
                .fold(f64::MIN, f64::max)
        };
        let mut wanted: Vec<(f64, &str)> = members
            .iter()
            .map(|(name, features)| (best(features), name.as_str()))
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.truncate(MAX_MATCHES);
        assert_eq!(found.len(), wanted.len());
        for ((similarity, row), (cosine, name)) in found.iter().zip(&wanted) {
            assert!(
                (f64::from(*similarity) - cosine).abs() < 1e-4,
                "{similarity} {cosine}"
            );
            assert_eq!(model.labels[*row as usize], *name);
        }
        assert!(
            wanted[0].0 > 0.5,
            "the question is not like anybody: {wanted:?}"
        );
    }
}

fn resembles_nobody(backend: &OpenVino, _: usize, batch: usize) {
    let model = gallery(&[]).model().unwrap();
    assert!(model.labels.is_empty());
    let questions: Vec<Vec<f32>> = (0..batch).map(|seed| feature(seed as u64, WIDE)).collect();
    assert_eq!(
        ask(backend, &model, &questions),
        vec![vec![(0.0, 0)]; batch]
    );
}

fn names_and_types(backend: &OpenVino, count: usize, _: usize) {
    let model = gallery(&members(count)).model().unwrap();
    let graph = backend.compile(&model.onnx, "cpu").unwrap();
    let [feature] = graph.inputs() else {
        panic!("{:?}", graph.inputs())
    };
    assert_eq!(
        (feature.name.as_str(), feature.element),
        ("feature", ElementType::F32)
    );
    assert_eq!(feature.shape, [None, Some(WIDE as u32)]);
    let outputs: Vec<_> = graph
        .outputs()
        .iter()
        .map(|output| (output.name.as_str(), output.element, output.shape.clone()))
        .collect();
    let shape = vec![None, Some(3)];
    assert_eq!(
        outputs,
        [
            ("similarities", ElementType::F32, shape.clone()),
            ("rows", ElementType::I64, shape),
        ]
    );
}
