//! Points, rectangles and affine maps, in pixels.

/// A point in an image. The origin is the image's top left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Distance from the left edge, in pixels.
    pub x: f32,
    /// Distance from the top edge, in pixels.
    pub y: f32,
}

/// A rectangle in an image, in pixels. It may reach beyond the image.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width, not negative.
    pub width: f32,
    /// Height, not negative.
    pub height: f32,
}

/// An affine map from a point (x, y) of a result to a point of its source, in continuous pixel
/// coordinates: `(a x + b y + c, d x + e y + f)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Source x per result x.
    pub a: f32,
    /// Source x per result y.
    pub b: f32,
    /// Source x of the result's origin.
    pub c: f32,
    /// Source y per result x.
    pub d: f32,
    /// Source y per result y.
    pub e: f32,
    /// Source y of the result's origin.
    pub f: f32,
}

impl Affine {
    /// The point of the source that a point of the result maps to.
    pub fn apply(&self, point: Point) -> Point {
        Point {
            x: self.a * point.x + self.b * point.y + self.c,
            y: self.d * point.x + self.e * point.y + self.f,
        }
    }
}
