//! Text as a bitmap, enlarged without its pixels showing.

use std::convert::Infallible;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::text::{Baseline, Text};
use embedded_graphics::{Drawable, Pixel};

/// Ink and no ink.
pub struct Bitmap {
    width: i32,
    height: i32,
    ink: Vec<bool>,
}

impl Bitmap {
    fn blank(width: i32, height: i32) -> Self {
        let pixels = width.max(0) as usize * height.max(0) as usize;
        Self {
            width,
            height,
            ink: vec![false; pixels],
        }
    }

    /// A line of text in a font.
    pub fn text(text: &str, font: &MonoFont<'static>) -> Self {
        let (advance, height) = cell(font);
        let characters = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
        let mut bitmap = Self::blank(characters.saturating_mul(advance), height);
        let style = MonoTextStyle::new(font, BinaryColor::On);
        let text = Text::with_baseline(text, Point::zero(), style, Baseline::Top);
        match text.draw(&mut bitmap) {
            Ok(_) => bitmap,
            Err(never) => match never {},
        }
    }

    /// Twice as wide and high: each pixel becomes four, and a corner between two sides that agree takes their
    /// colour, so that slanted strokes stay smooth (the rule known as EPX or Scale2x).
    pub fn doubled(&self) -> Self {
        let mut doubled = Self::blank(self.width * 2, self.height * 2);
        for (x, y) in self.places() {
            let own = self.at(x, y);
            let (up, down) = (self.at(x, y - 1), self.at(x, y + 1));
            let (left, right) = (self.at(x - 1, y), self.at(x + 1, y));
            let rounds = left != right && up != down;
            let corner = |across: bool, along: bool| {
                if rounds && across == along {
                    across
                } else {
                    own
                }
            };
            doubled.set(2 * x, 2 * y, corner(left, up));
            doubled.set(2 * x + 1, 2 * y, corner(right, up));
            doubled.set(2 * x, 2 * y + 1, corner(left, down));
            doubled.set(2 * x + 1, 2 * y + 1, corner(right, down));
        }
        doubled
    }

    /// The places that have ink.
    pub fn inked(&self) -> impl Iterator<Item = (i32, i32)> {
        self.places().filter(|&(x, y)| self.at(x, y))
    }

    fn places(&self) -> impl Iterator<Item = (i32, i32)> + use<> {
        let width = self.width;
        (0..self.height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }

    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        inside.then_some(y as usize * self.width as usize + x as usize)
    }

    fn at(&self, x: i32, y: i32) -> bool {
        let pixel = self.index(x, y).and_then(|index| self.ink.get(index));
        pixel.copied().unwrap_or(false)
    }

    fn set(&mut self, x: i32, y: i32, ink: bool) {
        if let Some(pixel) = self.index(x, y).and_then(|index| self.ink.get_mut(index)) {
            *pixel = ink;
        }
    }
}

/// Width and height of a character of a font, with the space after it.
pub fn cell(font: &MonoFont<'_>) -> (i32, i32) {
    let Size { width, height } = font.character_size;
    let pixels = |units: u32| i32::try_from(units).unwrap_or(0);
    (pixels(width + font.character_spacing), pixels(height))
}

impl OriginDimensions for Bitmap {
    fn size(&self) -> Size {
        Size::new(self.width.unsigned_abs(), self.height.unsigned_abs())
    }
}

impl DrawTarget for Bitmap {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(Point { x, y }, colour) in pixels {
            self.set(x, y, colour.is_on());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::mono_font::ascii::FONT_7X13_BOLD;

    use super::*;

    fn of(rows: &[&str]) -> Bitmap {
        let mut bitmap = Bitmap::blank(rows[0].len() as i32, rows.len() as i32);
        for (y, row) in rows.iter().enumerate() {
            for (x, mark) in row.chars().enumerate() {
                bitmap.set(x as i32, y as i32, mark == '#');
            }
        }
        bitmap
    }

    fn rows(bitmap: &Bitmap) -> Vec<String> {
        let row = |y| {
            (0..bitmap.width)
                .map(|x| if bitmap.at(x, y) { '#' } else { '.' })
                .collect()
        };
        (0..bitmap.height).map(row).collect()
    }

    #[test]
    fn straight_strokes_stay_straight() {
        let doubled = of(&["....", "####", "...."]).doubled();
        assert_eq!(
            rows(&doubled),
            [
                "........", "........", "########", "########", "........", "........"
            ]
        );
    }

    #[test]
    fn slanted_strokes_get_their_steps_filled() {
        let doubled = of(&["#..", ".#.", "..#"]).doubled();
        assert_eq!(
            rows(&doubled),
            ["##....", "###...", ".###..", "..###.", "...###", "....##"]
        );
    }

    #[test]
    fn text_has_ink_and_is_as_wide_as_its_letters() {
        let bitmap = Bitmap::text("abc", &FONT_7X13_BOLD);
        assert_eq!((bitmap.width, bitmap.height), (21, 13));
        for letter in 0..3 {
            assert!(bitmap.inked().any(|(x, _)| x / 7 == letter));
        }
        assert_eq!(Bitmap::text("   ", &FONT_7X13_BOLD).inked().count(), 0);
    }
}
