//! People who are enrolled, photos that are shown, and what a host must say to them.

use crate::pods::{Forward, Pod};
use serde_json::Value;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

pub const ENROLLED: [(&str, &str); 2] =
    [("obama", "people/obama.jpg"), ("biden", "people/biden.jpg")];

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
        // A wrong verdict is never a matter of patience.
        assert_eq!(found, named(expected), "{file} at {}", pod.node);
    }
    Ok(())
}

/// The same right after somebody was enrolled on another host, which is a matter of patience.
pub fn verdicts_by_now(pod: &Pod) -> Result<(), String> {
    let mut pairs = SHOWN.iter().zip(verdicts(pod)?);
    match pairs.find(|((_, expected), found)| *found != named(expected)) {
        Some(((file, _), found)) => Err(format!("{found:?} in {file} at {}", pod.node)),
        None => Ok(()),
    }
}

/// The same for whom nobody may know, right after the last was forgotten.
pub fn nobody_by_now(pod: &Pod) -> Result<(), String> {
    let known: Vec<String> = verdicts(pod)?.into_iter().flatten().flatten().collect();
    if known.is_empty() {
        Ok(())
    } else {
        Err(format!("{known:?} are known"))
    }
}

/// What a host says that takes no frames.
pub fn refused(pod: &Pod) -> String {
    verdicts(pod).expect_err("it takes frames")
}

fn named(expected: &[Option<&str>]) -> Vec<Option<String>> {
    expected.iter().map(|id| id.map(str::to_owned)).collect()
}

/// What a host says of its pipelines.
pub fn pipelines(pod: &Pod) -> String {
    let forward = Forward::to(pod).unwrap();
    let mut command = footlight(&["pipeline", "list", "--json", "--host", &forward.url]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    String::from_utf8(output.stdout).unwrap()
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
    let found = answers.iter().map(|answer| found(&answer["answer"]));
    Ok(found.collect())
}

/// Who is found in a photo, as the answer to it says.
pub fn found(answer: &Value) -> Vec<Option<String>> {
    let id = |face: &Value| {
        let verdict = &face["verdict"];
        let id = verdict["id"].as_str().map(str::to_owned);
        id.filter(|_| verdict["member"] == true)
    };
    let faces = answer["faces"].as_array().unwrap();
    faces.iter().map(id).collect()
}

/// Photos with a face, each with who must be found in it.
pub fn shown() -> impl Iterator<Item = (Vec<u8>, &'static [Option<&'static str>])> {
    let with_faces = SHOWN.into_iter().filter(|(_, who)| !who.is_empty());
    with_faces.map(|(file, who)| (fs::read(photo(file)).unwrap(), who))
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
