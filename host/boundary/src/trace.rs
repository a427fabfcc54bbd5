//! All ways that items can take.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::{Class, Pipeline};
use crate::report::{Consumer, Finding, Note, Path, Way};
use crate::{Form, Rule, Zone};

/// Follows items from wherever frames enter.
pub(crate) struct Trace<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) frames: &'a BTreeSet<Zone>,
    pub(crate) placement: &'a BTreeMap<String, BTreeSet<Zone>>,
    pub(crate) rules: &'a BTreeMap<String, (Form, Rule)>,
    pub(crate) paths: BTreeSet<Path>,
    pub(crate) notes: BTreeSet<Note>,
    pub(crate) findings: Vec<Finding>,
}

/// Where items of each class are made.
type Made = BTreeMap<String, BTreeSet<Zone>>;

impl Trace<'_> {
    /// Follows the frames of each zone by themselves: what is possible for one may not be for another.
    pub(crate) fn run(&mut self) {
        self.between_gates();
        for entry in self.frames {
            self.follow(entry);
        }
        if self.findings.is_empty() {
            self.find_idle();
        }
    }

    fn follow(&mut self, entry: &Zone) {
        let pipeline = self.pipeline;
        let mut made = Made::new();
        // Classes, by zone, whose items may hold what an image holds, as no form has been put on them since.
        let mut full: BTreeSet<(String, Zone)> = BTreeSet::new();
        let source = pipeline.source.clone();
        full.insert((source.clone(), entry.clone()));
        made.insert(source, BTreeSet::from([entry.clone()]));
        // Until nothing more is made: the order in which stages are listed does not matter.
        loop {
            let before: usize = made.values().map(BTreeSet::len).sum::<usize>() + full.len();
            for stage in &pipeline.stages {
                let placed = self.placement.get(&stage.name);
                for zone in placed.into_iter().flatten() {
                    let inputs = made.get(&stage.input).into_iter().flatten();
                    if !inputs
                        .clone()
                        .any(|from| self.way(&stage.input, from, zone).open())
                    {
                        continue;
                    }
                    let sees = full.contains(&(stage.input.clone(), zone.clone()));
                    for class in &stage.yields {
                        made.entry(class.clone()).or_default().insert(zone.clone());
                        if sees {
                            full.insert((class.clone(), zone.clone()));
                        }
                    }
                }
            }
            if before == made.values().map(BTreeSet::len).sum::<usize>() + full.len() {
                break;
            }
        }
        for (consumer, class, places) in self.consumers(entry) {
            self.take(&made, &consumer, &class, &places);
        }
        self.take_back(&made);
        self.note(&full);
    }

    /// Templates that one gate has let in are looked at by the gates of other zones, where a rule lets them: they are
    /// what an enrolment there must differ from. Where none does, each gate knows those of its own zone.
    fn between_gates(&mut self) {
        let Some(gallery) = &self.pipeline.gallery else {
            return;
        };
        let class = &gallery.template;
        for from in self.frames {
            for to in self.frames {
                if self.way(class, from, to) == Way::Leaves {
                    self.paths.insert(Path {
                        class: class.clone(),
                        from: from.clone(),
                        consumer: Consumer::Gate,
                        to: to.clone(),
                        way: Way::Leaves,
                    });
                }
            }
        }
    }

    /// What is told of items goes back the way that they came: to the zone that sent them, and on from there.
    fn take_back(&mut self, made: &Made) {
        let (pipeline, told) = (self.pipeline, self.pipeline.told());
        for stage in &pipeline.stages {
            let senders = made.get(&stage.input).into_iter().flatten();
            let places = self.placement.get(&stage.name).into_iter().flatten();
            let hops: Vec<(&Zone, &Zone)> = senders
                .flat_map(|from| places.clone().map(move |zone| (from, zone)))
                .filter(|(from, zone)| from != zone && self.way(&stage.input, from, zone).open())
                .collect();
            for class in pipeline.made_after(stage).intersection(&told) {
                for (sender, zone) in &hops {
                    let here = Made::from([(class.clone(), BTreeSet::from([(*zone).clone()]))]);
                    let back = BTreeSet::from([(*sender).clone()]);
                    self.take(&here, &Consumer::Answer, class, &back);
                }
            }
        }
    }

    /// Who takes what, and where, for the frames of a zone.
    fn consumers(&self, entry: &Zone) -> Vec<(Consumer, String, BTreeSet<Zone>)> {
        let here = BTreeSet::from([entry.clone()]);
        let places = |stage: &str| self.placement.get(stage).cloned().unwrap_or_default();
        let mut all = Vec::new();
        for stage in &self.pipeline.stages {
            let consumer = Consumer::Stage(stage.name.clone());
            all.push((consumer, stage.input.clone(), places(&stage.name)));
        }
        for class in self.pipeline.told() {
            all.push((Consumer::Answer, class, here.clone()));
        }
        if let Some(gallery) = &self.pipeline.gallery {
            all.push((Consumer::Gate, gallery.face.clone(), here.clone()));
            let users = self.pipeline.stages.iter();
            let users = users.filter(|stage| stage.models.contains(&gallery.model));
            let places: BTreeSet<Zone> = users.flat_map(|stage| places(&stage.name)).collect();
            let places = if places.is_empty() { here } else { places };
            all.push((Consumer::Gallery, gallery.template.clone(), places));
        }
        all
    }

    /// Whether items of a class may go from one zone to another.
    pub(crate) fn way(&self, class: &str, from: &Zone, to: &Zone) -> Way {
        if from == to {
            return Way::Stays;
        }
        // Images are never asked of rules.
        if self.pipeline.classes.get(class) == Some(&Class::Image) {
            return Way::Closed(format!(
                "`{class}` is an image, and no image leaves its zone"
            ));
        }
        let rule = self.rules.get(class);
        if rule.is_some_and(|(_, rule)| rule.from.contains(from) && rule.to.contains(to)) {
            return Way::Leaves;
        }
        Way::Closed(format!("no rule lets `{class}` leave `{from}` for `{to}`"))
    }

    /// Every way to one who takes items; a finding for each zone out of which there is none.
    fn take(&mut self, made: &Made, consumer: &Consumer, class: &str, places: &BTreeSet<Zone>) {
        for from in made.get(class).into_iter().flatten() {
            let ways: Vec<Path> = places
                .iter()
                .map(|to| Path {
                    class: class.to_owned(),
                    from: from.clone(),
                    consumer: consumer.clone(),
                    to: to.clone(),
                    way: self.way(class, from, to),
                })
                .collect();
            if !ways.iter().any(|path| path.way.open()) {
                let finding = self.stuck(consumer, class, from, places);
                if !self.findings.contains(&finding) {
                    self.findings.push(finding);
                }
            }
            self.paths.extend(ways);
        }
    }

    fn stuck(
        &self,
        consumer: &Consumer,
        class: &str,
        from: &Zone,
        places: &BTreeSet<Zone>,
    ) -> Finding {
        let image = self.pipeline.classes.get(class) == Some(&Class::Image);
        let makers = self.pipeline.stages.iter();
        let makers = makers.filter(|stage| stage.yields.contains(class));
        let makers: Vec<String> = makers.map(|stage| format!("`{}`", stage.name)).collect();
        let here = match (consumer, makers.is_empty()) {
            (Consumer::Stage(stage), _) => format!("let `{stage}` run in `{from}` ([placement])"),
            (_, false) => format!(
                "let {} run in {} ([placement])",
                makers.join(", "),
                list(places)
            ),
            (_, true) => format!("let frames enter in {} ([zones])", list(places)),
        };
        let why = if image {
            format!("`{class}` is an image, and no image leaves its zone")
        } else {
            "no rule lets it".to_owned()
        };
        let change = if image {
            format!("{here}, or call these zones one, if all in them may be seen in both")
        } else {
            format!(
                "{here}, or let it leave: [boundary.{class}] with from = [\"{from}\"] and to = [{}]",
                places
                    .iter()
                    .map(|zone| format!("\"{zone}\""))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        Finding {
            consumer: Some(consumer.clone()),
            class: Some(class.to_owned()),
            from: Some(from.clone()),
            to: places.iter().cloned().collect(),
            why: format!(
                "items of class `{class}` that are made in `{from}` cannot go to {consumer}, which is in {}: {why}",
                list(places)
            ),
            change,
        }
    }

    /// Stages that could hide what they see in what may leave.
    fn note(&mut self, full: &BTreeSet<(String, Zone)>) {
        for stage in &self.pipeline.stages {
            let places = self.placement.get(&stage.name).into_iter().flatten();
            for zone in places.filter(|zone| full.contains(&(stage.input.clone(), (*zone).clone())))
            {
                for class in &stage.yields {
                    let leaves = self.paths.iter().any(|path| {
                        path.class == *class && path.from == *zone && path.way == Way::Leaves
                    });
                    if leaves {
                        self.notes.insert(Note {
                            stage: stage.name.clone(),
                            zone: zone.clone(),
                            sees: stage.input.clone(),
                            yields: class.clone(),
                        });
                    }
                }
            }
        }
    }

    /// Places of stages that nothing can come to: more is allowed there than is wanted, or something was forgotten.
    fn find_idle(&mut self) {
        for stage in &self.pipeline.stages {
            let consumer = Consumer::Stage(stage.name.clone());
            let reached: BTreeSet<&Zone> = self
                .paths
                .iter()
                .filter(|path| path.consumer == consumer && path.way.open())
                .map(|path| &path.to)
                .collect();
            if reached.is_empty() {
                // What it takes is never made, as stages before it have no place; that is said already, or it is so.
                continue;
            }
            let places = self.placement.get(&stage.name).into_iter().flatten();
            for zone in places.filter(|zone| !reached.contains(zone)) {
                let input = &stage.input;
                self.findings.push(Finding {
                    consumer: Some(consumer.clone()),
                    class: Some(input.clone()),
                    from: None,
                    to: vec![zone.clone()],
                    why: format!(
                        "the stage `{}` may run in `{zone}`, where no item of class `{input}` can come",
                        stage.name
                    ),
                    change: format!(
                        "write [placement] {} = [{}]",
                        stage.name,
                        reached
                            .iter()
                            .map(|zone| format!("\"{zone}\""))
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                });
            }
        }
    }
}

impl Way {
    /// Whether an item may go.
    pub fn open(&self) -> bool {
        !matches!(self, Self::Closed(_))
    }
}

/// `a`, `b`, as people read it.
pub(crate) fn list(zones: &BTreeSet<Zone>) -> String {
    let names: Vec<String> = zones.iter().map(|zone| format!("`{zone}`")).collect();
    names.join(", ")
}
