//! What came of the scenes: a table for people, JSON for programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use super::scenes::{Face as Expected, Scene};
use super::verdict::{Answer, Face};

/// Columns before those of milliseconds.
const COLUMNS: [&str; 7] = [
    "frame",
    "face",
    "verdict",
    "member",
    "similarity",
    "threshold",
    "right",
];

/// The results, in the order of the scenes.
#[derive(Default)]
pub struct Report {
    results: Vec<Shown>,
}

struct Shown {
    scene: &'static Scene,
    frame: PathBuf,
    annotated: PathBuf,
    submitted: Value,
    answer: Result<Answer, String>,
}

impl Report {
    /// Adds what the client said about a scene's frame.
    pub fn add(&mut self, scene: &'static Scene, frame: &Path, folder: &Path, submitted: Value) {
        let answer = Answer::read(&submitted);
        let annotated = folder.join(scene.name).with_extension("png");
        self.results.push(Shown {
            scene,
            frame: frame.to_owned(),
            annotated,
            submitted,
            answer,
        });
    }

    /// Whether every verdict is right.
    pub fn is_right(&self) -> bool {
        self.results.iter().all(Shown::is_right)
    }

    /// One line for each frame that is not right.
    pub fn wrong(&self) -> Vec<String> {
        self.results
            .iter()
            .filter(|shown| !shown.is_right())
            .map(Shown::complaint)
            .collect()
    }

    /// A row for each face.
    pub fn table(&self) -> Table {
        let steps = self.steps();
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let times = steps.iter().map(|step| format!("{step} ms"));
        table.set_header(COLUMNS.iter().map(|&column| column.to_owned()).chain(times));
        for index in 4..COLUMNS.len() + steps.len() {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for shown in &self.results {
            for row in shown.rows(&steps) {
                table.add_row(row);
            }
        }
        table
    }

    /// Everything, for programs.
    pub fn json(&self, url: &str) -> Result<String> {
        let frames: Vec<Value> = self.results.iter().map(Shown::json).collect();
        Ok(serde_json::to_string_pretty(
            &json!({"host": url, "right": self.is_right(), "frames": frames}),
        )?)
    }

    /// The steps that were timed: decoding first, the sum last, stages in between.
    fn steps(&self) -> Vec<String> {
        let answers = self
            .results
            .iter()
            .filter_map(|shown| shown.answer.as_ref().ok());
        let names: BTreeSet<&String> = answers
            .flat_map(|answer| answer.milliseconds.keys())
            .collect();
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        names.sort_by_key(|name| match name.as_str() {
            "decode" => 0,
            "total" => 2,
            _ => 1,
        });
        names
    }
}

impl Shown {
    fn is_right(&self) -> bool {
        self.answer
            .as_ref()
            .is_ok_and(|answer| answer.is(self.scene.expected))
    }

    fn complaint(&self) -> String {
        let expected: Vec<String> = self.scene.expected.iter().map(expected_in_words).collect();
        let expected = if expected.is_empty() {
            "no face".to_owned()
        } else {
            expected.join(", ")
        };
        let found = match &self.answer {
            Ok(answer) if answer.faces.is_empty() => "no face was found".to_owned(),
            Ok(answer) => {
                answer
                    .faces
                    .iter()
                    .map(found_in_words)
                    .collect::<Vec<_>>()
                    .join(", ")
                    + " found"
            }
            Err(problem) => problem.clone(),
        };
        format!(
            "{} ({}): {found}, but it shows {expected}",
            self.scene.name, self.scene.shows
        )
    }

    fn rows(&self, steps: &[String]) -> Vec<Vec<String>> {
        let right = if self.is_right() { "yes" } else { "NO" };
        let row = |face: &str, verdict: &str, rest: [String; 3], times: Vec<String>| {
            let words = [self.scene.name, face, verdict].map(str::to_owned);
            [words.to_vec(), rest.to_vec(), vec![right.to_owned()], times].concat()
        };
        let answer = match &self.answer {
            Ok(answer) => answer,
            Err(_) => return vec![row("-", "refused", Default::default(), Vec::new())],
        };
        let milliseconds = |step: &String| answer.milliseconds.get(step);
        let times: Vec<String> = steps
            .iter()
            .map(|step| milliseconds(step).map_or_else(String::new, |time| format!("{time:.1}")))
            .collect();
        if answer.faces.is_empty() {
            return vec![row("-", "no face", Default::default(), times)];
        }
        let mut rows = Vec::new();
        for (index, face) in answer.faces.iter().enumerate() {
            let verdict = &face.verdict;
            let number =
                |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
            let member = if verdict.member {
                verdict.id.clone().unwrap_or_default()
            } else {
                "-".to_owned()
            };
            let rest = [
                member,
                number(verdict.similarity),
                number(verdict.threshold),
            ];
            // The times are the frame's: they stand in the row of its first face.
            let times = if index == 0 {
                times.clone()
            } else {
                Vec::new()
            };
            rows.push(row(
                &(index + 1).to_string(),
                if verdict.member { "member" } else { "stranger" },
                rest,
                times,
            ));
        }
        rows
    }

    fn json(&self) -> Value {
        json!({
            "name": self.scene.name,
            "shows": self.scene.shows,
            "made-of": self.scene.photos,
            "members": self.scene.members,
            "frame": self.frame,
            "annotated": self.annotated,
            "expected": self.scene.expected.iter().map(expected_as_json).collect::<Vec<_>>(),
            "right": self.is_right(),
            "answer": self.submitted.get("answer"),
            "error": self.submitted.get("error"),
        })
    }
}

fn expected_in_words(face: &Expected) -> String {
    match face {
        Expected::Member(name) => format!("the member {name}"),
        Expected::Stranger => "a stranger".to_owned(),
    }
}

fn expected_as_json(face: &Expected) -> Value {
    match face {
        Expected::Member(name) => json!({"member": true, "id": name}),
        Expected::Stranger => json!({"member": false}),
    }
}

fn found_in_words(face: &Face) -> String {
    match (face.verdict.member, &face.verdict.id) {
        (true, Some(id)) => format!("the member {id}"),
        (true, None) => "a member without a name".to_owned(),
        (false, _) => "a stranger".to_owned(),
    }
}
