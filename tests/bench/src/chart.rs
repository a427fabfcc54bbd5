//! Bars, as SVG.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;

use crate::row::number;

/// A bar: its name and its number.
pub type Bar = (String, f64);

/// How long a bar is for its number.
#[derive(Clone, Copy, PartialEq)]
pub enum Scale {
    /// As long as the number is large.
    Linear,
    /// Each decade as long as any other.
    Logarithmic,
}

/// Horizontal bars, each with its name and its number.
pub fn bar_chart(file: &Path, title: &str, bars: &[Bar], scale: Scale) -> Result<()> {
    const ROW: i32 = 34;
    const LEFT: i32 = 290;
    const WIDTH: i32 = 760;
    let height = 50 + ROW * i32::try_from(bars.len())?;
    let values = || bars.iter().map(|bar| bar.1);
    let most = values().fold(f64::MIN_POSITIVE, f64::max);
    let least = values().fold(most, f64::min);
    let share = |value: f64| match scale {
        Scale::Linear => value / most,
        // From the power of ten below the least.
        Scale::Logarithmic => {
            let begin = least.log10().ceil() - 1.0;
            (value.log10() - begin) / (most.log10() - begin)
        }
    };
    let area = SVGBackend::new(file, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: i32| {
        ("sans-serif", size)
            .into_font()
            .color(&RGBColor(40, 40, 40))
    };
    area.draw(&Text::new(title.to_owned(), (12, 12), text(17)))?;
    for (index, (name, value)) in bars.iter().enumerate() {
        let top = 44 + ROW * i32::try_from(index)?;
        let ours = ["Footlight", "client", "face"];
        let colour = if ours.iter().any(|word| name.contains(word)) {
            RGBColor(196, 98, 16)
        } else {
            RGBColor(128, 140, 152)
        };
        let length = (share(*value) * f64::from(WIDTH - LEFT - 80)) as i32;
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
