//! How often the pipeline takes one person for another.

use crate::host::footlight;
use crate::needs::{Need, trial};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;

pub fn trials() -> Vec<Trial> {
    const NEEDS: &[Need] = &[Need::Host, Need::Stages, Need::Models, Need::Faces];
    vec![trial("accuracy: 100 photos of 10 people", NEEDS, people)]
}

fn people() {
    let folder = tempfile::tempdir().unwrap();
    let (scores, plot) = (
        folder.path().join("scores.csv"),
        folder.path().join("rates.svg"),
    );
    let mut command = footlight();
    command
        .arg("evaluate")
        .arg(places::shared_data().unwrap().join("lfw10"));
    command
        .arg("--pipeline")
        .arg(places::members())
        .arg("--json");
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
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["people"], &report["compared"]),
        (&10.into(), &100.into()),
        "{report}"
    );
    assert_eq!(
        report["pairs"],
        serde_json::json!({"same": 450, "different": 4500})
    );
    assert!(
        report["equal-error"]["rate"].as_f64().unwrap() <= 0.005,
        "{}",
        report["equal-error"]
    );
    assert_eq!(report["default"]["threshold"], 0.42);
    assert_eq!(
        report["default"]["false-matches"], 0,
        "{}",
        report["default"]
    );
    // Two of a hundred at most are not known again at the threshold that lets no stranger in.
    assert!(
        report["default"]["fnmr"].as_f64().unwrap() <= 0.02,
        "{}",
        report["default"]
    );
    let lines = std::fs::read_to_string(scores).unwrap().lines().count();
    assert_eq!(lines, 4950 + 1);
    assert!(std::fs::read_to_string(plot).unwrap().starts_with("<svg"));
}
