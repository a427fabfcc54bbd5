//! Each mistake is one finding that says what to change.

use crate::members::{VERDICT, layout, pipeline, rule, zone, zones};
use footlight_boundary::{Class, Consumer, Element, Layout, Pipeline, Report, Way, check};

/// The only finding of members with something changed.
#[track_caller]
fn finds(change: impl FnOnce(&mut Pipeline, &mut Layout), words: &[&str]) {
    let (mut pipeline, mut layout) = (pipeline(), layout());
    change(&mut pipeline, &mut layout);
    let report = check(&pipeline, &layout);
    assert_eq!(report.plan, None);
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    let said = report.findings[0].to_string();
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn names_that_nothing_has() {
    finds(
        |_, it| it.zones.frames = zones(&["dock"]),
        &["`frames` in [zones]", "`dock`", "`cloud`, `site`"],
    );
    finds(
        |_, it| it.zones.frames.clear(),
        &["does not say where frames enter", "frames = "],
    );
    finds(
        |_, it| drop(it.placement.insert("detekt".to_owned(), zones(&["site"]))),
        &["the stage `detekt`", "[stages.detekt]"],
    );
    finds(
        |_, it| drop(it.placement.insert("verify".to_owned(), zones(&[]))),
        &["`verify` no zone"],
    );
    finds(
        |_, it| drop(it.placement.insert("verify".to_owned(), zones(&["moon"]))),
        &["`verify`", "`moon`"],
    );
    finds(
        |_, it| {
            drop(
                it.boundary
                    .insert("fature".to_owned(), rule(&["site"], &["cloud"], "")),
            )
        },
        &["[boundary.fature]", "add [classes.fature]"],
    );
    finds(
        |_, it| it.boundary.get_mut("feature").unwrap().to = zones(&["moon"]),
        &["`to` in [boundary.feature]", "`moon`"],
    );
    finds(
        |_, it| it.boundary.get_mut("feature").unwrap().from.clear(),
        &["lets nothing leave"],
    );
}

#[test]
fn rules_that_let_out_what_has_no_form() {
    finds(
        |_, it| {
            drop(
                it.boundary
                    .insert("crop".to_owned(), rule(&["site"], &["cloud"], "")),
            )
        },
        &[
            "[boundary.crop]",
            "is an image, and no rule lets an image leave",
            "are one zone",
        ],
    );
    let tensor = |element, shape: &[u32]| Class::Tensor {
        element,
        shape: shape.to_vec(),
    };
    let declare = |class: Class| {
        move |it: &mut Pipeline, _: &mut Layout| {
            drop(it.classes.insert("feature".to_owned(), class))
        }
    };
    finds(
        declare(tensor(Element::F32, &[0, 512])),
        &["a dimension of 0 stands for any", "[classes.feature]"],
    );
    finds(
        declare(tensor(Element::F16, &[1, 512])),
        &["rounds numbers of f32", "take `quantise` away"],
    );
    finds(
        declare(tensor(Element::F32, &[4, 128])),
        &["one vector", "is 4"],
    );
    finds(declare(Class::Document), &["`quantise` rounds vectors"]);
    finds(
        |it, to| {
            it.classes
                .insert("feature".to_owned(), tensor(Element::U8, &[1, 3, 112, 112]));
            to.boundary.get_mut("feature").unwrap().quantise = None;
        },
        &["301056 bits", "65536 are the most", "may be a picture"],
    );
    finds(
        |_, it| {
            let upside_down = "[fields]\nx = { kind = \"number\", min = 1.0, max = nan }";
            it.boundary.insert(
                "verdict".to_owned(),
                rule(&["cloud"], &["site"], upside_down),
            );
        },
        &["[boundary.verdict]", "`x`", "finite numbers"],
    );
}

#[test]
fn what_is_stuck_and_where_nothing_comes() {
    finds(
        |_, it| {
            drop(
                it.placement
                    .insert("features".to_owned(), zones(&["cloud"])),
            )
        },
        &[
            "class `crop`",
            "made in `site`",
            "`features`",
            "`cloud`",
            "no image leaves",
            "let `features` run in `site`",
        ],
    );
    finds(
        |_, it| drop(it.boundary.remove("verdict")),
        &[
            "class `verdict`",
            "the answer",
            "[boundary.verdict] with from = [\"cloud\"] and to = [\"site\"]",
        ],
    );
    finds(
        |_, it| drop(it.placement.remove("detect")),
        &[
            "`detect` may run in `cloud`",
            "no item of class `frame`",
            "[placement] detect = [\"site\"]",
        ],
    );
}

#[test]
fn a_feature_without_a_rule_is_stuck_for_its_stage_and_for_the_gallery() {
    let mut layout = layout();
    layout.boundary.remove("feature");
    let report = check(&pipeline(), &layout);
    let stuck: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.consumer.clone().unwrap())
        .collect();
    assert_eq!(
        stuck,
        [Consumer::Stage("verify".to_owned()), Consumer::Gallery]
    );
    let said = report.into_plan().unwrap_err().to_string();
    assert_eq!(said.lines().count(), 2, "{said}");
}

#[test]
fn every_way_is_told_with_who_could_hide_something_in_it() {
    let Report {
        paths,
        notes,
        bounds,
        plan,
        ..
    } = check(&pipeline(), &layout());
    let plan = plan.unwrap();
    let leave: Vec<_> = paths
        .iter()
        .filter(|path| path.way == Way::Leaves)
        .map(|path| format!("{} {} {}", path.class, path.from, path.to))
        .collect();
    // A feature goes to the stage, and when somebody is enrolled to the gallery.
    assert_eq!(
        leave,
        [
            "feature site cloud",
            "feature site cloud",
            "verdict cloud site"
        ]
    );
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(
        (notes[0].stage.as_str(), notes[0].yields.as_str()),
        ("features", "feature")
    );
    assert_eq!(bounds.len(), 2);
    assert_eq!(bounds[0].bits_per_second, bounds[0].bits_per_item * 10);
    assert!(bounds[0].bits_per_item < 512 * 8, "{bounds:?}");
    // A flag, 1000 ids, 201 similarities, each of which may be absent.
    assert_eq!(
        bounds[1].bits_per_item,
        (3.0 * 1001.0 * 202.0_f64).log2().ceil() as u64
    );

    assert_eq!(plan.may_run("verify", "cloud"), Ok(()));
    let refusal = plan.may_run("features", "cloud").unwrap_err();
    assert!(
        refusal.to_string().contains(
            "`features` may not run in the zone `cloud`: the pipeline places it in `site`"
        )
    );
    assert!(
        plan.may_run("features", "moon")
            .unwrap_err()
            .to_string()
            .contains("there is no zone `moon`")
    );
    assert!(
        plan.may_run("spy", "cloud")
            .unwrap_err()
            .to_string()
            .contains("no such stage")
    );
    assert!(plan.may_go("feature", &zone("site"), &zone("cloud")));
    assert!(!plan.may_go("feature", &zone("cloud"), &zone("site")));
    assert!(plan.may_go("crop", &zone("site"), &zone("site")));
}

#[test]
fn two_sites_do_not_see_each_other_s_frames() {
    let mut layout = layout();
    let sites = zones(&["east", "west"]);
    layout.zones.names = zones(&["cloud", "east", "west"]);
    layout.zones.frames = sites.clone();
    for stage in ["detect", "features"] {
        layout.placement.insert(stage.to_owned(), sites.clone());
    }
    layout.boundary.get_mut("feature").unwrap().from = sites.clone();
    layout.boundary.get_mut("verdict").unwrap().to = sites;
    let report = check(&pipeline(), &layout);
    assert_eq!(report.findings, []);
    let between = report
        .paths
        .iter()
        .find(|path| path.class == "crop" && path.from != path.to);
    assert!(matches!(&between.unwrap().way, Way::Closed(why) if why.contains("image")));
    // With features in one of them, the other's faces have nowhere to go.
    layout
        .placement
        .insert("features".to_owned(), zones(&["east"]));
    let report = check(&pipeline(), &layout);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert_eq!(report.findings[0].from, Some(zone("west")));
}

#[test]
fn members_of_one_site_are_known_to_the_gate_of_another_where_a_rule_lets_them() {
    let mut layout = layout();
    let sites = zones(&["east", "west"]);
    layout.zones.names = sites.clone();
    layout.zones.frames = sites.clone();
    layout.placement.clear();
    layout.boundary.clear();
    // Each site for itself holds, too.
    let plan = check(&pipeline(), &layout).into_plan().unwrap();
    assert!(!plan.may_go("feature", &zone("east"), &zone("west")));
    for stage in ["detect", "features", "verify"] {
        layout.placement.insert(stage.to_owned(), sites.clone());
    }
    layout
        .placement
        .insert("verify".to_owned(), zones(&["east"]));
    layout
        .boundary
        .insert("verdict".to_owned(), rule(&["east"], &["west"], VERDICT));
    let both = rule(&["east", "west"], &["east", "west"], "quantise = \"i8\"");
    layout.boundary.insert("feature".to_owned(), both);
    let report = check(&pipeline(), &layout);
    // Nothing verifies in the west; its gate still has to know who is enrolled in the east, and that is said.
    let gate = report.paths.iter().find(|path| {
        path.consumer == Consumer::Gate && path.class == "feature" && path.from == zone("east")
    });
    assert_eq!(gate.map(|path| &path.way), Some(&Way::Leaves));
    let east = |note: &&footlight_boundary::Note| note.zone == zone("east");
    assert!(
        report
            .notes
            .iter()
            .any(|note| east(&note) && note.yields == "feature")
    );
    let bounded = |bound: &footlight_boundary::Bound| bound.from == zone("east");
    assert!(report.bounds.iter().any(bounded));
    let plan = report.into_plan().unwrap();
    assert!(plan.may_go("feature", &zone("east"), &zone("west")));
}

#[test]
fn a_tensor_that_never_left_its_zone_may_hold_an_image_too() {
    let mut pipeline = pipeline();
    // Two stages that work together: the first hides the frame in a tensor, the second sends it on.
    let stage = |name: &str, input: &str, yields: &str| footlight_boundary::Stage {
        name: name.to_owned(),
        input: input.to_owned(),
        yields: [yields.to_owned()].into(),
        models: Default::default(),
    };
    pipeline.classes.insert("map".to_owned(), Class::Document);
    pipeline.stages.push(stage("hide", "frame", "map"));
    pipeline.stages.push(stage("send", "map", "feature"));
    let mut layout = layout();
    for name in ["hide", "send"] {
        layout.placement.insert(name.to_owned(), zones(&["site"]));
    }
    let report = check(&pipeline, &layout);
    assert_eq!(report.findings, []);
    let noted: Vec<_> = report
        .notes
        .iter()
        .map(|note| note.stage.as_str())
        .collect();
    assert_eq!(noted, ["features", "send"]);
}

#[test]
fn what_is_told_goes_back_the_way_that_its_item_came() {
    let (pipeline, mut layout) = (pipeline(), layout());
    // Detection at the site, features at the edge of the network, verification in the cloud.
    let mut pipeline = pipeline;
    pipeline.classes.insert(
        "crop".to_owned(),
        Class::Tensor {
            element: Element::U8,
            shape: vec![1, 64],
        },
    );
    pipeline.gallery = None;
    layout.zones.names = zones(&["site", "edge", "cloud"]);
    layout
        .placement
        .insert("features".to_owned(), zones(&["edge"]));
    layout
        .placement
        .insert("verify".to_owned(), zones(&["cloud"]));
    layout
        .boundary
        .insert("crop".to_owned(), rule(&["site"], &["edge"], ""));
    layout.boundary.get_mut("feature").unwrap().from = zones(&["edge"]);
    // Straight home is not the way that a verdict takes.
    let report = check(&pipeline, &layout);
    assert_eq!(report.plan, None);
    let hops: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            (
                finding.class.clone().unwrap(),
                finding.from.clone(),
                finding.to.clone(),
            )
        })
        .collect();
    let hop = |from, to| ("verdict".to_owned(), Some(zone(from)), vec![zone(to)]);
    assert_eq!(hops, [hop("cloud", "edge"), hop("edge", "site")]);
    let verdict = layout.boundary.get_mut("verdict").unwrap();
    (verdict.from, verdict.to) = (zones(&["cloud", "edge"]), zones(&["edge", "site"]));
    let report = check(&pipeline, &layout);
    assert_eq!(report.findings, []);
    let plan = report.plan.unwrap();
    assert!(plan.may_go("verdict", &zone("cloud"), &zone("edge")));
    assert!(plan.may_go("verdict", &zone("edge"), &zone("site")));
}
