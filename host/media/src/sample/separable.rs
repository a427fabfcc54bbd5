//! Maps that keep the axes: a row is the weighted sum of rows of the source, then each pixel the
//! weighted sum of pixels of that.

use super::Row;
use super::axis::{Axis, Tap};
use super::map::Map;
use crate::{Image, View};

/// Samples a view whose map keeps the axes.
pub(crate) struct Separable<'a> {
    image: &'a Image,
    columns: Axis,
    rows: Axis,
    border: [f32; 3],
    /// Whether each column lies within the image wholly, so that no pixel of an inner row sees the border.
    all_inside: bool,
}

impl<'a> Separable<'a> {
    /// Prepares the taps of both axes.
    pub(super) fn new(image: &'a Image, view: &View, map: &Map, border: [f32; 3]) -> Self {
        let columns = Axis::new(view.width, map.a, map.c, image.width(), view.filter);
        let rows = Axis::new(view.height, map.e, map.f, image.height(), view.filter);
        let all_inside = columns.taps().iter().all(|tap| tap.inside == 1.0);
        Self {
            image,
            columns,
            rows,
            border,
            all_inside,
        }
    }

    /// Writes row `y` of the view. `sums` is memory to work in.
    pub(super) fn row(&self, y: usize, sums: &mut Vec<[f32; 3]>, out: &mut Row) {
        let tap = self.rows.tap(y);
        if tap.inside == 0.0 {
            out.fill(self.border);
            return;
        }
        let span = self.columns.span();
        if tap.is_copy() {
            let source = self.image.row(tap.start()).get(span.clone());
            self.across(source.unwrap_or(&[]), span.start, out);
        } else {
            sums.resize(span.len(), [0.0; 3]);
            self.down(tap, sums);
            self.across(sums, span.start, out);
        }
        if !self.all_inside || tap.inside < 1.0 {
            self.add_border(tap.inside, out);
        }
    }

    /// The weighted sum of a tap's rows.
    fn down(&self, tap: Tap, sums: &mut [[f32; 3]]) {
        let span = self.columns.span();
        let sums = sums.as_flattened_mut();
        for (i, weight) in self.rows.weights(tap).iter().enumerate() {
            let row = self.image.row(tap.start() + i);
            let row = row.get(span.clone()).unwrap_or(&[]).as_flattened();
            let pairs = sums.iter_mut().zip(row);
            if i == 0 {
                pairs.for_each(|(sum, value)| *sum = weight * f32::from(*value));
            } else {
                pairs.for_each(|(sum, value)| *sum += weight * f32::from(*value));
            }
        }
    }

    /// The weighted sums of the pixels of a row that begins at column `begin`.
    fn across<T: Copy + Into<f32>>(&self, row: &[[T; 3]], begin: usize, out: &mut Row) {
        for (out, tap) in out.iter_mut().zip(self.columns.taps()) {
            let pixels = row.get(tap.start().wrapping_sub(begin)..).unwrap_or(&[]);
            *out = match (self.columns.weights(*tap), pixels) {
                ([], _) => [0.0; 3],
                ([_], [pixel, ..]) if tap.inside == 1.0 => pixel.map(Into::into),
                ([left, right], [[r0, g0, b0], [r1, g1, b1], ..]) => [
                    left * (*r0).into() + right * (*r1).into(),
                    left * (*g0).into() + right * (*g1).into(),
                    left * (*b0).into() + right * (*b1).into(),
                ],
                (weights, pixels) => {
                    let [mut red, mut green, mut blue] = [0.0; 3];
                    for (weight, [r, g, b]) in weights.iter().zip(pixels) {
                        red += weight * (*r).into();
                        green += weight * (*g).into();
                        blue += weight * (*b).into();
                    }
                    [red, green, blue]
                }
            };
        }
    }

    /// Adds the border by the share of each pixel that lies beyond the image.
    fn add_border(&self, row_inside: f32, out: &mut Row) {
        for (pixel, tap) in out.iter_mut().zip(self.columns.taps()) {
            let beyond = 1.0 - row_inside * tap.inside;
            for (value, border) in pixel.iter_mut().zip(self.border) {
                *value += beyond * border;
            }
        }
    }
}
