//! Which pixels of the source make a pixel of the result, along one axis.

use std::ops::Range;

use crate::Filter;

/// A share of a pixel below this is a rounding error of the map.
const NEGLIGIBLE: f64 = 1e-6;

/// What makes one pixel of the result: a run of pixels of the source, with a weight each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tap {
    /// The first pixel of the source.
    start: u32,
    /// Where the weights begin in the table.
    weights: u32,
    /// How many pixels and weights.
    count: u32,
    /// The sum of the weights: 1 where all lies within the source, 0 where nothing does.
    pub inside: f32,
}

/// The taps of all pixels of the result along an axis.
#[derive(Debug)]
pub(super) struct Axis {
    taps: Vec<Tap>,
    weights: Vec<f32>,
    span: Range<usize>,
}

impl Axis {
    /// The taps of `count` pixels, the `i`th of which covers `scale * i + offset` to
    /// `scale * (i + 1) + offset` of a source of `source` pixels.
    pub(super) fn new(count: u32, scale: f64, offset: f64, source: u32, filter: Filter) -> Self {
        let mut axis = Self {
            taps: Vec::with_capacity(count as usize),
            weights: Vec::with_capacity(count as usize * 2),
            span: source as usize..0,
        };
        for i in 0..count {
            let i = f64::from(i);
            let tap = match filter {
                Filter::Nearest => axis.nearest(scale * (i + 0.5) + offset, source),
                Filter::Area if scale.abs() > 1.0 => {
                    let (one, other) = (scale * i + offset, scale * (i + 1.0) + offset);
                    axis.area(one.min(other), one.max(other), source)
                }
                Filter::Area | Filter::Bilinear => axis.linear(scale * (i + 0.5) + offset, source),
            };
            if tap.count > 0 {
                let start = tap.start as usize;
                axis.span.start = axis.span.start.min(start);
                axis.span.end = axis.span.end.max(start + tap.count as usize);
            }
            axis.taps.push(tap);
        }
        axis
    }

    /// The tap of a pixel of the result.
    pub(super) fn tap(&self, i: usize) -> Tap {
        self.taps.get(i).copied().unwrap_or_default()
    }

    /// All taps, in order.
    pub(super) fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// The pixels of the source that any tap takes; empty where none does.
    pub(super) fn span(&self) -> Range<usize> {
        if self.span.is_empty() {
            0..0
        } else {
            self.span.clone()
        }
    }

    /// The weights of a tap's pixels.
    pub(super) fn weights(&self, tap: Tap) -> &[f32] {
        let start = tap.weights as usize;
        self.weights
            .get(start..start + tap.count as usize)
            .unwrap_or(&[])
    }

    fn nearest(&mut self, centre: f64, source: u32) -> Tap {
        if !(0.0..f64::from(source)).contains(&centre) {
            return Tap::default();
        }
        self.add(centre as u32, &[1.0], 1.0)
    }

    fn linear(&mut self, centre: f64, source: u32) -> Tap {
        if !(0.0..f64::from(source)).contains(&centre) {
            return Tap::default();
        }
        let last = source.saturating_sub(1);
        let left = (centre - 0.5).floor();
        let share = (centre - 0.5 - left) as f32;
        if left < 0.0 {
            self.add(0, &[1.0], 1.0)
        } else if left as u32 >= last || share == 0.0 {
            self.add((left as u32).min(last), &[1.0], 1.0)
        } else {
            self.add(left as u32, &[1.0 - share, share], 1.0)
        }
    }

    fn area(&mut self, from: f64, to: f64, source: u32) -> Tap {
        let end = f64::from(source);
        let (first, last) = (from.max(0.0), to.min(end));
        if last - first <= NEGLIGIBLE {
            return Tap::default();
        }
        // Cut off slivers of pixels that only rounding put into the area.
        let start = (first + NEGLIGIBLE).floor();
        let stop = (last - NEGLIGIBLE).ceil();
        let begin = self.weights.len();
        let mut sum = 0.0;
        let mut pixel = start;
        while pixel < stop {
            let share = (last.min(pixel + 1.0) - first.max(pixel)) / (to - from);
            self.weights.push(share as f32);
            sum += share;
            pixel += 1.0;
        }
        let complete = from >= -NEGLIGIBLE && to <= end + NEGLIGIBLE;
        Tap {
            start: start as u32,
            weights: begin as u32,
            count: (self.weights.len() - begin) as u32,
            inside: if complete { 1.0 } else { sum as f32 },
        }
    }

    fn add(&mut self, start: u32, weights: &[f32], inside: f32) -> Tap {
        let begin = self.weights.len();
        self.weights.extend_from_slice(weights);
        Tap {
            start,
            weights: begin as u32,
            count: weights.len() as u32,
            inside,
        }
    }
}

impl Tap {
    /// The first pixel of the source.
    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    /// Whether it takes just one pixel, as it is.
    pub(super) fn is_copy(self) -> bool {
        self.count == 1 && self.inside == 1.0
    }
}
