//! Fitting a frame into the detector's input and finding the way back.

use footlight_stage::{Affine, Filter, Point, Rect, View};

use crate::decode::Detection;
use crate::settings::Size;

/// A frame, scaled to fit into the detector's input without changing its proportions, and laid into
/// its top left corner. What is left over is black.
#[derive(Clone, Copy, Debug)]
pub struct Letterbox {
    frame: (f32, f32),
    input: Size,
    /// Pixels of the input per pixel of the frame.
    ratio: f32,
}

impl Letterbox {
    /// For a frame of this width and height in pixels, each at least 1.
    pub fn new(frame: (u32, u32), input: Size) -> Letterbox {
        let frame = (frame.0 as f32, frame.1 as f32);
        let ratio = (input.width as f32 / frame.0).min(input.height as f32 / frame.1);
        Letterbox {
            frame,
            input,
            ratio,
        }
    }

    /// What the host shall show to the detector.
    pub fn view(&self) -> View {
        let back = 1.0 / self.ratio;
        let map = Affine {
            a: back,
            b: 0.0,
            c: 0.0,
            d: 0.0,
            e: back,
            f: 0.0,
        };
        // Reduced to half or less, four neighbours no longer cover what a pixel stands for.
        let filter = if self.ratio <= 0.5 {
            Filter::Area
        } else {
            Filter::Bilinear
        };
        View::warp(map, self.input.width, self.input.height).filtered(filter)
    }

    /// A detection in pixels of the input, moved to pixels of the frame. None if its centre is not
    /// in the frame but in the black beside it.
    pub fn in_frame(&self, seen: Detection) -> Option<Detection> {
        let bounds = Rect {
            x: seen.bounds.x / self.ratio,
            y: seen.bounds.y / self.ratio,
            width: seen.bounds.width / self.ratio,
            height: seen.bounds.height / self.ratio,
        };
        let landmarks = seen.landmarks.map(|point| Point {
            x: point.x / self.ratio,
            y: point.y / self.ratio,
        });
        let (x, y) = (
            bounds.x + bounds.width / 2.0,
            bounds.y + bounds.height / 2.0,
        );
        let inside = (0.0..self.frame.0).contains(&x) && (0.0..self.frame.1).contains(&y);
        inside.then_some(Detection {
            bounds,
            landmarks,
            ..seen
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_stage::Region;

    const INPUT: Size = Size {
        width: 640,
        height: 384,
    };

    fn seen(x: f32, y: f32) -> Detection {
        let bounds = Rect {
            x,
            y,
            width: 40.0,
            height: 60.0,
        };
        Detection {
            bounds,
            score: 0.9,
            landmarks: [Point { x, y }; 5],
        }
    }

    fn map(view: View) -> Affine {
        match view.region {
            Region::Affine(map) => map,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wide_frame_fills_the_width_and_a_tall_one_the_height() {
        let wide = Letterbox::new((1280, 360), INPUT).view();
        assert_eq!((map(wide).a, map(wide).e), (2.0, 2.0));
        let tall = Letterbox::new((192, 768), INPUT).view();
        assert_eq!((map(tall).a, map(tall).e), (2.0, 2.0));
        assert_eq!((tall.width, tall.height), (640, 384));
    }

    #[test]
    fn only_a_frame_reduced_to_half_or_less_is_averaged() {
        assert_eq!(
            Letterbox::new((1280, 768), INPUT).view().filter,
            Filter::Area
        );
        assert_eq!(
            Letterbox::new((1279, 767), INPUT).view().filter,
            Filter::Bilinear
        );
        assert_eq!(
            Letterbox::new((100, 100), INPUT).view().filter,
            Filter::Bilinear
        );
    }

    #[test]
    fn a_detection_is_moved_to_pixels_of_the_frame() {
        let face = Letterbox::new((1280, 768), INPUT)
            .in_frame(seen(100.0, 50.0))
            .unwrap();
        assert_eq!((face.bounds.x, face.bounds.y), (200.0, 100.0));
        assert_eq!((face.bounds.width, face.bounds.height), (80.0, 120.0));
        assert_eq!((face.landmarks[4].x, face.landmarks[4].y), (200.0, 100.0));
    }

    #[test]
    fn what_is_seen_in_the_black_beside_the_frame_is_no_face() {
        let letterbox = Letterbox::new((384, 384), INPUT);
        assert!(
            letterbox.in_frame(seen(363.0, 0.0)).is_some(),
            "centre at 383"
        );
        assert!(
            letterbox.in_frame(seen(365.0, 0.0)).is_none(),
            "centre at 385"
        );
        assert!(
            letterbox.in_frame(seen(0.0, -31.0)).is_none(),
            "centre above the frame"
        );
    }
}
