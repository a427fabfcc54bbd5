//! From the detector's numbers to detections.
//!
//! RetinaFace (Deng et al., 2019) gives places and sizes relative to an anchor, as SSD does: offsets
//! in tenths of the anchor's side, sizes as the logarithm of a ratio, in fifths.

use footlight_stage::{Point, Rect};

use crate::anchors::{anchor, count};
use crate::settings::Size;

/// How much of the anchor's side an offset of 1 is.
const OFFSET: f32 = 0.1;
/// How much of the logarithm of the size's ratio a value of 1 is.
const GROWTH: f32 = 0.2;

/// A face, as the detector sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Where it is.
    pub bounds: Rect,
    /// How sure the detector is, from 0 to 1.
    pub score: f32,
    /// Left eye in the picture, right eye, nose, left and right corner of the mouth.
    pub landmarks: [Point; 5],
}

/// What the detector gave, row major, for N anchors.
#[derive(Clone, Copy, Debug)]
pub struct Outputs<'a> {
    /// [1, N, 4]: centre x, centre y, width, height.
    pub loc: &'a [f32],
    /// [1, N, 2]: probability of no face, of a face.
    pub conf: &'a [f32],
    /// [1, N, 10]: x and y of each landmark.
    pub landmarks: &'a [f32],
}

/// The detections with at least this score, in pixels of the detector's input, in the order of the
/// anchors.
///
/// # Errors
///
/// An output has not as many values as an input of this size asks for.
pub fn decode(input: Size, outputs: &Outputs, min_score: f32) -> Result<Vec<Detection>, String> {
    let loc = rows::<4>("loc", outputs.loc, input)?;
    let conf = rows::<2>("conf", outputs.conf, input)?;
    let landmarks = rows::<10>("landmarks", outputs.landmarks, input)?;

    let mut detections = Vec::new();
    for (index, [_, score]) in conf.iter().enumerate() {
        // Almost all are left out here, before anything is computed for them.
        if score.is_nan() || *score < min_score {
            continue;
        }
        let (Some(anchor), Some(loc), Some(landmarks)) =
            (anchor(input, index), loc.get(index), landmarks.get(index))
        else {
            continue;
        };
        let along = |centre: f32, offset: f32| centre + offset * OFFSET * anchor.side;
        let [x, y, width, height] = *loc;
        let (x, y) = (along(anchor.x, x), along(anchor.y, y));
        let (width, height) = (
            anchor.side * (width * GROWTH).exp(),
            anchor.side * (height * GROWTH).exp(),
        );
        let [x0, y0, x1, y1, x2, y2, x3, y3, x4, y4] = *landmarks;
        let points = [(x0, y0), (x1, y1), (x2, y2), (x3, y3), (x4, y4)];
        let detection = Detection {
            bounds: Rect {
                x: x - width / 2.0,
                y: y - height / 2.0,
                width,
                height,
            },
            score: *score,
            landmarks: points.map(|(x, y)| Point {
                x: along(anchor.x, x),
                y: along(anchor.y, y),
            }),
        };
        if is_finite(&detection) {
            detections.push(detection);
        }
    }
    Ok(detections)
}

/// The output as rows of N values, one for each anchor.
fn rows<'a, const N: usize>(
    name: &str,
    values: &'a [f32],
    input: Size,
) -> Result<&'a [[f32; N]], String> {
    let anchors = count(input);
    match values.as_chunks::<N>() {
        (rows, []) if rows.len() == anchors => Ok(rows),
        _ => Err(format!(
            "the graph `detector` gave {} values in `{name}`, but an input of {} x {} asks for \
             {anchors} x {N}: is it the RetinaFace model that this stage is made for?",
            values.len(),
            input.width,
            input.height
        )),
    }
}

fn is_finite(detection: &Detection) -> bool {
    let Rect {
        x,
        y,
        width,
        height,
    } = detection.bounds;
    let points = detection
        .landmarks
        .iter()
        .flat_map(|point| [point.x, point.y]);
    [x, y, width, height]
        .into_iter()
        .chain(points)
        .all(f32::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Size = Size {
        width: 32,
        height: 32,
    };
    /// 4 x 4 x 2 of stride 8, 2 x 2 x 2 of stride 16, 2 of stride 32.
    const ANCHORS: usize = 42;

    /// What the detector gives where it sees nothing but one face at an anchor.
    struct Given {
        loc: Vec<f32>,
        conf: Vec<f32>,
        landmarks: Vec<f32>,
    }

    impl Given {
        fn one(anchor: usize, score: f32, loc: [f32; 4], landmarks: [f32; 10]) -> Given {
            let mut given = Given {
                loc: vec![0.0; ANCHORS * 4],
                conf: [1.0, 0.0].repeat(ANCHORS),
                landmarks: vec![0.0; ANCHORS * 10],
            };
            given.loc[anchor * 4..][..4].copy_from_slice(&loc);
            given.conf[anchor * 2..][..2].copy_from_slice(&[1.0 - score, score]);
            given.landmarks[anchor * 10..][..10].copy_from_slice(&landmarks);
            given
        }

        fn decode(&self, min_score: f32) -> Result<Vec<Detection>, String> {
            let outputs = Outputs {
                loc: &self.loc,
                conf: &self.conf,
                landmarks: &self.landmarks,
            };
            decode(INPUT, &outputs, min_score)
        }
    }

    #[test]
    fn places_and_sizes_are_relative_to_the_anchor() {
        // Anchor 40: the only cell of stride 32, centre (16, 16), side 256.
        let doubled = 2.0_f32.ln() / 0.2;
        let mut landmarks = [0.0; 10];
        landmarks[8..].copy_from_slice(&[0.125, -0.25]);
        let given = Given::one(40, 0.75, [0.5, -0.5, doubled, 0.0], landmarks);
        let faces = given.decode(0.6).unwrap();
        assert_eq!(faces.len(), 1);
        let Rect {
            x,
            y,
            width,
            height,
        } = faces[0].bounds;
        assert!((width - 512.0).abs() < 1e-2 && (height - 256.0).abs() < 1e-3);
        assert!((x + width / 2.0 - 28.8).abs() < 1e-3 && (y + height / 2.0 - 3.2).abs() < 1e-3);
        assert_eq!(faces[0].score, 0.75);
        assert_eq!(faces[0].landmarks[0], Point { x: 16.0, y: 16.0 });
        let mouth = faces[0].landmarks[4];
        assert!((mouth.x - 19.2).abs() < 1e-3 && (mouth.y - 9.6).abs() < 1e-3);
    }

    #[test]
    fn only_a_score_below_the_least_is_left_out() {
        let given = Given::one(7, 0.6, [0.0; 4], [0.0; 10]);
        assert_eq!(given.decode(0.6).unwrap().len(), 1);
        assert_eq!(given.decode(0.61).unwrap().len(), 0);
    }

    #[test]
    fn numbers_that_are_none_make_no_face() {
        assert_eq!(
            Given::one(7, f32::NAN, [0.0; 4], [0.0; 10]).decode(0.6),
            Ok(Vec::new())
        );
        assert_eq!(
            Given::one(7, 0.9, [0.0, 0.0, 1e9, 0.0], [0.0; 10]).decode(0.6),
            Ok(Vec::new())
        );
        assert_eq!(
            Given::one(7, 0.9, [0.0; 4], [f32::NAN; 10]).decode(0.6),
            Ok(Vec::new())
        );
    }

    #[test]
    fn another_models_outputs_are_refused() {
        let mut given = Given::one(7, 0.9, [0.0; 4], [0.0; 10]);
        given.landmarks.pop();
        let error = given.decode(0.6).unwrap_err();
        assert!(error.contains("419 values in `landmarks`"), "{error}");
        assert!(error.contains("32 x 32 asks for 42 x 10"), "{error}");
    }
}
