//! Bars, as SVG.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;

use crate::row::number;

/// A bar: its name and its number.
pub type Bar = (String, f64);
/// Two bars: what they have in common, our number and the other's.
pub type Pair = (String, [f64; 2]);

const OURS: RGBColor = RGBColor(196, 98, 16);
const THEIRS: RGBColor = RGBColor(128, 140, 152);

/// How long a bar is for its number.
#[derive(Clone, Copy, PartialEq)]
pub enum Scale {
    /// As long as the number is large.
    Linear,
    /// Each decade as long as any other.
    Logarithmic,
}

impl Scale {
    /// The share of the longest bar that a number's has.
    fn share(self, value: f64, [least, most]: [f64; 2]) -> f64 {
        match self {
            Scale::Linear => value / most,
            // From the power of ten below the least.
            Scale::Logarithmic => {
                let begin = least.log10().ceil() - 1.0;
                (value.log10() - begin) / (most.log10() - begin)
            }
        }
    }
}

/// The least and the most of some numbers.
fn ends(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
    let most = values.clone().fold(f64::MIN_POSITIVE, f64::max);
    [values.fold(most, f64::min), most]
}

fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size)
        .into_font()
        .color(&RGBColor(40, 40, 40))
}

/// Horizontal bars, each with its name and its number.
pub fn bar_chart(file: &Path, title: &str, bars: &[Bar], scale: Scale) -> Result<()> {
    const ROW: i32 = 34;
    const LEFT: i32 = 290;
    const WIDTH: i32 = 760;
    let height = 50 + ROW * i32::try_from(bars.len())?;
    let ends = ends(bars.iter().map(|bar| bar.1));
    let area = SVGBackend::new(file, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (12, 12), text(17)))?;
    for (index, (name, value)) in bars.iter().enumerate() {
        let top = 44 + ROW * i32::try_from(index)?;
        let ours = ["Footlight", "client", "face"];
        let colour = if ours.iter().any(|word| name.contains(word)) {
            OURS
        } else {
            THEIRS
        };
        let length = (scale.share(*value, ends) * f64::from(WIDTH - LEFT - 80)) as i32;
        area.draw(&Text::new(name.clone(), (12, top + 4), text(14)))?;
        area.draw(&Rectangle::new(
            [(LEFT, top), (LEFT + length.max(1), top + ROW - 12)],
            colour.filled(),
        ))?;
        area.draw(&Text::new(
            number(*value),
            (LEFT + length + 8, top + 4),
            text(14),
        ))?;
    }
    area.present()?;
    Ok(())
}

/// Horizontal bars in pairs, of two sides that are told apart by colour.
pub fn pair_chart(
    file: &Path,
    title: &str,
    sides: [&str; 2],
    pairs: &[Pair],
    scale: Scale,
) -> Result<()> {
    const BAR: i32 = 16;
    const ROW: i32 = 2 * BAR + 12;
    const TOP: i32 = 72;
    const LEFT: i32 = 180;
    const WIDTH: i32 = 760;
    let colours = [OURS, THEIRS];
    let height = TOP + ROW * i32::try_from(pairs.len())?;
    let ends = ends(pairs.iter().flat_map(|pair| pair.1));
    let area = SVGBackend::new(file, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (12, 12), text(17)))?;
    let mut left = LEFT;
    for (side, colour) in sides.into_iter().zip(colours) {
        let square = [(left, 44), (left + 12, 56)];
        area.draw(&Rectangle::new(square, colour.filled()))?;
        area.draw(&Text::new(side.to_owned(), (left + 20, 43), text(14)))?;
        left += 160;
    }
    for (index, (name, values)) in pairs.iter().enumerate() {
        let mut top = TOP + ROW * i32::try_from(index)?;
        area.draw(&Text::new(name.clone(), (12, top + BAR / 2), text(14)))?;
        for (value, colour) in values.iter().zip(colours) {
            let length = (scale.share(*value, ends) * f64::from(WIDTH - LEFT - 80)) as i32;
            let bar = [(LEFT, top), (LEFT + length.max(1), top + BAR - 2)];
            area.draw(&Rectangle::new(bar, colour.filled()))?;
            let at = (LEFT + length.max(1) + 8, top + 1);
            area.draw(&Text::new(number(*value), at, text(13)))?;
            top += BAR;
        }
    }
    area.present()?;
    Ok(())
}
