//! How often the pipeline takes one person for another.

use crate::file;
use crate::host::footlight;
use crate::needs::{Need, trial};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::Path;

pub fn trials() -> Vec<Trial> {
    const NEEDS: &[Need] = &[Need::Host, Need::Stages, Need::Models, Need::Faces];
    const INTEGERS: &[Need] = &[
        Need::Host,
        Need::Stages,
        Need::Models,
        Need::Faces,
        Need::Quantized,
    ];
    vec![
        trial("accuracy: 100 photos of 10 people", NEEDS, people),
        trial(
            "accuracy: 100 photos of 10 people, features of 8-bit integers",
            INTEGERS,
            integers,
        ),
    ]
}

fn people() {
    let report = evaluate(&places::members());
    // Two of a hundred at most are not known again at the threshold that lets no stranger in.
    check(&report, 0.005, 0.02);
}

fn integers() {
    let folder = tempfile::tempdir().unwrap();
    let text = file::members();
    let quantized = text.replace("/fr-feature.toml", "/fr-feature-int8.toml");
    assert_ne!(quantized, text);
    let report = evaluate(&file::write(folder.path(), "members", &quantized));
    // What the card says: its rates are measured, and no one has to believe them.
    check(&report, 0.0005, 0.0067);
}

fn check(report: &Value, most_equal: f64, most_missed: f64) {
    assert_eq!(
        (&report["people"], &report["compared"]),
        (&10.into(), &100.into()),
        "{report}"
    );
    assert_eq!(
        report["pairs"],
        serde_json::json!({"same": 450, "different": 4500})
    );
    let equal = report["equal-error"]["rate"].as_f64().unwrap();
    assert!(equal <= most_equal, "{}", report["equal-error"]);
    let default = &report["default"];
    assert_eq!(default["threshold"], 0.42);
    assert_eq!(default["false-matches"], 0, "{default}");
    assert!(
        default["fnmr"].as_f64().unwrap() <= most_missed,
        "{default}"
    );
}

/// What `footlight evaluate` reports of a pipeline file.
fn evaluate(pipeline: &Path) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (scores, plot) = (
        folder.path().join("scores.csv"),
        folder.path().join("rates.svg"),
    );
    let mut command = footlight();
    command
        .arg("evaluate")
        .arg(places::shared_data().unwrap().join("lfw10"));
    command.arg("--pipeline").arg(pipeline).arg("--json");
    command
        .arg("--scores")
        .arg(&scores)
        .arg("--plot")
        .arg(&plot);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = std::fs::read_to_string(scores).unwrap().lines().count();
    assert_eq!(lines, 4950 + 1);
    assert!(std::fs::read_to_string(plot).unwrap().starts_with("<svg"));
    serde_json::from_slice(&output.stdout).unwrap()
}
