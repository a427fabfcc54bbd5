//! The map from a result to its source, in double precision.

use crate::{Error, Image, Rect, Region, View};

/// An affine map from a point (x, y) of the result to the source: `(a x + b y + c, d x + e y + f)`.
///
/// In double precision no map of finite single-precision numbers overflows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
    pub e: f64,
    pub f: f64,
}

impl Map {
    /// The map of a view of an image.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a rectangle or a map with numbers that are not finite, for a rectangle
    /// without area, and for a map that cannot be inverted.
    pub(super) fn of(image: &Image, view: &View) -> Result<Self, Error> {
        let (width, height) = (f64::from(view.width), f64::from(view.height));
        match view.region {
            Region::Whole => Ok(Self {
                a: f64::from(image.width()) / width,
                b: 0.0,
                c: 0.0,
                d: 0.0,
                e: f64::from(image.height()) / height,
                f: 0.0,
            }),
            Region::Rect(rect) => {
                check(&rect)?;
                Ok(Self {
                    a: f64::from(rect.width) / width,
                    b: 0.0,
                    c: f64::from(rect.x),
                    d: 0.0,
                    e: f64::from(rect.height) / height,
                    f: f64::from(rect.y),
                })
            }
            Region::Affine(affine) => {
                let map = Self {
                    a: f64::from(affine.a),
                    b: f64::from(affine.b),
                    c: f64::from(affine.c),
                    d: f64::from(affine.d),
                    e: f64::from(affine.e),
                    f: f64::from(affine.f),
                };
                let finite = [map.a, map.b, map.c, map.d, map.e, map.f]
                    .iter()
                    .all(|number| number.is_finite());
                if !finite {
                    return Err(Error::Invalid(format!(
                        "the numbers of an affine map must be finite, not {affine:?}"
                    )));
                }
                if map.a * map.e - map.b * map.d == 0.0 {
                    return Err(Error::Invalid(format!(
                        "an affine map must be invertible (a * e - b * d is 0 in {affine:?})"
                    )));
                }
                Ok(map)
            }
        }
    }

    /// Whether the axes of the result are those of the source.
    pub(super) fn keeps_axes(&self) -> bool {
        self.b == 0.0 && self.d == 0.0
    }

    /// The point of the source that a point of the result maps to.
    pub(super) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.a * x + self.b * y + self.c,
            self.d * x + self.e * y + self.f,
        )
    }
}

/// Refuses a rectangle that has no area.
fn check(rect: &Rect) -> Result<(), Error> {
    let finite = [rect.x, rect.y, rect.width, rect.height]
        .iter()
        .all(|number| number.is_finite());
    if finite && rect.width > 0.0 && rect.height > 0.0 {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "a rectangle must have finite numbers, and a width and a height above 0, not {rect:?}"
    )))
}
