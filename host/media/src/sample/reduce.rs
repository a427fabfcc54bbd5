//! A part of an image, reduced by whole factors.

use std::ops::Range;

use crate::{Error, Image};

/// Pixels that are each the mean of a block of an image's.
pub(super) struct Reduced {
    width: usize,
    rgb: Vec<u8>,
}

impl Reduced {
    /// The pixels, row by row.
    pub(super) fn pixels(&self) -> &[[u8; 3]] {
        self.rgb.as_chunks::<3>().0
    }

    /// How many are in a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }
}

/// The means of the blocks of `across` x `down` pixels, for the given columns and rows of blocks,
/// counted from the image's origin. A block at the image's edge may have fewer pixels.
pub(super) fn reduce(
    image: &Image,
    columns: Range<u32>,
    across: u32,
    rows: Range<u32>,
    down: u32,
) -> Result<Reduced, Error> {
    let (across, down) = (across as usize, down as usize);
    let begin = columns.start as usize * across;
    let end = (columns.end as usize * across).min(image.width() as usize);
    let mut sums = vec![[0_u64; 3]; columns.len()];
    let mut rgb = Vec::new();
    rgb.try_reserve_exact(columns.len() * rows.len() * 3)
        .map_err(|_| Error::TooLarge {
            width: columns.len() as u32,
            height: rows.len() as u32,
        })?;
    for block in rows {
        let first = block as usize * down;
        let last = (first + down).min(image.height() as usize);
        sums.fill([0; 3]);
        for line in first..last {
            let line = image.row(line).get(begin..end).unwrap_or(&[]);
            for (sum, pixels) in sums.iter_mut().zip(line.chunks(across)) {
                let [mut red, mut green, mut blue] = [0_u32; 3];
                for [r, g, b] in pixels {
                    red += u32::from(*r);
                    green += u32::from(*g);
                    blue += u32::from(*b);
                }
                for (sum, value) in sum.iter_mut().zip([red, green, blue]) {
                    *sum += u64::from(value);
                }
            }
        }
        let mut left = end - begin;
        for sum in &sums {
            let count = (left.min(across) * (last - first)).max(1) as u64;
            left = left.saturating_sub(across);
            rgb.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    Ok(Reduced {
        width: columns.len(),
        rgb,
    })
}
