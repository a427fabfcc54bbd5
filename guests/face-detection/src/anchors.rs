//! RetinaFace's anchors: the squares relative to which it says where faces are.

use crate::settings::Size;

/// For each of the detector's three strides, the sides of its two squares, in pixels of the input.
const STRIDES: [(u32, [f32; 2]); 3] =
    [(8, [16.0, 32.0]), (16, [64.0, 128.0]), (32, [256.0, 512.0])];

/// A square in the detector's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// Its centre from the left edge, in pixels.
    pub x: f32,
    /// Its centre from the top edge, in pixels.
    pub y: f32,
    /// Its side, in pixels.
    pub side: f32,
}

/// The anchors in the order of the detector's outputs: by stride, row, column, side.
pub fn anchors(input: Size) -> impl Iterator<Item = Anchor> {
    STRIDES.into_iter().flat_map(move |(stride, sides)| {
        let centre = move |index: u32| (index as f32 + 0.5) * stride as f32;
        (0..input.height / stride).flat_map(move |row| {
            (0..input.width / stride).flat_map(move |column| {
                sides.map(|side| Anchor {
                    x: centre(column),
                    y: centre(row),
                    side,
                })
            })
        })
    })
}

/// How many there are.
pub fn count(input: Size) -> usize {
    STRIDES
        .iter()
        .map(|(stride, sides)| {
            (input.width / stride) as usize * (input.height / stride) as usize * sides.len()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_the_detector_answers_for() {
        for (width, height, expected) in [(320, 320, 4200), (640, 384, 10080), (32, 64, 84)] {
            let size = Size { width, height };
            assert_eq!(count(size), expected);
            assert_eq!(anchors(size).count(), expected);
        }
    }

    #[test]
    fn they_go_by_stride_row_column_and_side() {
        let all: Vec<_> = anchors(Size {
            width: 64,
            height: 32,
        })
        .collect();
        assert_eq!(
            all[0],
            Anchor {
                x: 4.0,
                y: 4.0,
                side: 16.0
            }
        );
        assert_eq!(
            all[1],
            Anchor {
                x: 4.0,
                y: 4.0,
                side: 32.0
            }
        );
        assert_eq!(
            all[2],
            Anchor {
                x: 12.0,
                y: 4.0,
                side: 16.0
            }
        );
        assert_eq!(
            all[16],
            Anchor {
                x: 4.0,
                y: 12.0,
                side: 16.0
            }
        );
        assert_eq!(
            all[64],
            Anchor {
                x: 8.0,
                y: 8.0,
                side: 64.0
            }
        );
        assert_eq!(
            all[83],
            Anchor {
                x: 48.0,
                y: 16.0,
                side: 512.0
            }
        );
    }
}
