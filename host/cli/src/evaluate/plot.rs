//! The picture of an evaluation: how the similarities are distributed, and what each threshold costs.

use std::ops::Range;

use anyhow::Result;
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::rates::Rates;
use super::report::Report;
use crate::table::percent;

const SIZE: (u32, u32) = (1280, 620);
const SAME: RGBColor = RGBColor(0x1f, 0x77, 0xb4);
const DIFFERENT: RGBColor = RGBColor(0xd9, 0x5f, 0x0e);
const INK: RGBColor = RGBColor(0x26, 0x2b, 0x33);
const GRID: RGBColor = RGBColor(0xe4, 0xe7, 0xec);
/// Points at which a curve is computed.
const STEPS: u32 = 1000;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws both charts into an SVG document.
pub fn svg(report: &Report, rates: &Rates) -> Result<String> {
    let mut document = String::new();
    {
        let root = SVGBackend::with_string(&mut document, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, body) = root.split_vertically(74);
        let left = 30;
        head.draw(&Text::new(
            format!(
                "How often is one person taken for another? {}",
                report.dataset
            ),
            (left, 16),
            bold(text(26, INK)),
        ))?;
        head.draw(&Text::new(report.size(), (left, 48), text(20, INK)))?;
        let (left, right) = body.split_horizontally(SIZE.0 / 2);
        let scores = range(rates);
        distributions(&left, report, rates, scores.clone())?;
        errors(&right, report, rates, scores)?;
        root.present()?;
    }
    Ok(document)
}

fn text(size: u32, colour: RGBColor) -> TextStyle<'static> {
    TextStyle {
        font: ("sans-serif", size).into_font(),
        color: colour.to_backend_color(),
        pos: Pos::default(),
    }
}

fn bold(style: TextStyle<'static>) -> TextStyle<'static> {
    TextStyle {
        font: style.font.style(FontStyle::Bold),
        ..style
    }
}

/// The range of all similarities, to whole tenths, never empty.
fn range(rates: &Rates) -> Range<f64> {
    let ends = || {
        [rates.same(), rates.different()]
            .into_iter()
            .flat_map(|list| [list.first(), list.last()])
    };
    let all = ends().flatten().copied().map(f64::from);
    let low = all.clone().fold(f64::INFINITY, f64::min);
    let high = all.fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high.is_finite()) {
        return -1.0..1.0;
    }
    (low * 10.0).floor() / 10.0..(high * 10.0 + 0.5).ceil() / 10.0
}

/// The share of the scores in each bin, as the corners of its outline: `(similarity, share)`.
fn histogram(scores: &[f32], range: Range<f64>, width: f64) -> Vec<(f64, f64)> {
    let bins = ((range.end - range.start) / width).ceil() as u64;
    let mut corners = Vec::new();
    for bin in 0..bins {
        let (from, to) = (
            range.start + bin as f64 * width,
            range.start + (bin + 1) as f64 * width,
        );
        let below = |edge: f64| scores.partition_point(|&score| f64::from(score) < edge);
        let share = (below(to) - below(from)) as f64 / scores.len().max(1) as f64;
        corners.extend([(from, share), (to, share)]);
    }
    // The outline begins and ends at the ground, with nothing drawn along it where there are no scores.
    let shown = |&(_, share): &(f64, f64)| share > 0.0;
    let last = corners.iter().rposition(shown).unwrap_or(0);
    corners.truncate(last.saturating_add(2));
    let first = corners.iter().position(shown).unwrap_or(corners.len());
    corners.drain(..first.saturating_sub(1));
    corners
}

fn distributions(area: &Area, report: &Report, rates: &Rates, scores: Range<f64>) -> Result<()> {
    // Few pairs in narrow bins make a comb, not a shape.
    let few = rates.same().len().min(rates.different().len()) < 200;
    let width = if few { 0.05 } else { 0.025 };
    let lists = [
        ("pairs of different people", rates.different(), DIFFERENT),
        ("pairs of one person", rates.same(), SAME),
    ];
    let outlines =
        lists.map(|(name, list, colour)| (name, histogram(list, scores.clone(), width), colour));
    let shares = outlines
        .iter()
        .flat_map(|(_, outline, _)| outline)
        .map(|corner| corner.1);
    let top = shares.fold(0.0, f64::max).max(0.01) * 1.3;
    let mut chart = ChartBuilder::on(area)
        .caption("Similarity of pairs", text(22, INK))
        .margin(12)
        .margin_left(20)
        .x_label_area_size(52)
        .y_label_area_size(70)
        .build_cartesian_2d(scores, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text(18, INK))
        .axis_desc_style(text(19, INK))
        .x_desc("cosine similarity")
        .y_desc("share of pairs")
        .x_label_formatter(&|x| format!("{x:.1}"))
        .y_label_formatter(&|y| format!("{:.0} %", y * 100.0))
        .y_labels(6)
        .draw()?;
    for (name, outline, colour) in outlines {
        chart
            .draw_series(
                AreaSeries::new(outline, 0.0, colour.mix(0.28))
                    .border_style(colour.stroke_width(2)),
            )?
            .label(name)
            .legend(move |(x, y)| {
                Rectangle::new([(x, y - 7), (x + 20, y + 7)], colour.mix(0.7).filled())
            });
    }
    if let Some(point) = &report.default {
        let line = [(point.threshold, 0.0), (point.threshold, top * 0.8)];
        chart.draw_series(dashed(line))?;
        let style = text(18, INK).pos(Pos::new(HPos::Center, VPos::Bottom));
        let label = format!("threshold {}", point.threshold);
        chart.draw_series([Text::new(label, (point.threshold, top * 0.81), style)])?;
    }
    legend(&mut chart, SeriesLabelPosition::UpperRight)?;
    Ok(())
}

fn dashed(line: [(f64, f64); 2]) -> DashedLineSeries<std::array::IntoIter<(f64, f64), 2>, i32> {
    DashedLineSeries::new(line, 7, 5, INK.stroke_width(2))
}

fn legend<'a, C: CoordTranslate>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, C>,
    position: SeriesLabelPosition,
) -> Result<()> {
    chart
        .configure_series_labels()
        .position(position)
        .label_font(text(18, INK))
        .background_style(WHITE.mix(0.9))
        .border_style(GRID)
        .draw()?;
    Ok(())
}

/// Where a rate stops being shown: a little below the power of ten that a single pair's is above.
fn floor(rates: &Rates) -> f64 {
    let most = rates.same().len().max(rates.different().len()).max(10);
    10_f64.powf((0.5 / most as f64).log10().floor()) * 0.7
}

/// A rate over the threshold as a line; where it is zero it leaves the chart at the bottom.
fn curve(
    rates: &Rates,
    scores: Range<f64>,
    bottom: f64,
    of: impl Fn(&Rates, f64) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let step = (scores.end - scores.start) / f64::from(STEPS);
    let mut line: Vec<(f64, f64)> = (0..=STEPS)
        .map(|n| scores.start + f64::from(n) * step)
        .filter_map(|threshold| Some((threshold, of(rates, threshold)?.max(bottom))))
        .collect();
    // Of a stretch at the bottom only the end that meets the rest belongs to the line.
    let shown = |&(_, rate): &(f64, f64)| rate > bottom;
    let first = line.iter().position(shown).unwrap_or(line.len());
    let last = line.iter().rposition(shown).unwrap_or(0);
    line.truncate(last.saturating_add(2));
    line.drain(..first.saturating_sub(1).min(line.len()));
    line
}

fn errors(area: &Area, report: &Report, rates: &Rates, scores: Range<f64>) -> Result<()> {
    let bottom = floor(rates);
    let mut chart = ChartBuilder::on(area)
        .caption("Errors over the threshold", text(22, INK))
        .margin(12)
        .margin_right(30)
        .x_label_area_size(52)
        .y_label_area_size(86)
        .build_cartesian_2d(scores.clone(), (bottom..1.0).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text(18, INK))
        .axis_desc_style(text(19, INK))
        .x_desc("threshold")
        .y_desc("error rate")
        .x_label_formatter(&|x| format!("{x:.1}"))
        .y_label_formatter(&|y| format!("{} %", y * 100.0))
        .draw()?;
    let curves = [
        (
            "false match rate",
            curve(rates, scores.clone(), bottom, |r, t| r.at(t).fmr),
            DIFFERENT,
        ),
        (
            "false non-match rate",
            curve(rates, scores, bottom, |r, t| r.at(t).fnmr),
            SAME,
        ),
    ];
    for (name, line, colour) in curves {
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(3)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(3)));
    }
    if let Some(point) = &report.default {
        chart
            .draw_series(dashed([(point.threshold, bottom), (point.threshold, 1.0)]))?
            .label(format!("threshold {}", point.threshold))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], INK.stroke_width(2)));
    }
    if let Some(equal) = &report.equal_error {
        let at = (equal.threshold, equal.rate.max(bottom));
        chart
            .draw_series([Circle::new(at, 6, INK.filled())])?
            .label(format!("equal error rate {}", percent(equal.rate)))
            .legend(|(x, y)| Circle::new((x + 10, y), 6, INK.filled()));
    }
    legend(&mut chart, SeriesLabelPosition::LowerLeft)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::photos::Collected;
    use super::*;

    fn drawn(same: Vec<f32>, different: Vec<f32>) -> String {
        let rates = Rates::new(same, different);
        let report = Report::new(
            "a <set>".to_owned(),
            2,
            &Collected::default(),
            &rates,
            Some(0.42),
            0.001,
        );
        svg(&report, &rates).unwrap()
    }

    #[test]
    fn the_plot_names_the_set_its_size_and_the_threshold() {
        let svg = drawn(vec![0.5, 0.6, 0.3], vec![0.1, 0.2, 0.0, 0.4]);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for part in [
            "a &lt;set&gt;",
            "3 pairs of one person",
            "threshold 0.42",
            "equal error rate",
        ] {
            assert!(svg.contains(part), "{part}");
        }
    }

    #[test]
    fn any_scores_can_be_drawn() {
        for (same, different) in [
            (vec![], vec![]),
            (vec![0.5], vec![]),
            (vec![], vec![0.5]),
            (vec![1.0; 3], vec![1.0; 3]),
            (vec![-1.0, 1.0], vec![-1.0, 1.0]),
        ] {
            assert!(drawn(same, different).trim_end().ends_with("</svg>"));
        }
    }

    #[test]
    fn the_shares_of_a_histogram_add_up() {
        let rates = Rates::new(vec![-0.2, 0.0, 0.0, 0.31, 0.5], vec![]);
        let corners = histogram(rates.same(), range(&rates), 0.05);
        // Every bin has two corners of its height.
        let sum: f64 = corners.iter().map(|corner| corner.1 / 2.0).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn a_curve_ends_where_its_rate_is_zero() {
        let rates = Rates::new(vec![0.9], vec![0.25, 0.5]);
        let line = curve(&rates, 0.0..1.0, 0.01, |r, t| r.at(t).fmr);
        assert_eq!(line[0], (0.0, 1.0));
        let (end, rate) = *line.last().unwrap();
        assert!((end - 0.501).abs() < 0.0011 && rate == 0.01, "{end} {rate}");
    }
}
