//! What became of photos, as JSON and for people.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};

use crate::answer::{Answer, Face};
use crate::problem::Problem;
use crate::table;

/// What became of one photo.
pub struct Submitted {
    /// Its file.
    pub photo: PathBuf,
    /// The host's answer in full, or why there is none.
    pub result: Result<Value, Problem>,
    /// What is shown of the answer.
    pub answer: Answer,
    /// Why no picture was written, where one was asked for.
    pub not_drawn: Option<anyhow::Error>,
}

/// A photo with the host's answer, or with the problem.
pub fn as_json(submitted: &Submitted) -> Value {
    let photo = submitted.photo.display().to_string();
    match &submitted.result {
        Ok(answer) => json!({"photo": photo, "answer": answer}),
        Err(Problem(error)) => json!({"photo": photo, "error": error}),
    }
}

/// A line a face.
pub fn as_table(all: &[Submitted], stages: &[String]) -> String {
    let steps = steps(all, stages);
    let times: Vec<String> = steps.iter().map(|step| format!("{step} ms")).collect();
    let mut headings = vec![
        "frame",
        "face",
        "verdict",
        "member",
        "similarity",
        "threshold",
    ];
    headings.extend(times.iter().map(String::as_str));
    let mut right = vec!["similarity", "threshold"];
    right.extend(times.iter().map(String::as_str));
    let mut rows = Vec::new();
    for (submitted, frame) in all.iter().zip(short_names(all)) {
        let nothing = [Face::default()];
        let (faces, without) = match (&submitted.result, submitted.answer.faces.as_deref()) {
            (Err(_), _) => (&nothing[..], "refused"),
            (Ok(_), None) => (&nothing[..], "see --json"),
            (Ok(_), Some([])) => (&nothing[..], "no face"),
            (Ok(_), Some(faces)) => (faces, "not judged"),
        };
        for (index, face) in faces.iter().enumerate() {
            // What is the same for all faces of a frame is said with its first.
            let first = index == 0;
            let mut row = vec![if first { frame.clone() } else { String::new() }];
            row.extend(face_cells(face, index, without));
            row.extend(steps.iter().map(|step| {
                let time = submitted.answer.milliseconds.of(step).filter(|_| first);
                time.map_or_else(String::new, |time| format!("{time:.1}"))
            }));
            rows.push(row);
        }
    }
    table::table(&headings, &right, rows)
}

/// What each photo is called in the table: its file name, where no two have the same; else its path.
fn short_names(all: &[Submitted]) -> Vec<String> {
    let file_names: BTreeSet<_> = all
        .iter()
        .map(|submitted| submitted.photo.file_name())
        .collect();
    let names = all
        .iter()
        .map(|submitted| match submitted.photo.file_name() {
            Some(name) if file_names.len() == all.len() => name.to_string_lossy().into_owned(),
            _ => submitted.photo.display().to_string(),
        });
    names.collect()
}

/// The cells face, verdict, member, similarity, threshold; `without` where there is no verdict.
fn face_cells(face: &Face, index: usize, without: &str) -> [String; 5] {
    let number = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |n| format!("{n:.3}"));
    let place = match face.bounds {
        Some(bounds) => format!("{}: {:.0} x {:.0}", index + 1, bounds.width, bounds.height),
        None => "-".to_owned(),
    };
    match &face.verdict {
        Some(verdict) => [
            place,
            if verdict.member {
                "member"
            } else {
                "not a member"
            }
            .to_owned(),
            verdict
                .id
                .clone()
                .filter(|_| verdict.member)
                .unwrap_or_else(|| "-".to_owned()),
            number(verdict.similarity),
            number(verdict.threshold),
        ],
        None => [
            place,
            without.to_owned(),
            "-".into(),
            "-".into(),
            "-".into(),
        ],
    }
}

/// Every step that a host has timed: decoding, the stages in the order in which they run, the total.
fn steps(all: &[Submitted], stages: &[String]) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for (name, _) in all
        .iter()
        .flat_map(|submitted| &submitted.answer.milliseconds.0)
    {
        if !steps.contains(name) {
            steps.push(name.clone());
        }
    }
    steps.sort_by_key(|step| match step.as_str() {
        "decode" => (0, 0),
        "total" => (2, 0),
        _ => (
            1,
            stages
                .iter()
                .position(|stage| stage == step)
                .unwrap_or(stages.len()),
        ),
    });
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submitted(name: &str, answer: &str) -> Submitted {
        Submitted {
            photo: name.into(),
            result: Ok(serde_json::from_str(answer).unwrap()),
            answer: serde_json::from_str(answer).unwrap(),
            not_drawn: None,
        }
    }

    fn refused() -> Submitted {
        Submitted {
            photo: "bad.jpg".into(),
            result: Err(Problem(
                json!({"title": "bad", "status": 400, "detail": "cut off"}),
            )),
            answer: Answer::default(),
            not_drawn: None,
        }
    }

    #[test]
    fn the_table_says_who_is_a_member_and_how_long_it_took() {
        let two = r#"{"faces":[
            {"box":{"x":0,"y":0,"width":40,"height":50},"verdict":{"member":true,"id":"obama","similarity":0.8312,"threshold":0.42}},
            {"box":{"x":0,"y":0,"width":30,"height":35},"verdict":{"member":false,"id":"obama","similarity":0.1,"threshold":0.42}}],
            "milliseconds":{"total":30.25,"assess":5,"detect":20,"decode":1}}"#;
        let all = [
            submitted("a.jpg", two),
            submitted("empty.jpg", r#"{"faces":[]}"#),
            refused(),
        ];
        let text = as_table(&all, &["detect".to_owned(), "assess".to_owned()]);
        let line = |with: &str| text.lines().find(|line| line.contains(with)).unwrap();
        let member = line("a.jpg");
        for part in [
            "1: 40 x 50",
            "member",
            "obama",
            "0.831",
            "0.420",
            "20.0",
            "30.2",
        ] {
            assert!(member.contains(part), "{part} not in {member}");
        }
        let stranger = line("2: 30 x 35");
        assert!(stranger.contains("not a member") && !stranger.contains("obama"));
        assert!(line("empty.jpg").contains("no face"));
        assert!(line("bad.jpg").contains("refused"));
        let headings = line("frame");
        let at = |heading: &str| headings.find(heading).unwrap();
        let order = ["decode ms", "detect ms", "assess ms", "total ms"].map(at);
        assert!(order.is_sorted());
    }

    #[test]
    fn photos_go_by_their_file_names_where_these_differ() {
        let named = |names: [&str; 2]| short_names(&names.map(|name| submitted(name, "{}")));
        assert_eq!(named(["a/x.jpg", "b/y.jpg"]), ["x.jpg", "y.jpg"]);
        assert_eq!(named(["a/x.jpg", "b/x.jpg"]), ["a/x.jpg", "b/x.jpg"]);
    }

    #[test]
    fn json_has_the_hosts_own_words() {
        let json = as_json(&refused());
        assert_eq!(json["photo"], "bad.jpg");
        assert_eq!(json["error"]["detail"], "cut off");
        assert!(json.get("answer").is_none());
        let json = as_json(&submitted("a.jpg", r#"{"faces":[],"extra":1}"#));
        assert_eq!(json["answer"]["extra"], 1);
    }
}
