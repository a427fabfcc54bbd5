//! Face detection: a frame in, one aligned crop per face out.
//!
//! 1. [`letterbox`]: the host fits the frame into the detector's input and writes it as a tensor.
//! 2. The graph `detector` (RetinaFace, MobileNet 0.25) answers for each of its [`anchors`] how sure
//!    it is of a face there, and where the face and its five landmarks lie relative to the anchor.
//! 3. [`decode`] makes detections of that, [`nms`] keeps the best of those that are one face.
//! 4. [`align`] turns, scales and moves each face so that its landmarks lie where the feature model
//!    wants them; the host cuts that out as an image of 112 x 112 pixels.
//!
//! Yields items of class `crop`, the most certain face first, with the attributes `box` (rect),
//! `score` (number, 0 to 1) and `landmarks` (points: the eye that is left in the picture, the other
//! eye, the nose, the left and the right corner of the mouth), all in pixels of the frame. A box may
//! reach beyond the frame.
//!
//! # Settings
//!
//! | name | default | meaning |
//! |---|---|---|
//! | `sizes` | `[320, 320]` | width and height of the detector's input, multiples of 32; several pairs for several passes, whose results are merged |
//! | `min-score` | 0.6 | faces less certain than this are left out |
//! | `iou` | 0.4 | two detections that overlap more than this are one face |
//! | `max-faces` | 64 | the most faces of a frame that are yielded |
//!
//! A pass of 320 x 320 suits portraits and close-ups; 640 x 384 finds small faces in a camera's
//! frame, but sees faces of more than 512 pixels badly. With both, the more certain one counts.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod align;
pub mod anchors;
pub mod decode;
pub mod letterbox;
pub mod nms;
pub mod settings;

use footlight_stage::{Channels, Encoding, Failure, Graph, Image, Item, Layout, Stage, View, log};

use decode::{Detection, Outputs};
use letterbox::Letterbox;
use settings::{Settings, Size};

/// What RetinaFace was trained with: blue, green, red.
const MEAN: [f32; 3] = [104.0, 117.0, 127.0];

/// The stage.
#[derive(Debug)]
pub struct FaceDetection;

impl Stage for FaceDetection {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let settings = Settings::read()?;
        let frame = input.image()?;
        let detector = Graph::named("detector")?;

        let mut detections = Vec::new();
        for size in &settings.sizes {
            detections.extend(detect(&detector, frame, *size, settings.min_score)?);
        }
        let faces = nms::keep_best(detections, settings.iou, settings.max_faces);
        faces
            .iter()
            .filter_map(|face| crop(frame, face).transpose())
            .collect()
    }
}

#[cfg(feature = "export")]
footlight_stage::export!(FaceDetection);

/// One pass: the faces that the detector sees with an input of this size, in pixels of the frame.
fn detect(
    detector: &Graph,
    frame: &Image,
    size: Size,
    min_score: f32,
) -> Result<Vec<Detection>, Failure> {
    let letterbox = Letterbox::new((frame.width(), frame.height()), size);
    let encoding = Encoding::floats(Channels::Bgr, Layout::Nchw).less(MEAN);
    let pixels = frame.tensor(letterbox.view(), encoding)?;

    let mut outputs = detector.run([("input", pixels)])?;
    let outputs = Outputs {
        loc: &outputs.take("loc")?.floats()?,
        conf: &outputs.take("conf")?.floats()?,
        landmarks: &outputs.take("landmarks")?.floats()?,
    };
    let detections = decode::decode(size, &outputs, min_score).map_err(Failure::Failed)?;
    Ok(detections
        .into_iter()
        .filter_map(|seen| letterbox.in_frame(seen))
        .collect())
}

/// The face as an aligned crop; none where its landmarks say nothing of how it lies.
fn crop(frame: &Image, face: &Detection) -> Result<Option<Item>, Failure> {
    let Some(map) = align::to_template(&face.landmarks) else {
        log::warn("a face was left out: its landmarks fall into one point");
        return Ok(None);
    };
    let image = frame.view(View::warp(map, align::SIDE, align::SIDE))?;
    let item = Item::new("crop", image)
        .with("box", face.bounds)
        .with("score", face.score)
        .with("landmarks", face.landmarks.as_slice());
    Ok(Some(item))
}
