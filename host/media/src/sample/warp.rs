//! Maps that turn or shear: each pixel is looked up by itself.

use std::ops::Range;

use super::Row;
use super::map::Map;
use super::reduce::{Reduced, reduce};
use crate::{Error, Filter, Image, View};

/// Samples a view through any affine map.
pub(crate) struct Warp<'a> {
    source: Source<'a>,
    /// From the result to the pixels of `source`.
    map: Map,
    /// The image's edges in the coordinates of `source`: x from, x to, y from, y to.
    edges: [f64; 4],
    nearest: bool,
    border: [f32; 3],
}

/// The pixels that are looked up: the image's, or those of a part of it that was reduced.
enum Source<'a> {
    Image(&'a Image),
    Reduced(Reduced),
}

impl<'a> Warp<'a> {
    /// Takes the image as it is.
    pub(super) fn new(image: &'a Image, view: &View, map: Map, border: [f32; 3]) -> Self {
        Self {
            source: Source::Image(image),
            map,
            edges: [
                0.0,
                f64::from(image.width()),
                0.0,
                f64::from(image.height()),
            ],
            nearest: view.filter == Filter::Nearest,
            border,
        }
    }

    /// Where the map reduces, takes the part of the image that the view covers, reduced by the whole
    /// factors nearest to how far apart the map puts neighbouring pixels, so that the bilinear sample
    /// of it is near to the mean of what a pixel covers.
    pub(super) fn reducing(
        image: &'a Image,
        view: &View,
        map: Map,
        border: [f32; 3],
    ) -> Result<Self, Error> {
        let factor = |extent: f64, side: u32| extent.round().clamp(1.0, f64::from(side)) as u32;
        let across = factor(map.a.hypot(map.b), image.width());
        let down = factor(map.d.hypot(map.e), image.height());
        let mut warp = Self::new(image, view, map, border);
        if across == 1 && down == 1 {
            return Ok(warp);
        }
        let (width, height) = (f64::from(view.width), f64::from(view.height));
        let corners = [
            map.apply(0.0, 0.0),
            map.apply(width, 0.0),
            map.apply(0.0, height),
            map.apply(width, height),
        ];
        let columns = blocks(corners.map(|(x, _)| x), across, image.width());
        let rows = blocks(corners.map(|(_, y)| y), down, image.height());
        let (left, top) = (f64::from(columns.start), f64::from(rows.start));
        let reduced = reduce(image, columns, across, rows, down)?;
        let (across, down) = (f64::from(across), f64::from(down));
        warp.source = Source::Reduced(reduced);
        warp.map = Map {
            a: map.a / across,
            b: map.b / across,
            c: map.c / across - left,
            d: map.d / down,
            e: map.e / down,
            f: map.f / down - top,
        };
        let [x_from, x_to, y_from, y_to] = warp.edges;
        warp.edges = [
            x_from / across - left,
            x_to / across - left,
            y_from / down - top,
            y_to / down - top,
        ];
        Ok(warp)
    }

    /// Writes row `y` of the view.
    pub(super) fn row(&self, y: usize, out: &mut Row) {
        let y = y as f64 + 0.5;
        let inside = self.inside(y, out.len());
        let (pixels, width) = match &self.source {
            Source::Image(image) => (image.pixels(), image.width() as usize),
            Source::Reduced(reduced) => (reduced.pixels(), reduced.width()),
        };
        let look = |x: usize| self.map.apply(x as f64 + 0.5, y);
        let (before, rest) = out.split_at_mut(inside.start);
        let (within, after) = rest.split_at_mut(inside.len());
        before.fill(self.border);
        after.fill(self.border);
        if self.nearest {
            for (pixel, x) in within.iter_mut().zip(inside) {
                *pixel = nearest(pixels, width, look(x));
            }
        } else {
            for (pixel, x) in within.iter_mut().zip(inside) {
                *pixel = bilinear(pixels, width, look(x));
            }
        }
    }

    /// Which pixels of a row map to points within the image. Along a line these are one run.
    fn inside(&self, y: f64, width: usize) -> Range<usize> {
        let [x_from, x_to, y_from, y_to] = self.edges;
        let (x, x_step) = (self.map.b * y + self.map.c, self.map.a);
        let (y, y_step) = (self.map.e * y + self.map.f, self.map.d);
        let (one, other) = (
            between(x, x_step, x_from, x_to),
            between(y, y_step, y_from, y_to),
        );
        // Wider by a pixel than computed, and then exactly by what each pixel maps to.
        let first = (one.start.max(other.start) - 1.5).max(0.0) as usize;
        let last = (one.end.min(other.end) + 1.5).clamp(0.0, width as f64) as usize;
        let holds = |i: usize| {
            let at = i as f64 + 0.5;
            (x_from..x_to).contains(&(x_step * at + x))
                && (y_from..y_to).contains(&(y_step * at + y))
        };
        let first = (first..last).find(|i| holds(*i)).unwrap_or(last);
        let last = (first..last)
            .rev()
            .find(|i| holds(*i))
            .map_or(first, |i| i + 1);
        first.min(width)..last.min(width)
    }
}

/// The points at which `start + step * point` lies from `from` to `to`.
fn between(start: f64, step: f64, from: f64, to: f64) -> Range<f64> {
    if step == 0.0 {
        return if (from..to).contains(&start) {
            f64::NEG_INFINITY..f64::INFINITY
        } else {
            0.0..0.0
        };
    }
    let (one, other) = ((from - start) / step, (to - start) / step);
    one.min(other)..one.max(other)
}

/// The blocks of `factor` pixels that the given points span, with one more on each side for the
/// bilinear sample, as far as the image has them.
fn blocks(points: [f64; 4], factor: u32, side: u32) -> Range<u32> {
    let count = side.div_ceil(factor);
    let block = |point: f64| {
        (point / f64::from(factor))
            .floor()
            .clamp(-2.0, f64::from(count))
    };
    let first = points.map(block).into_iter().fold(f64::INFINITY, f64::min) - 1.0;
    let last = points.map(block).into_iter().fold(-2.0, f64::max) + 2.0;
    // At least one block, so that there is a pixel even where the view sees only the border.
    let first = (first.max(0.0) as u32).min(count - 1);
    first..(last.max(0.0) as u32).clamp(first + 1, count)
}

/// The pixel that holds a point.
fn nearest(pixels: &[[u8; 3]], width: usize, (x, y): (f64, f64)) -> [f32; 3] {
    let at = (y as usize).wrapping_mul(width).wrapping_add(x as usize);
    pixels
        .get(at)
        .map_or([0.0; 3], |pixel| pixel.map(f32::from))
}

/// The four pixels around a point, weighted by distance. At an edge the outermost continue.
#[inline]
fn bilinear(pixels: &[[u8; 3]], width: usize, (x, y): (f64, f64)) -> [f32; 3] {
    let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
    let (column, line) = (x as usize, y as usize);
    let (right, below) = ((x - column as f64) as f32, (y - line as f64) as f32);
    let upper = pixels.get(line.wrapping_mul(width)..).unwrap_or(&[]);
    // Without a row below, the last one continues.
    let lower = match upper.get(width..) {
        Some(lower) if !lower.is_empty() => lower,
        _ => upper,
    };
    let next = (column + 1).min(width - 1);
    let column = column.min(next);
    let at =
        |row: &[[u8; 3]], column: usize| row.get(column).map_or([0.0; 3], |p| p.map(f32::from));
    let (a, b) = (at(upper, column), at(upper, next));
    let (c, d) = (at(lower, column), at(lower, next));
    let mut out = [0.0; 3];
    for ((out, (a, b)), (c, d)) in out
        .iter_mut()
        .zip(a.into_iter().zip(b))
        .zip(c.into_iter().zip(d))
    {
        let upper = a + right * (b - a);
        let lower = c + right * (d - c);
        *out = upper + below * (lower - upper);
    }
    out
}
