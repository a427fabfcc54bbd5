//! Non-maximum suppression: of several detections of one face, the best.

use footlight_stage::Rect;

use crate::decode::Detection;

/// The detections, the most certain first, without those that overlap a more certain one by more than
/// `iou` (from 0 to 1), and at most `most` of them.
pub fn keep_best(mut detections: Vec<Detection>, iou: f32, most: usize) -> Vec<Detection> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for detection in detections {
        if kept.len() >= most {
            break;
        }
        if kept
            .iter()
            .all(|better| overlap(&better.bounds, &detection.bounds) <= iou)
        {
            kept.push(detection);
        }
    }
    kept
}

/// Intersection over union: 0 where two rectangles do not touch, 1 where they are the same.
fn overlap(a: &Rect, b: &Rect) -> f32 {
    let common = |a: f32, a_length: f32, b: f32, b_length: f32| {
        ((a + a_length).min(b + b_length) - a.max(b)).max(0.0)
    };
    let both = common(a.x, a.width, b.x, b.width) * common(a.y, a.height, b.y, b.height);
    let union = a.width * a.height + b.width * b.height - both;
    if union > 0.0 { both / union } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_stage::Point;

    fn face(x: f32, score: f32) -> Detection {
        let bounds = Rect {
            x,
            y: 0.0,
            width: 10.0,
            height: 10.0,
        };
        Detection {
            bounds,
            score,
            landmarks: [Point { x, y: 0.0 }; 5],
        }
    }

    fn scores(faces: &[Detection]) -> Vec<f32> {
        faces.iter().map(|face| face.score).collect()
    }

    #[test]
    fn of_two_detections_of_a_face_the_more_certain_one_stays() {
        let kept = keep_best(
            vec![face(0.0, 0.7), face(1.0, 0.9), face(50.0, 0.8)],
            0.4,
            10,
        );
        assert_eq!(scores(&kept), [0.9, 0.8]);
    }

    #[test]
    fn faces_that_overlap_little_both_stay() {
        // 5 of 10 in common: 50 / 150.
        let pair = vec![face(0.0, 0.9), face(5.0, 0.8)];
        assert_eq!(keep_best(pair.clone(), 0.34, 10).len(), 2);
        assert_eq!(keep_best(pair, 0.33, 10).len(), 1);
    }

    #[test]
    fn what_a_lesser_detection_overlapped_stays() {
        // The second is dropped for the first, so it cannot push out the third.
        let kept = keep_best(
            vec![face(0.0, 0.9), face(4.0, 0.8), face(8.0, 0.7)],
            0.4,
            10,
        );
        assert_eq!(scores(&kept), [0.9, 0.7]);
    }

    #[test]
    fn the_most_certain_are_kept_where_there_are_too_many() {
        let row = (0..9_u8)
            .map(|n| face(f32::from(n) * 20.0, 0.1 * f32::from(n)))
            .collect();
        assert_eq!(scores(&keep_best(row, 0.4, 2)), [0.8, 0.7]);
    }

    #[test]
    fn boxes_without_area_do_not_overlap() {
        let mut flat = face(0.0, 0.9);
        flat.bounds.width = 0.0;
        assert_eq!(keep_best(vec![flat, flat], 0.4, 10).len(), 2);
    }
}
