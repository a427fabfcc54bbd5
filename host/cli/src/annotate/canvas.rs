//! A picture that can be drawn on.

use footlight_media::Image;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// A rectangle of whole pixels: left and top within, right and bottom beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub left: i32,
    /// Top edge.
    pub top: i32,
    /// Just beyond the right edge.
    pub right: i32,
    /// Just beyond the bottom edge.
    pub bottom: i32,
}

impl Area {
    /// The rectangle with its edges moved outwards by `by`.
    pub fn grown(self, by: i32) -> Self {
        Self {
            left: self.left.saturating_sub(by),
            top: self.top.saturating_sub(by),
            right: self.right.saturating_add(by),
            bottom: self.bottom.saturating_add(by),
        }
    }

    /// Whether some pixel is in both.
    pub fn meets(self, other: Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// A picture that can be drawn on. What lies outside of it is left out.
pub struct Canvas {
    width: i32,
    height: i32,
    rgb: Vec<u8>,
}

impl Canvas {
    /// A canvas with a picture on it.
    pub fn new(image: &Image) -> Self {
        Self {
            width: i32::try_from(image.width()).unwrap_or(i32::MAX),
            height: i32::try_from(image.height()).unwrap_or(i32::MAX),
            rgb: image.rgb().to_vec(),
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> i32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> i32 {
        self.height
    }

    /// The picture.
    pub fn into_image(self) -> Result<Image, footlight_media::Error> {
        Image::new(
            self.width.unsigned_abs(),
            self.height.unsigned_abs(),
            self.rgb,
        )
    }

    /// Lays a colour over a pixel; `cover` is how much of it shows, 0 to 1.
    pub fn dot(&mut self, x: i32, y: i32, colour: Colour, cover: f32) {
        // A cover that is no number, as of a circle at no place, shows nothing.
        if cover.is_nan() {
            return;
        }
        if !(0..self.width).contains(&x) || !(0..self.height).contains(&y) {
            return;
        }
        // Both are inside, so neither the product nor the sum is more than the length of the picture.
        let start = (y as usize * self.width as usize + x as usize) * 3;
        let Some(pixel) = self.rgb.get_mut(start..start + 3) else {
            return;
        };
        for (below, above) in pixel.iter_mut().zip(colour) {
            let mixed =
                f32::from(*below) + (f32::from(above) - f32::from(*below)) * cover.clamp(0.0, 1.0);
            *below = mixed.round() as u8;
        }
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, area: Area, colour: Colour, cover: f32) {
        for y in area.top.max(0)..area.bottom.min(self.height) {
            for x in area.left.max(0)..area.right.min(self.width) {
                self.dot(x, y, colour, cover);
            }
        }
    }

    /// Draws the edge of a rectangle, `thick` pixels inwards from it.
    pub fn outline(&mut self, area: Area, thick: i32, colour: Colour, cover: f32) {
        let Area {
            left,
            top,
            right,
            bottom,
        } = area;
        let inner_top = top.saturating_add(thick).min(bottom);
        let inner_bottom = bottom.saturating_sub(thick).max(inner_top);
        self.fill(
            Area {
                bottom: inner_top,
                ..area
            },
            colour,
            cover,
        );
        self.fill(
            Area {
                top: inner_bottom,
                ..area
            },
            colour,
            cover,
        );
        let sides = Area {
            top: inner_top,
            bottom: inner_bottom,
            ..area
        };
        self.fill(
            Area {
                right: left.saturating_add(thick).min(right),
                ..sides
            },
            colour,
            cover,
        );
        self.fill(
            Area {
                left: right.saturating_sub(thick).max(left.saturating_add(thick)),
                ..sides
            },
            colour,
            cover,
        );
    }

    /// Fills a circle, its edge smoothed.
    pub fn disc(&mut self, (x, y): (f32, f32), radius: f32, colour: Colour, cover: f32) {
        let reach = radius + 1.0;
        // Casting to an integer saturates, so a point far outside costs nothing and reaches no pixel.
        for row in ((y - reach) as i32).max(0)..((y + reach) as i32 + 1).min(self.height) {
            for column in ((x - reach) as i32).max(0)..((x + reach) as i32 + 1).min(self.width) {
                let from_middle = (column as f32 + 0.5 - x).hypot(row as f32 + 0.5 - y);
                let within = (radius + 0.5 - from_middle).clamp(0.0, 1.0);
                self.dot(column, row, colour, cover * within);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Colour = [255; 3];

    fn drawn(draw: impl FnOnce(&mut Canvas)) -> Vec<u8> {
        let mut canvas = Canvas::new(&Image::new(6, 5, vec![0; 90]).unwrap());
        draw(&mut canvas);
        canvas.rgb.chunks(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn an_outline_leaves_its_inside_alone() {
        let area = Area {
            left: 1,
            top: 1,
            right: 5,
            bottom: 4,
        };
        let pixels = drawn(|canvas| canvas.outline(area, 1, WHITE, 1.0));
        let lit = pixels.iter().filter(|&&pixel| pixel == 255).count();
        assert_eq!(lit, 10);
        assert_eq!(
            (pixels[2 * 6 + 2], pixels[2 * 6 + 1], pixels[2 * 6 + 4]),
            (0, 255, 255)
        );
    }

    #[test]
    fn each_pixel_of_an_outline_is_laid_over_once() {
        for (right, bottom, thick) in [(5, 4, 1), (5, 4, 2), (2, 2, 3), (1, 1, 1)] {
            let area = Area {
                left: 0,
                top: 0,
                right,
                bottom,
            };
            let pixels = drawn(|canvas| canvas.outline(area, thick, WHITE, 0.5));
            assert!(
                pixels.iter().all(|&pixel| pixel == 0 || pixel == 128),
                "{right} {bottom} {thick}"
            );
        }
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let far = Area {
            left: i32::MIN,
            top: -3,
            right: 1,
            bottom: 1,
        };
        let pixels = drawn(|canvas| {
            canvas.fill(far, WHITE, 1.0);
            canvas.disc((1e30, -1e30), 5.0, WHITE, 1.0);
            canvas.disc((f32::NAN, 0.0), 5.0, WHITE, 1.0);
        });
        assert_eq!(pixels.iter().filter(|&&pixel| pixel > 0).count(), 1);
    }
}
