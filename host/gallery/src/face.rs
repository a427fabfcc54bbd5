//! A face found in an enrolment photo.

use std::sync::Arc;

use footlight_media::{Image, Point, Rect};

/// A face found in an enrolment photo.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Where it is in the photo.
    pub bounds: Rect,
    /// Five points in the photo: left eye in the image, right eye, tip of the nose, left corner of the
    /// mouth, right corner of the mouth.
    pub landmarks: [Point; 5],
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    /// The aligned crop that the feature is made of, 112 x 112.
    pub crop: Arc<Image>,
}

impl Candidate {
    /// The shorter side of the face's box, in pixels of the photo.
    pub fn pixels(&self) -> f32 {
        self.bounds.width.min(self.bounds.height)
    }
}

/// How far a face is turned to the side, from its landmarks in the order of [`Candidate::landmarks`]: 0
/// for a frontal face, about 0.5 in profile, at most 1.
///
/// The nose stands out of the face, so it moves sideways against the rest when the head turns. With
/// `e` the vector from the left eye to the right one, `E` the middle of the eyes, `M` the middle of the
/// corners of the mouth and `N` the tip of the nose:
///
/// ```text
/// turn = | (N - (E + M) / 2) . e | / (e . e)
/// ```
///
/// that is, how far the nose lies from the middle of the face along the line of the eyes, in distances
/// between the eyes. A head tilted to its shoulder is not turned, nor does it matter how large the face
/// is. Points that are no face (both eyes in one place, a coordinate that is not finite) give 1.
pub fn turn(landmarks: &[Point; 5]) -> f32 {
    let [left_eye, right_eye, nose, left_mouth, right_mouth] = landmarks;
    let eyes = (right_eye.x - left_eye.x, right_eye.y - left_eye.y);
    let middle = |of: fn(&Point) -> f32| {
        (of(left_eye) + of(right_eye) + of(left_mouth) + of(right_mouth)) / 4.0
    };
    let offset = (nose.x - middle(|p| p.x), nose.y - middle(|p| p.y));
    let turn = (offset.0 * eyes.0 + offset.1 * eyes.1).abs() / (eyes.0 * eyes.0 + eyes.1 * eyes.1);
    if turn.is_finite() { turn.min(1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONTAL: [(f32, f32); 5] = [
        (30.0, 50.0),
        (70.0, 50.0),
        (50.0, 70.0),
        (35.0, 90.0),
        (65.0, 90.0),
    ];

    fn points(of: impl Fn((f32, f32)) -> (f32, f32)) -> [Point; 5] {
        FRONTAL.map(|p| {
            let (x, y) = of(p);
            Point { x, y }
        })
    }

    #[test]
    fn a_frontal_face_is_not_turned_however_it_is_tilted_or_scaled() {
        assert_eq!(turn(&points(|p| p)), 0.0);
        for degrees in [10.0_f32, 45.0, 90.0, 180.0, 300.0] {
            let (s, c) = degrees.to_radians().sin_cos();
            let tilted =
                points(|(x, y)| (3.0 * (c * x - s * y) + 500.0, 3.0 * (s * x + c * y) - 7.0));
            assert!(turn(&tilted) < 1e-4, "{degrees}: {}", turn(&tilted));
        }
    }

    #[test]
    fn the_nose_shows_the_turn_to_both_sides() {
        for side in [-1.0, 1.0] {
            let mut face = points(|p| p);
            face[2].x += side * 10.0;
            assert!((turn(&face) - 0.25).abs() < 1e-6);
            // Further up or down is no turn.
            face[2].y += 9.0;
            assert!((turn(&face) - 0.25).abs() < 1e-6);
        }
    }

    #[test]
    fn no_face_at_all_counts_as_turned_away() {
        assert_eq!(turn(&points(|_| (5.0, 5.0))), 1.0);
        assert_eq!(turn(&points(|(x, _)| (x, f32::NAN))), 1.0);
        assert_eq!(turn(&points(|(x, y)| (x * 1e38, y))), 1.0);
        assert_eq!(
            turn(&points(|(x, y)| (if y == 70.0 { 1e9 } else { x }, y))),
            1.0
        );
    }
}
