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

/// An anchor by its place in the detector's outputs, which go by stride, row, column, side. None
/// beyond the last.
pub fn anchor(input: Size, mut index: usize) -> Option<Anchor> {
    for (stride, sides) in STRIDES {
        let columns = (input.width / stride) as usize;
        let count = columns * (input.height / stride) as usize * sides.len();
        if index < count {
            let (cell, side) = (index / sides.len(), index % sides.len());
            let centre = |cell: usize| (cell as f32 + 0.5) * stride as f32;
            return Some(Anchor {
                x: centre(cell % columns),
                y: centre(cell / columns),
                side: *sides.get(side)?,
            });
        }
        index -= count;
    }
    None
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
            assert!(anchor(size, expected - 1).is_some());
            assert_eq!(anchor(size, expected), None);
        }
    }

    #[test]
    fn they_go_by_stride_row_column_and_side() {
        let size = Size {
            width: 64,
            height: 32,
        };
        let all: Vec<_> = (0..count(size))
            .filter_map(|index| anchor(size, index))
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
