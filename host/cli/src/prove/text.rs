//! The proof for people.

use footlight_boundary::{Report, Way};
use footlight_pipeline::Class;

use super::{Proof, drawing};
use crate::{inspect, table};

impl Proof {
    /// All of it: the drawing, every way, what each stage reaches, and what follows.
    pub(super) fn as_text(&self) -> String {
        let mistakes = self.mistakes();
        let name = &self.file.name;
        let mut parts = vec![match mistakes.len() {
            0 if self.report.is_some() => {
                format!("{name}: no image leaves its zone, and what leaves is bounded")
            }
            0 => format!(
                "{name}: there are no zones in this file, so that all of it runs on one host, and only answers leave that"
            ),
            _ => format!("{name}: this is no proof, as something must be changed"),
        }];
        if !mistakes.is_empty() {
            parts.push(listed(&mistakes));
        }
        // Where names or rules are wrong, no way was gone.
        let gone = self
            .report
            .as_ref()
            .filter(|report| !report.paths.is_empty());
        if let (Some(zones), Some(report)) = (&self.file.zones, gone) {
            parts.push(drawing::draw(&self.file, zones, report));
            parts.push(format!("Every way that data can take\n\n{}", ways(report)));
        }
        parts.push(format!("What each stage can reach\n\n{}", self.reach()));
        if let Some(report) = self.report.as_ref().filter(|_| mistakes.is_empty()) {
            parts.push(format!("Why no image leaves\n\n{}", self.reasons()));
            parts.push(format!(
                "What may leave, and how much there is room for\n\n{}",
                bounds(report)
            ));
            parts.push(format!(
                "What to know\n\n{}",
                listed(&self.cautions(report))
            ));
        }
        parts.join("\n\n")
    }

    fn reach(&self) -> String {
        let rows = self.components.iter().map(|(name, found)| match found {
            Err(_) => vec![name.clone(), "-".to_owned(), "not known".to_owned()],
            Ok((inspection, _)) => vec![
                name.clone(),
                table::short(&inspection.digest),
                inspect::limits(inspection).to_owned(),
            ],
        });
        table::table(&["stage", "component", "reaches"], &[], rows.collect())
    }

    /// The argument. Each sentence is of something that is checked, and says where.
    fn reasons(&self) -> String {
        let classes = self.file.classes.iter();
        let images = classes.filter(|(_, class)| matches!(class, Class::Image { .. }));
        let images: Vec<String> = images.map(|(name, _)| format!("`{name}`")).collect();
        listed(&[
            format!(
                "The classes {} are images. No rule can let one leave: a host refuses to send an image to another zone, \
                 whatever its file says. Wherever one is made, a stage that takes it has a place there (see the ways).",
                images.join(", ")
            ),
            "A stage reaches nothing but its host (see above, read from the components themselves). What it makes of a \
             picture comes out as items of the classes that it may yield, or as words in the host's log."
                .to_owned(),
            "An item that leaves is what its rule says and no bit more: its type, its shape, its fields, its ranges; numbers \
             are rounded by the host, texts are labels that the host knows. It is checked where it leaves and again where \
             it arrives."
                .to_owned(),
        ])
    }

    fn cautions(&self, report: &Report) -> Vec<String> {
        let mut cautions: Vec<String> = report
            .notes
            .iter()
            .map(|note| {
                let bound = report.bounds.iter();
                let bound = bound
                    .filter(|bound| bound.class == note.yields && bound.from == note.zone)
                    .map(|bound| bound.bits_per_second)
                    .max()
                    .unwrap_or(0);
                format!(
                    "`{}` in `{}` sees `{}` and yields `{}`, which may leave. If its author meant harm, it could write what it \
                     sees into that: up to {} bits a second from each host, and not more.",
                    note.stage,
                    note.zone,
                    note.sees,
                    note.yields,
                    table::count(bound)
                )
            })
            .collect();
        let loaders = self.components.iter().filter(|(name, _)| self.loads(name));
        cautions.extend(loaders.map(|(name, _)| {
            format!("`{name}` may load models of its own, which a native library reads: what that could do is not bounded here.")
        }));
        cautions.push(
            "Logs, answers and whatever else leaves a host by other ways than items are not in this proof; nor is what a \
             feature tells of a face, nor what the time and the order of items tell: docs/boundary.md."
                .to_owned(),
        );
        cautions
    }
}

fn ways(report: &Report) -> String {
    let rows = report.paths.iter().map(|path| {
        vec![
            path.class.clone(),
            path.from.to_string(),
            path.to.to_string(),
            path.consumer.to_string(),
            match &path.way {
                Way::Stays => "stays".to_owned(),
                Way::Leaves => "leaves, by its rule".to_owned(),
                Way::Closed(why) => format!("closed: {why}"),
            },
        ]
    });
    let headings = ["class", "made in", "goes to", "taken by", "way"];
    table::table(&headings, &[], rows.collect())
}

fn bounds(report: &Report) -> String {
    let rows = report.bounds.iter().map(|bound| {
        let to: Vec<String> = bound.to.iter().map(ToString::to_string).collect();
        vec![
            bound.class.clone(),
            format!("{} to {}", bound.from, to.join(", ")),
            table::count(bound.bits_per_item),
            table::count(bound.per_frame.into()),
            table::count(bound.per_second.into()),
            table::count(bound.bits_per_second),
        ]
    });
    let headings = [
        "class",
        "from",
        "bits an item",
        "items a frame",
        "items a second",
        "bits a second",
    ];
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return "Nothing.".to_owned();
    }
    let right = headings.get(2..).unwrap_or_default();
    let mut text = table::table(&headings, right, rows);
    text.push_str("\nfrom each host that sends\n");
    for bound in &report.bounds {
        text.push_str(&format!("\n{}: {}", bound.class, bound.form));
    }
    text
}

fn listed(lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("- {line}"));
    lines.collect::<Vec<_>>().join("\n")
}
