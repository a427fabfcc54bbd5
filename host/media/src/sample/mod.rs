//! Makes the rows of a view, one after the other, as floats.

mod axis;
mod map;
mod reduce;
mod separable;
mod warp;

use map::Map;
use separable::Separable;
use warp::Warp;

use crate::{Error, Filter, Image, View};

/// The pixels of a row as floats from 0 to 255: red, green, blue.
pub(crate) type Row = [[f32; 3]];

/// What makes the rows of a view.
pub(crate) enum Sampler<'a> {
    /// Of a map whose axes are those of the image.
    Separable(Separable<'a>),
    /// Of any other map.
    Warp(Warp<'a>),
}

impl<'a> Sampler<'a> {
    /// Checks a view and prepares what its rows have in common.
    pub(crate) fn new(image: &'a Image, view: &View) -> Result<Self, Error> {
        view.check()?;
        let map = Map::of(image, view)?;
        let border = view.border.to_f32();
        if map.keeps_axes() {
            Ok(Self::Separable(Separable::new(image, view, &map, border)))
        } else if view.filter == Filter::Area {
            Warp::reducing(image, view, map, border).map(Self::Warp)
        } else {
            Ok(Self::Warp(Warp::new(image, view, map, border)))
        }
    }

    /// Gives each row in turn, from the top, to `each`.
    pub(crate) fn rows(&self, width: u32, height: u32, mut each: impl FnMut(usize, &Row)) {
        let mut row = vec![[0.0; 3]; width as usize];
        let mut scratch = Vec::new();
        for y in 0..height as usize {
            match self {
                Self::Separable(sampler) => sampler.row(y, &mut scratch, &mut row),
                Self::Warp(sampler) => sampler.row(y, &mut row),
            }
            each(y, &row);
        }
    }
}
