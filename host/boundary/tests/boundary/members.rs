//! Member verification, over two zones.

use footlight_boundary::{Class, Element, Gallery, Layout, Pipeline, Rule, Stage, Zone, Zones};
use std::collections::{BTreeMap, BTreeSet};

pub fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

pub fn zones(names: &[&str]) -> BTreeSet<Zone> {
    names.iter().map(|name| zone(name)).collect()
}

fn stage(name: &str, input: &str, yields: &str, model: &str) -> Stage {
    Stage {
        name: name.to_owned(),
        input: input.to_owned(),
        yields: BTreeSet::from([yields.to_owned()]),
        models: BTreeSet::from([model.to_owned()]),
    }
}

pub fn pipeline() -> Pipeline {
    let feature = Class::Tensor {
        element: Element::F32,
        shape: vec![1, 512],
    };
    let classes = [
        ("frame", Class::Image),
        ("crop", Class::Image),
        ("feature", feature),
        ("verdict", Class::Document),
    ];
    Pipeline {
        source: "frame".to_owned(),
        classes: classes.map(|(name, class)| (name.to_owned(), class)).into(),
        stages: vec![
            stage("verify", "feature", "verdict", "gallery"),
            stage("detect", "frame", "crop", "retinaface"),
            stage("features", "crop", "feature", "fr-feature"),
        ],
        answer: BTreeSet::from(["crop".to_owned()]),
        gallery: Some(Gallery {
            template: "feature".to_owned(),
            face: "crop".to_owned(),
            model: "gallery".to_owned(),
        }),
    }
}

pub fn rule(from: &[&str], to: &[&str], more: &str) -> Rule {
    let text = format!("from = {from:?}\nto = {to:?}\nper-frame = 3\nper-second = 10\n{more}");
    toml::from_str(&text).unwrap()
}

pub const VERDICT: &str = r#"
[fields]
member = { kind = "flag" }
id = { kind = "label", model = "gallery", at-most = 1000 }
similarity = { kind = "number", min = -1.0, max = 1.0, steps = 200 }
"#;

/// Detection and features at the site, verification in the cloud.
pub fn layout() -> Layout {
    let placed = [
        ("detect", "site"),
        ("features", "site"),
        ("verify", "cloud"),
    ];
    Layout {
        zones: Zones {
            names: zones(&["site", "cloud"]),
            frames: zones(&["site"]),
        },
        placement: placed
            .map(|(stage, place)| (stage.to_owned(), zones(&[place])))
            .into(),
        boundary: BTreeMap::from([
            (
                "feature".to_owned(),
                rule(&["site"], &["cloud"], "quantise = \"i8\""),
            ),
            ("verdict".to_owned(), rule(&["cloud"], &["site"], VERDICT)),
        ]),
    }
}
