//! Whether a pipeline and what is said of its zones go together.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::Pipeline;
use crate::report::{Bound, Finding, Report, Way};
use crate::rules::Layout;
use crate::trace::{Trace, list};
use crate::{Form, Plan, Rule, Zone};

/// Goes every way that an item could take.
///
/// Who sends an item chooses among the zones where its stage may run, and never one where it may not go. So a way that
/// is closed is no mistake as long as another is open; a class that is stuck somewhere is, and so is a place of a stage
/// that nothing can come to. The first mistakes of a kind hide others: names, then rules, then ways.
pub fn check(pipeline: &Pipeline, layout: &Layout) -> Report {
    let mut report = Report {
        findings: names(pipeline, layout),
        paths: Vec::new(),
        notes: Vec::new(),
        bounds: Vec::new(),
        plan: None,
    };
    if !report.findings.is_empty() {
        return report;
    }
    let rules = match rules(pipeline, layout) {
        Ok(rules) => rules,
        Err(findings) => {
            report.findings = findings;
            return report;
        }
    };
    let placement: BTreeMap<String, BTreeSet<Zone>> = pipeline
        .stages
        .iter()
        .map(|stage| {
            let named = layout.placement.get(&stage.name);
            let places = named.unwrap_or(&layout.zones.names).clone();
            (stage.name.clone(), places)
        })
        .collect();
    let mut trace = Trace {
        pipeline,
        frames: &layout.zones.frames,
        placement: &placement,
        rules: &rules,
        paths: BTreeSet::new(),
        notes: BTreeSet::new(),
        findings: Vec::new(),
    };
    trace.run();
    let (paths, notes, findings) = (trace.paths, trace.notes, trace.findings);
    report.paths = paths.into_iter().collect();
    report.notes = notes.into_iter().collect();
    report.findings = findings;
    let leaving = report.paths.iter().filter(|path| path.way == Way::Leaves);
    let open: BTreeSet<(String, Zone, Zone)> = leaving
        .map(|path| (path.class.clone(), path.from.clone(), path.to.clone()))
        .collect();
    report.bounds = bounds(&rules, &open);
    if report.findings.is_empty() {
        report.plan = Some(Plan {
            zones: layout.zones.names.clone(),
            placement,
            classes: pipeline.classes.clone(),
            rules,
            open,
        });
    }
    report
}

fn finding(class: Option<&str>, why: String, change: impl Into<String>) -> Finding {
    Finding {
        consumer: None,
        class: class.map(str::to_owned),
        from: None,
        to: Vec::new(),
        why,
        change: change.into(),
    }
}

/// Names that nothing has.
fn names(pipeline: &Pipeline, layout: &Layout) -> Vec<Finding> {
    let zones = &layout.zones;
    let mut findings = Vec::new();
    if zones.names.is_empty() {
        findings.push(finding(
            None,
            "[zones] has no zone".to_owned(),
            "name them all: names = [\"...\"]",
        ));
    }
    if zones.frames.is_empty() {
        let change = "say where: frames = [\"...\"]";
        findings.push(finding(
            None,
            "[zones] does not say where frames enter".to_owned(),
            change,
        ));
    }
    let mut known = |place: String, named: &BTreeSet<Zone>| {
        for zone in named.difference(&zones.names) {
            let why =
                format!("{place} names the zone `{zone}`, which is not among `names` in [zones]");
            let known = list(&zones.names);
            findings.push(finding(
                None,
                why,
                format!("add it there, or take one of {known}"),
            ));
        }
    };
    known("`frames` in [zones]".to_owned(), &zones.frames);
    for (stage, places) in &layout.placement {
        known(format!("[placement] of `{stage}`"), places);
    }
    for (class, rule) in &layout.boundary {
        known(format!("`from` in [boundary.{class}]"), &rule.from);
        known(format!("`to` in [boundary.{class}]"), &rule.to);
    }
    for (stage, places) in &layout.placement {
        if !pipeline.stages.iter().any(|known| known.name == *stage) {
            let why =
                format!("[placement] names the stage `{stage}`, which the pipeline does not have");
            findings.push(finding(
                None,
                why,
                format!("add [stages.{stage}], or take it away"),
            ));
        } else if places.is_empty() {
            let why = format!("[placement] gives the stage `{stage}` no zone");
            findings.push(finding(
                None,
                why,
                "name one, or leave it out to let it run in all",
            ));
        }
    }
    for (class, rule) in &layout.boundary {
        let section = format!("[boundary.{class}]");
        if !pipeline.classes.contains_key(class) {
            let why = format!("{section} is for a class that the pipeline does not have");
            findings.push(finding(
                Some(class),
                why,
                format!("add [classes.{class}], or take it away"),
            ));
        }
        if rule.from.is_empty() || rule.to.is_empty() {
            let why = format!("{section} lets nothing leave, as its `from` or its `to` is empty");
            findings.push(finding(
                Some(class),
                why,
                "name zones in both, or take it away",
            ));
        }
    }
    findings
}

/// The form that each rule gives to its class.
fn rules(
    pipeline: &Pipeline,
    layout: &Layout,
) -> Result<BTreeMap<String, (Form, Rule)>, Vec<Finding>> {
    let mut rules = BTreeMap::new();
    let mut findings = Vec::new();
    for (name, rule) in &layout.boundary {
        let Some(class) = pipeline.classes.get(name) else {
            continue;
        };
        match Form::new(name, class, rule) {
            Ok(form) => {
                rules.insert(name.clone(), (form, rule.clone()));
            }
            Err(flaw) => {
                let why = format!("[boundary.{name}]: {}", flaw.why);
                findings.push(finding(Some(name), why, flaw.change));
            }
        }
    }
    if findings.is_empty() {
        Ok(rules)
    } else {
        Err(findings)
    }
}

/// How much may leave each zone.
fn bounds(
    rules: &BTreeMap<String, (Form, Rule)>,
    open: &BTreeSet<(String, Zone, Zone)>,
) -> Vec<Bound> {
    let mut ways: BTreeMap<(&String, &Zone), Vec<Zone>> = BTreeMap::new();
    for (class, from, to) in open {
        ways.entry((class, from)).or_default().push(to.clone());
    }
    ways.into_iter()
        .filter_map(|((class, from), to)| {
            let (form, rule) = rules.get(class)?;
            // At most 65,536, see `form`.
            let bits_per_item = form.bits().ceil() as u64;
            Some(Bound {
                class: class.clone(),
                from: from.clone(),
                to,
                form: form.to_string(),
                bits_per_item,
                per_frame: rule.per_frame.get(),
                per_second: rule.per_second.get(),
                bits_per_second: bits_per_item.saturating_mul(u64::from(rule.per_second.get())),
            })
        })
        .collect()
}
