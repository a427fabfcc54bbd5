//! Text on a picture, on a dark ground.

use embedded_graphics::mono_font::MonoFont;
use embedded_graphics::mono_font::ascii::{
    FONT_7X13_BOLD, FONT_8X13_BOLD, FONT_9X15_BOLD, FONT_9X18_BOLD, FONT_10X20,
};

use super::bitmap::{self, Bitmap};
use super::canvas::{Area, Canvas, Colour};

const BACKING: Colour = [16, 18, 22];
const BACKING_COVER: f32 = 0.82;

/// Fonts and the factors by which their pixels are enlarged, by the height of the text.
static SIZES: [(&MonoFont<'static>, i32); 5] = [
    (&FONT_7X13_BOLD, 1),
    (&FONT_9X15_BOLD, 1),
    (&FONT_9X18_BOLD, 1),
    (&FONT_10X20, 1),
    (&FONT_8X13_BOLD, 2),
];

/// A line of text with its size, ready to be put somewhere.
pub struct Label {
    text: String,
    font: &'static MonoFont<'static>,
    factor: i32,
}

impl Label {
    /// A label of at most the height and width given (in pixels, its backing included), as large as that
    /// allows. Text that is too long for the smallest size is cut.
    pub fn new(text: &str, height: i32, width: i32) -> Self {
        let fitting = SIZES.iter().rev().map(|&(font, factor)| Self {
            text: text.to_owned(),
            font,
            factor,
        });
        let mut smallest = None;
        for label in fitting {
            let (own_width, own_height) = label.size();
            if own_height <= height && own_width <= width {
                return label;
            }
            smallest = Some(label);
        }
        let mut label = smallest.unwrap_or(Self {
            text: String::new(),
            font: &FONT_7X13_BOLD,
            factor: 1,
        });
        while label.size().0 > width && label.text.len() > 1 {
            label.text.pop();
        }
        label
    }

    /// Width and height in pixels, with the backing.
    pub fn size(&self) -> (i32, i32) {
        let (pad_x, pad_y) = self.padding();
        let characters = i32::try_from(self.text.chars().count()).unwrap_or(i32::MAX);
        let (advance, height) = self.cell();
        (
            characters.saturating_mul(advance).saturating_add(2 * pad_x),
            height + 2 * pad_y,
        )
    }

    /// Draws the label with its top left corner at a point.
    pub fn draw(&self, canvas: &mut Canvas, left: i32, top: i32, colour: Colour) {
        let (width, height) = self.size();
        let (pad_x, pad_y) = self.padding();
        let area = Area {
            left,
            top,
            right: left + width,
            bottom: top + height,
        };
        canvas.fill(area, BACKING, BACKING_COVER);
        let text = Bitmap::text(&self.text, self.font);
        let text = if self.factor == 2 {
            text.doubled()
        } else {
            text
        };
        for (x, y) in text.inked() {
            canvas.dot(left + pad_x + x, top + pad_y + y, colour, 1.0);
        }
    }

    /// Width and height of a character in pixels.
    fn cell(&self) -> (i32, i32) {
        let (advance, height) = bitmap::cell(self.font);
        (advance * self.factor, height * self.factor)
    }

    /// Backing beside and above the text.
    fn padding(&self) -> (i32, i32) {
        (4 * self.factor, self.factor)
    }
}

#[cfg(test)]
mod tests {
    use footlight_media::Image;

    use super::*;

    #[test]
    fn a_label_is_as_large_as_fits() {
        let (_, small) = Label::new("obama 0.83", 18, 1000).size();
        let (width, large) = Label::new("obama 0.83", 32, 1000).size();
        assert!(small <= 18 && large <= 32 && large > small);
        assert!(width < 1000);
    }

    #[test]
    fn a_label_that_is_too_wide_becomes_smaller_and_then_shorter() {
        let name = "x".repeat(64);
        let (width, height) = Label::new(&name, 40, 500).size();
        assert!(width <= 500 && height < 40);
        assert!(Label::new(&name, 40, 100).size().0 <= 100);
    }

    #[test]
    fn text_is_drawn_within_its_backing() {
        let mut canvas = Canvas::new(&Image::new(120, 40, vec![100; 120 * 40 * 3]).unwrap());
        let label = Label::new("not", 30, 100);
        let (width, height) = label.size();
        label.draw(&mut canvas, 5, 6, [255, 0, 0]);
        let image = canvas.into_image().unwrap();
        let mut inked = 0;
        for (index, pixel) in image.rgb().chunks(3).enumerate() {
            let (x, y) = ((index % 120) as i32, (index / 120) as i32);
            let inside = (5..5 + width).contains(&x) && (6..6 + height).contains(&y);
            assert_eq!(pixel == [100; 3], !inside, "{x} {y}");
            inked += i32::from(pixel == [255, 0, 0]);
        }
        assert!(inked > 50, "{inked}");
    }
}
