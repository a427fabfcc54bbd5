//! People who are enrolled, photos that are shown, and what a host must say to them.

use crate::pods::{Forward, Pod};
use serde_json::Value;
use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};

const ENROLLED: [(&str, &str); 2] = [("obama", "people/obama.jpg"), ("biden", "people/biden.jpg")];

/// Other photos of them, of a stranger, and of nobody.
const SHOWN: [(&str, &[Option<&str>]); 5] = [
    ("people/obama2.jpg", &[Some("obama")]),
    ("people/obama3.jpg", &[Some("obama")]),
    ("people/biden.jpg", &[Some("biden")]),
    ("others/astronaut.png", &[None]),
    ("others/coffee.png", &[]),
];

/// Makes them members at a host.
pub fn enrol(pod: &Pod) {
    let forward = Forward::to(pod).unwrap();
    for (name, file) in ENROLLED {
        let mut command = footlight(&["enroll", name, "--host", &forward.url]);
        let output = command.arg(photo(file)).output().unwrap();
        assert!(output.status.success(), "{}: {}", pod.node, words(&output));
    }
}

/// Makes them nobody at a host, whoever enrolled them.
pub fn forget(pod: &Pod) {
    let forward = Forward::to(pod).unwrap();
    for (name, _) in ENROLLED {
        // It fails where somebody is no member, which is as well.
        let _ = footlight(&["forget", name, "--host", &forward.url]).output();
    }
}

/// Shows a host all photos, for which it must find the members, and nobody else.
pub fn right_verdicts(pod: &Pod) -> Result<(), String> {
    for ((file, expected), found) in SHOWN.iter().zip(verdicts(pod)?) {
        let expected: Vec<_> = expected.iter().map(|id| id.map(str::to_owned)).collect();
        // A wrong verdict is never a matter of patience.
        assert_eq!(found, expected, "{file} at {}", pod.node);
    }
    Ok(())
}

/// Shows a host all photos, in which it must know nobody, as nobody was enrolled there.
pub fn knows_nobody(pod: &Pod) -> Result<(), String> {
    let known: Vec<String> = verdicts(pod)?.into_iter().flatten().flatten().collect();
    assert!(known.is_empty(), "{} knows {known:?}", pod.node);
    Ok(())
}

/// Who is found in each photo: members by their name, strangers without.
fn verdicts(pod: &Pod) -> Result<Vec<Vec<Option<String>>>, String> {
    let forward = Forward::to(pod)?;
    let mut command = footlight(&["submit", "--json", "--host", &forward.url]);
    let output = command.args(SHOWN.map(|(file, _)| photo(file))).output();
    let output = output.unwrap();
    if !output.status.success() {
        return Err(words(&output));
    }
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), SHOWN.len());
    let id = |face: &Value| {
        let verdict = &face["verdict"];
        let id = verdict["id"].as_str().map(str::to_owned);
        id.filter(|_| verdict["member"] == true)
    };
    let of_one = |answer: &Value| {
        let faces = answer["answer"]["faces"].as_array().unwrap();
        faces.iter().map(id).collect()
    };
    Ok(answers.iter().map(of_one).collect())
}

fn footlight(arguments: &[&str]) -> Command {
    let program = env::var_os("FOOTLIGHT_BIN").expect("no FOOTLIGHT_BIN");
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn photo(file: &str) -> PathBuf {
    let cache = env::var_os("FOOTLIGHT_CACHE").expect("no FOOTLIGHT_CACHE");
    PathBuf::from(cache).join("photos").join(file)
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
