//! The same work as the three stages do, in one program without a sandbox: the same crates for decoding,
//! warping and what follows an inference, and the very graphs that the stages run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use face_detection::decode::{Detection, Outputs, decode};
use face_detection::letterbox::Letterbox;
use face_detection::settings::Size;
use face_detection::{align, nms};
use feature_extraction::length::normalised;
use footlight_media as media;
use footlight_nn::{ElementType, Model, Snapshot, Tensor};
use footlight_stage as stage;
use member_verification::verdict::Verdict;

const INPUT: Size = Size {
    width: 320,
    height: 320,
};
const MIN_SCORE: f32 = 0.6;
const IOU: f32 = 0.4;
const MAX_FACES: usize = 64;
const THRESHOLD: f64 = 0.42;

/// What it runs.
pub struct Native {
    detector: Arc<Model>,
    features: Arc<Model>,
    gallery: Arc<Model>,
}

/// The parts of the work, in their order.
pub const PARTS: [&str; 7] = [
    "the frame as a tensor",
    "the detector",
    "faces from its output",
    "the face as a crop",
    "the crop as a tensor",
    "the feature model",
    "the gallery",
];

/// How long each of [`PARTS`] took.
#[derive(Default)]
pub struct Laps([Duration; PARTS.len()]);

impl Laps {
    /// The parts with their times.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        PARTS.into_iter().zip(self.0)
    }

    /// Does a part.
    fn lap<T>(&mut self, part: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let began = Instant::now();
        let done = work();
        if let Some(sum) = self.0.get_mut(part) {
            *sum += began.elapsed();
        }
        done
    }
}

/// A face that was found.
pub struct Face {
    /// Where, how sure, and its landmarks.
    pub detection: Detection,
    /// Whose it is.
    pub verdict: Verdict,
}

impl Native {
    /// With the models of a pipeline: the same sessions.
    pub fn new(models: &Snapshot) -> Result<Native> {
        let model = |name: &str| {
            let model = models.get(name).cloned();
            model.with_context(|| format!("the pipeline has no model {name}"))
        };
        Ok(Native {
            detector: model("retinaface")?,
            features: model("fr-feature")?,
            gallery: model("gallery")?,
        })
    }

    /// Finds the faces of a frame and whose they are.
    pub fn process(&self, frame: &media::Image) -> Result<Vec<Face>> {
        self.timed(frame, &mut Laps::default())
    }

    /// The same, and how long its parts take.
    pub fn timed(&self, frame: &media::Image, laps: &mut Laps) -> Result<Vec<Face>> {
        let faces = self.detect(frame, laps)?;
        faces
            .into_iter()
            .filter_map(|detection| {
                let map = align::to_template(&detection.landmarks)?;
                Some(
                    self.verify(frame, map, laps)
                        .map(|verdict| Face { detection, verdict }),
                )
            })
            .collect()
    }

    fn detect(&self, frame: &media::Image, laps: &mut Laps) -> Result<Vec<Detection>> {
        let letterbox = Letterbox::new((frame.width(), frame.height()), INPUT);
        let encoding = media::Encoding {
            channels: media::Channels::Bgr,
            mean: [104.0, 117.0, 127.0],
            ..media::Encoding::default()
        };
        let pixels = laps.lap(0, || {
            tensor(&self.detector, frame, &view(letterbox.view()), &encoding)
        })?;
        let outputs = laps.lap(1, || infer(&self.detector, "input", pixels))?;
        laps.lap(2, || {
            let values = |name: &str| {
                let output = outputs.iter().find(|(found, _)| found == name);
                let (_, tensor) = output.with_context(|| format!("no output {name}"))?;
                Ok::<_, anyhow::Error>(tensor.to_f32()?)
            };
            let (loc, conf, landmarks) = (values("loc")?, values("conf")?, values("landmarks")?);
            let outputs = Outputs {
                loc: &loc,
                conf: &conf,
                landmarks: &landmarks,
            };
            let seen = decode(INPUT, &outputs, MIN_SCORE).map_err(|why| anyhow!(why))?;
            let seen = seen
                .into_iter()
                .filter_map(|seen| letterbox.in_frame(seen))
                .collect();
            Ok(nms::keep_best(seen, IOU, MAX_FACES))
        })
    }

    fn verify(&self, frame: &media::Image, map: stage::Affine, laps: &mut Laps) -> Result<Verdict> {
        let crop = laps.lap(3, || {
            Ok(frame.view(&view(stage::View::warp(map, align::SIDE, align::SIDE)))?)
        })?;
        let encoding = media::Encoding {
            channels: media::Channels::Bgr,
            mean: [127.5; 3],
            scale: [1.0 / 128.0; 3],
            ..media::Encoding::default()
        };
        let whole = media::View::whole(align::SIDE, align::SIDE);
        let pixels = laps.lap(4, || tensor(&self.features, &crop, &whole, &encoding))?;
        let feature = laps.lap(5, || {
            let (_, output) = infer(&self.features, "input", pixels)?
                .pop()
                .context("no feature")?;
            normalised(output.to_f32()?).map_err(|why| anyhow!(why))
        })?;
        laps.lap(6, || {
            let feature = Tensor::from_f32(vec![1, u32::try_from(feature.len())?], &feature)?;
            let outputs = infer(&self.gallery, "feature", feature)?;
            let [(_, similarities), (_, rows)] = outputs.as_slice() else {
                return Err(anyhow!("the gallery gave {} outputs", outputs.len()));
            };
            let (rows, _) = rows.data.as_chunks::<8>();
            let rows: Vec<i64> = rows.iter().map(|row| i64::from_le_bytes(*row)).collect();
            let label = |row| self.gallery.labels.get(usize::try_from(row).ok()?).cloned();
            Verdict::of(&similarities.to_f32()?, &rows, THRESHOLD, label)
                .map_err(|why| anyhow!(why))
        })
    }
}

fn infer(model: &Model, input: &str, tensor: Tensor) -> Result<Vec<(String, Tensor)>> {
    Ok(model.graph.infer(vec![(input.to_owned(), tensor)], None)?)
}

/// A view as a tensor, where the graph computes with it.
fn tensor(
    model: &Model,
    image: &media::Image,
    view: &media::View,
    encoding: &media::Encoding,
) -> Result<Tensor> {
    let shape = encoding.shape(view.width, view.height).to_vec();
    let mut data = model
        .graph
        .memory(ElementType::F32, &shape)
        .context("the graph takes no such tensor")?;
    image.write_tensor(view, encoding, &mut data)?;
    Ok(Tensor::new(shape, ElementType::F32, data)?)
}

fn view(view: stage::View) -> media::View {
    media::View {
        region: match view.region {
            stage::Region::Whole => media::Region::Whole,
            stage::Region::Rect(rect) => media::Region::Rect(media::Rect {
                x: rect.x,
                y: rect.y,
                width: rect.width,
                height: rect.height,
            }),
            stage::Region::Affine(m) => media::Region::Affine(media::Affine {
                a: m.a,
                b: m.b,
                c: m.c,
                d: m.d,
                e: m.e,
                f: m.f,
            }),
        },
        filter: match view.filter {
            stage::Filter::Nearest => media::Filter::Nearest,
            stage::Filter::Bilinear => media::Filter::Bilinear,
            stage::Filter::Area => media::Filter::Area,
        },
        ..media::View::whole(view.width, view.height)
    }
}
