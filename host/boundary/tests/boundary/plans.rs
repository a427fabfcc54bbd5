//! What holds for every plan, over many placements and rules that are drawn by chance, the same at each run.

use crate::members::{VERDICT, pipeline, rule, zone};
use footlight_boundary::{
    Class, Consumer, Layout, Path, Pipeline, Report, Way, Zone, Zones, check,
};
use std::collections::{BTreeMap, BTreeSet};

const ZONES: [&str; 3] = ["site", "edge", "cloud"];
const ROUNDS: u64 = 4000;

/// Numbers by chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// Some of the zones, at least one.
    fn some(&mut self) -> Vec<&'static str> {
        loop {
            let some: Vec<_> = ZONES.into_iter().filter(|_| self.below(2) == 0).collect();
            if !some.is_empty() {
                return some;
            }
        }
    }

    fn layout(&mut self) -> Layout {
        let set = |names: Vec<&str>| names.into_iter().map(zone).collect::<BTreeSet<Zone>>();
        let mut placement = BTreeMap::new();
        let frames = self.some();
        for stage in ["detect", "features", "verify"] {
            let places = match self.below(8) {
                0 => continue,
                // Most pipelines have some sense.
                1..6 if stage != "verify" => frames.clone(),
                _ => self.some(),
            };
            placement.insert(stage.to_owned(), set(places));
        }
        let mut boundary = BTreeMap::new();
        for (class, more) in [("feature", "quantise = \"i8\""), ("verdict", VERDICT)] {
            if self.below(5) > 0 {
                boundary.insert(class.to_owned(), rule(&self.some(), &self.some(), more));
            }
        }
        // Now and then somebody tries.
        if self.below(20) == 0 {
            boundary.insert("crop".to_owned(), rule(&self.some(), &self.some(), ""));
        }
        Layout {
            zones: Zones {
                names: set(ZONES.to_vec()),
                frames: set(frames),
            },
            placement,
            boundary,
        }
    }
}

fn leaving(report: &Report) -> BTreeSet<&Path> {
    report
        .paths
        .iter()
        .filter(|path| path.way == Way::Leaves)
        .collect()
}

/// Whether a frame that enters somewhere can get stuck, found by walking, not by sets: an item at a time.
fn can_stick(pipeline: &Pipeline, layout: &Layout, entry: &Zone, class: &str, at: &Zone) -> bool {
    let may = |to: &Zone| {
        let rule = layout.boundary.get(class);
        let image = pipeline.classes[class] == Class::Image;
        at == to
            || (!image && rule.is_some_and(|rule| rule.from.contains(at) && rule.to.contains(to)))
    };
    // Faces and verdicts are told of where the frame came in.
    if ["crop", "verdict"].contains(&class) && !may(entry) {
        return true;
    }
    let mut takers = pipeline.stages.iter().filter(|stage| stage.input == class);
    takers.any(|stage| {
        let places = layout
            .placement
            .get(&stage.name)
            .unwrap_or(&layout.zones.names);
        let open: Vec<&Zone> = places.iter().filter(|to| may(to)).collect();
        open.is_empty()
            || open.iter().any(|to| {
                stage
                    .yields
                    .iter()
                    .any(|made| can_stick(pipeline, layout, entry, made, to))
            })
    })
}

#[test]
fn no_plan_lets_an_image_out_or_gets_a_frame_stuck() {
    let (mut chance, pipeline) = (Chance(1), pipeline());
    let mut accepted = 0;
    for _ in 0..ROUNDS {
        let layout = chance.layout();
        let report = check(&pipeline, &layout);
        assert_eq!(report.plan.is_some(), report.findings.is_empty());
        for path in &leaving(&report) {
            assert_ne!(pipeline.classes[&path.class], Class::Image, "{path:?}");
        }
        let Some(plan) = &report.plan else { continue };
        accepted += 1;
        for entry in &layout.zones.frames {
            assert!(
                !can_stick(&pipeline, &layout, entry, "frame", entry),
                "{layout:?}"
            );
        }
        for (class, from, to) in ["frame", "crop"].iter().flat_map(|class| {
            ZONES
                .iter()
                .flat_map(move |from| ZONES.iter().map(move |to| (class, from, to)))
        }) {
            assert_eq!(plan.may_go(class, &zone(from), &zone(to)), from == to);
        }
    }
    assert!(
        accepted > 100,
        "only {accepted} were accepted: the others show nothing"
    );
}

#[test]
fn what_is_refused_is_wrong() {
    let (mut chance, pipeline) = (Chance(2), pipeline());
    let mut stuck = 0;
    for _ in 0..ROUNDS {
        let layout = chance.layout();
        let findings = check(&pipeline, &layout).findings;
        // The gallery aside, which the walk does not know: what cannot go anywhere is seen by walking, too.
        let for_frames = findings.iter().any(|finding| {
            finding.from.is_some()
                && finding
                    .consumer
                    .as_ref()
                    .is_some_and(|consumer| *consumer != Consumer::Gallery)
        });
        if for_frames {
            stuck += 1;
            let mut entries = layout.zones.frames.iter();
            assert!(
                entries.any(|entry| can_stick(&pipeline, &layout, entry, "frame", entry)),
                "{findings:#?}"
            );
        }
    }
    assert!(stuck > 1000, "{stuck}");
}

#[test]
fn fewer_rules_never_let_more_out() {
    let (mut chance, pipeline) = (Chance(3), pipeline());
    for _ in 0..ROUNDS {
        let mut layout = chance.layout();
        layout.boundary.remove("crop");
        let before = check(&pipeline, &layout);
        for class in ["feature", "verdict"] {
            let mut fewer = layout.clone();
            fewer.boundary.remove(class);
            let after = check(&pipeline, &fewer);
            assert!(leaving(&after).is_subset(&leaving(&before)), "{layout:?}");
            let mut narrower = layout.clone();
            if let Some(rule) = narrower.boundary.get_mut(class) {
                rule.to.remove(&zone(ZONES[chance.below(3) as usize]));
                let after = check(&pipeline, &narrower);
                assert!(leaving(&after).is_subset(&leaving(&before)), "{layout:?}");
            }
        }
    }
}
