//! Turns a picture the way it was meant to be seen.

use image::metadata::Orientation;

use super::{buffer, finish};
use crate::{DecodeError, Image};

/// The rows of the result that are written together where rows become columns, so that a row of the
/// source is read in runs and not one pixel at a time.
const BAND: usize = 32;

/// The picture, turned and mirrored as its orientation says.
pub(super) fn upright(image: Image, orientation: Orientation) -> Result<Image, DecodeError> {
    let (width, height) = (image.width(), image.height());
    if orientation == Orientation::NoTransforms {
        return Ok(image);
    }
    let mut rgb = image.into_rgb();
    let row = width as usize * 3;
    match orientation {
        Orientation::NoTransforms => {}
        Orientation::FlipHorizontal => {
            for row in rgb.chunks_exact_mut(row) {
                row.as_chunks_mut::<3>().0.reverse();
            }
        }
        Orientation::Rotate180 => rgb.as_chunks_mut::<3>().0.reverse(),
        Orientation::FlipVertical => {
            let mut turned = buffer(rgb.len(), width, height)?;
            let rows = turned.chunks_exact_mut(row);
            for (to, from) in rows.zip(rgb.chunks_exact(row).rev()) {
                to.copy_from_slice(from);
            }
            rgb = turned;
        }
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => {
            let mut turned = buffer(rgb.len(), width, height)?;
            // A column of the source becomes a row of the result: from below where it was turned
            // clockwise, and the last column first where it was turned the other way.
            let from_below = matches!(
                orientation,
                Orientation::Rotate90 | Orientation::Rotate270FlipH
            );
            let last_first = matches!(
                orientation,
                Orientation::Rotate270 | Orientation::Rotate270FlipH
            );
            transpose(
                &rgb,
                row,
                &mut turned,
                height as usize,
                from_below,
                last_first,
            );
            return finish(height, width, turned);
        }
    }
    finish(width, height, rgb)
}

/// Writes the columns of `from` (rows of `row` bytes) as rows of `to` (each `width` pixels).
fn transpose(
    from: &[u8],
    row: usize,
    to: &mut [u8],
    width: usize,
    from_below: bool,
    last_first: bool,
) {
    let columns = row / 3;
    for (band, rows) in to.chunks_mut(BAND * width * 3).enumerate() {
        let (rows, _) = rows.as_chunks_mut::<3>();
        let count = rows.len() / width;
        let begin = band * BAND;
        let source = if last_first {
            columns - begin - count..columns - begin
        } else {
            begin..begin + count
        };
        for (y, line) in from.chunks_exact(row).enumerate() {
            let x = if from_below { width - 1 - y } else { y };
            let run = line.as_chunks::<3>().0.get(source.clone()).unwrap_or(&[]);
            let places = rows.iter_mut().skip(x).step_by(width);
            if last_first {
                places
                    .zip(run.iter().rev())
                    .for_each(|(to, from)| *to = *from);
            } else {
                places.zip(run).for_each(|(to, from)| *to = *from);
            }
        }
    }
}
