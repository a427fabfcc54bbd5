//! Zones as boxes, with what runs in each and what leaves it.

use std::collections::BTreeSet;

use footlight_boundary::{Consumer, Report, Way, Zone, Zones};
use footlight_pipeline::PipelineFile;

/// The drawing: a box for each zone, those where frames enter first, and below it what leaves.
pub fn draw(file: &PipelineFile, zones: &Zones, report: &Report) -> String {
    let others = zones.names.difference(&zones.frames);
    let boxes = zones.frames.iter().chain(others).map(|zone| {
        let mut lines = frame(zone, &inside(file, zones, report, zone));
        lines.extend(leaving(report, zone));
        lines.join("\n")
    });
    boxes.collect::<Vec<_>>().join("\n\n")
}

/// What happens in a zone.
fn inside(file: &PipelineFile, zones: &Zones, report: &Report, zone: &Zone) -> Vec<String> {
    let mut lines = Vec::new();
    if zones.frames.contains(zone) {
        lines.push(format!("frames enter as {}", file.source));
    }
    let open = || {
        report
            .paths
            .iter()
            .filter(|path| path.to == *zone && path.way.open())
    };
    let consumers: BTreeSet<&Consumer> = open().map(|path| &path.consumer).collect();
    for consumer in consumers {
        let taken: BTreeSet<&str> = open()
            .filter(|path| path.consumer == *consumer)
            .map(|path| path.class.as_str())
            .collect();
        let taken = taken.into_iter().collect::<Vec<_>>().join(", ");
        lines.push(match consumer {
            Consumer::Stage(stage) => {
                let yields = file.stages.get(stage).map(|stage| stage.yields.join(", "));
                format!("{taken} --> [{stage}] --> {}", yields.unwrap_or_default())
            }
            other => format!("{taken} --> {other}"),
        });
    }
    lines
}

/// A box around lines, with a name in its upper edge.
fn frame(zone: &Zone, lines: &[String]) -> Vec<String> {
    let name = format!("-- {zone} --");
    let width = lines
        .iter()
        .map(|line| line.chars().count() + 2)
        .chain([name.len()])
        .max()
        .unwrap_or(0);
    let mut framed = vec![format!("+{name:-<width$}+")];
    framed.extend(
        lines
            .iter()
            .map(|line| format!("| {line:<width$}|", width = width - 1)),
    );
    framed.push(format!("+{:-<width$}+", ""));
    framed
}

/// What leaves a zone, as arrows below its box.
fn leaving(report: &Report, zone: &Zone) -> Vec<String> {
    let ways: BTreeSet<(&str, &Zone)> = report
        .paths
        .iter()
        .filter(|path| path.from == *zone && path.way == Way::Leaves)
        .map(|path| (path.class.as_str(), &path.to))
        .collect();
    ways.into_iter()
        .map(|(class, to)| format!("   |\n   +--- {class} ---> {to}"))
        .collect()
}
