//! Laying a face so that its landmarks are where the feature model was trained to find them.

use footlight_stage::{Affine, Point};

/// Width and height of an aligned face, in pixels.
pub const SIDE: u32 = 112;

/// Where the landmarks belong in an aligned face, as pixel indices: left eye in the picture, right
/// eye, nose, left and right corner of the mouth. The template of ArcFace (Deng et al., 2019).
pub const TEMPLATE: [(f32, f32); 5] = [
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
];

/// The map from a point of the aligned face to a point of the frame, for landmarks in pixels of the
/// frame. None where all of them fall into one point.
///
/// Of all maps that turn, scale and move, but do not mirror, it is the inverse of the one that brings
/// the landmarks closest to the template, by least squares (Umeyama, 1991). In two dimensions that
/// has a closed form: with both sets of points moved to their centre and taken as complex numbers p
/// and q, turning and scaling is one complex factor, sum(conj(p) q) / sum(|p|^2).
///
/// Landmarks and template are pixel indices, as in the training of the feature model: this gives the
/// crop that `cv2.warpAffine` gives.
pub fn to_template(landmarks: &[Point; 5]) -> Option<Affine> {
    let from = landmarks.map(|point| (f64::from(point.x), f64::from(point.y)));
    let to = TEMPLATE.map(|(x, y)| (f64::from(x), f64::from(y)));
    let (from_centre, to_centre) = (centre(&from), centre(&to));

    let (mut cos, mut sin, mut spread) = (0.0, 0.0, 0.0);
    for (from, to) in from.iter().zip(&to) {
        let (px, py) = (from.0 - from_centre.0, from.1 - from_centre.1);
        let (qx, qy) = (to.0 - to_centre.0, to.1 - to_centre.1);
        cos += px * qx + py * qy;
        sin += px * qy - py * qx;
        spread += px * px + py * py;
    }
    // The factor is (cos + i sin) / spread; the way back is by its inverse.
    let length = cos * cos + sin * sin;
    let (cos, sin) = (cos * spread / length, -sin * spread / length);
    let (x, y) = to_centre;
    let map = Affine {
        a: cos as f32,
        b: -sin as f32,
        c: (from_centre.0 - (cos * x - sin * y)) as f32,
        d: sin as f32,
        e: cos as f32,
        f: (from_centre.1 - (sin * x + cos * y)) as f32,
    };
    let finite = [map.a, map.b, map.c, map.d, map.e, map.f]
        .into_iter()
        .all(f32::is_finite);
    (finite && spread > 0.0).then(|| map.between_pixel_indices())
}

fn centre(points: &[(f64, f64); 5]) -> (f64, f64) {
    let sum = points
        .iter()
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (sum.0 / 5.0, sum.1 / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template, turned by an angle, scaled and moved: landmarks of a face that lies so.
    fn laid(angle: f32, scale: f32, x: f32, y: f32) -> [Point; 5] {
        let (sin, cos) = angle.sin_cos();
        TEMPLATE.map(|(u, v)| Point {
            x: scale * (cos * u - sin * v) + x,
            y: scale * (sin * u + cos * v) + y,
        })
    }

    /// Where the map takes a pixel index of the aligned face, as a pixel index of the frame.
    fn taken(map: &Affine, (x, y): (f32, f32)) -> (f32, f32) {
        let (x, y) = (x + 0.5, y + 0.5);
        (
            map.a * x + map.b * y + map.c - 0.5,
            map.d * x + map.e * y + map.f - 0.5,
        )
    }

    #[test]
    fn a_face_that_lies_as_the_template_is_cut_out_as_it_is() {
        let map = to_template(&laid(0.0, 1.0, 0.0, 0.0)).unwrap();
        for (value, expected) in [(map.a, 1.0), (map.b, 0.0), (map.c, 0.0), (map.f, 0.0)] {
            assert!((value - expected).abs() < 1e-4, "{map:?}");
        }
    }

    #[test]
    fn the_template_is_taken_to_the_landmarks_however_the_face_lies() {
        for (angle, scale, x, y) in [
            (0.3, 2.5, 100.0, -20.0),
            (-1.2, 0.4, 5.0, 900.0),
            (3.0, 1.0, 0.5, 0.5),
        ] {
            let landmarks = laid(angle, scale, x, y);
            let map = to_template(&landmarks).unwrap();
            for (place, landmark) in TEMPLATE.into_iter().zip(landmarks) {
                let (x, y) = taken(&map, place);
                assert!((x - landmark.x).abs() < 1e-2 && (y - landmark.y).abs() < 1e-2);
            }
        }
    }

    #[test]
    fn landmarks_that_fit_badly_give_the_least_squares_answer() {
        // The inverse of what Umeyama's algorithm with a singular value decomposition gives.
        let landmarks = [
            (30.0, 60.0),
            (90.0, 40.0),
            (70.0, 80.0),
            (50.0, 120.0),
            (100.0, 100.0),
        ];
        let map = to_template(&landmarks.map(|(x, y)| Point { x, y })).unwrap();
        let expected = [
            1.585_246_2,
            0.460_662_8,
            -53.937_27,
            -0.460_662_8,
            1.585_246_2,
            -8.171_267,
        ];
        let origin = taken(&map, (0.0, 0.0));
        for (value, expected) in [map.a, map.b, origin.0, map.d, map.e, origin.1]
            .iter()
            .zip(expected)
        {
            assert!((value - expected).abs() < 1e-3, "{map:?}");
        }
    }

    #[test]
    fn a_mirrored_face_is_not_mirrored_back() {
        let mirrored = laid(0.0, 1.0, 0.0, 0.0).map(|point| Point {
            x: 112.0 - point.x,
            ..point
        });
        let map = to_template(&mirrored).unwrap();
        assert!(map.a * map.e - map.b * map.d > 0.0);
    }

    #[test]
    fn landmarks_in_one_point_have_no_answer() {
        assert!(to_template(&[Point { x: 10.0, y: 10.0 }; 5]).is_none());
        assert!(
            to_template(
                &[Point {
                    x: f32::NAN,
                    y: 10.0
                }; 5]
            )
            .is_none()
        );
    }
}
