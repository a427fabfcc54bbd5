//! What was measured, as a table that people read, and as JSON: `target/e2e/faults.md` and `faults.json`.

use crate::site::root;
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::flow::{Outcome, Sent};

/// What a fault did to frames that went on coming.
#[derive(Debug)]
pub struct Row {
    pub fault: &'static str,
    /// How many hosts serve the stage that was struck besides the one that was.
    pub others: &'static str,
    /// From the cause to when Kubernetes noticed.
    pub noticed: Option<Duration>,
    /// From when Kubernetes noticed (or from the end of the cause, where it notices nothing) to the first frame after which
    /// all were answered right.
    pub back: Duration,
    pub counts: Counts,
}

/// What became of frames.
#[derive(Debug, Default)]
pub struct Counts {
    pub sent: usize,
    pub right: usize,
    pub refused: usize,
    /// Answered with another error than 503.
    pub errors: Vec<String>,
    pub no_connection: usize,
    pub cut_off: usize,
    pub wrong: Vec<String>,
    pub unanswered: usize,
    pub twice: usize,
    /// The longest time in which no frame was sent that was answered right.
    pub gap: Duration,
    /// The slowest right answer.
    pub slowest: Duration,
}

impl Counts {
    pub fn of(sent: &[Sent]) -> Counts {
        let mut counts = Counts {
            sent: sent.len(),
            ..Counts::default()
        };
        let mut frames = Vec::new();
        let mut failing: Option<Instant> = None;
        for one in sent {
            match &one.outcome {
                Outcome::Right { frame, .. } => {
                    counts.right += 1;
                    frames.push(frame);
                    counts.slowest = counts.slowest.max(one.ended - one.began);
                }
                Outcome::Wrong(what) => counts.wrong.push(what.clone()),
                Outcome::Refused { status: 503, .. } => counts.refused += 1,
                Outcome::Refused { status, reason } => {
                    counts.errors.push(format!("{status} {reason}"));
                }
                Outcome::NoConnection => counts.no_connection += 1,
                Outcome::CutOff(_) => counts.cut_off += 1,
                Outcome::Unanswered => counts.unanswered += 1,
                Outcome::AnsweredTwice => counts.twice += 1,
            }
            if one.right() {
                let gap = failing
                    .take()
                    .map_or(Duration::ZERO, |since| one.began - since);
                counts.gap = counts.gap.max(gap);
            } else {
                failing.get_or_insert(one.began);
            }
        }
        // Each answer has a number of its own: two that have the same would be of one frame.
        frames.sort_unstable();
        counts.twice += frames.windows(2).filter(|two| two[0] == two[1]).count();
        counts
    }
}

static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());
static JOINED: Mutex<Option<Value>> = Mutex::new(None);

/// Adds a row, prints it and writes the files.
pub fn add(row: Row) {
    eprintln!("      {}", line(&row));
    ROWS.lock().unwrap().push(row);
    write();
}

/// Prints all of them together, where there are any.
pub fn print() -> Result<(), ()> {
    let rows = ROWS.lock().unwrap();
    let lines: Vec<String> = rows.iter().map(line).collect();
    eprintln!("\n{HEAD}{}\n", lines.join("\n"));
    if rows.is_empty() { Err(()) } else { Ok(()) }
}

/// Says how a new node joined.
pub fn joined(what: Value) {
    *JOINED.lock().unwrap() = Some(what);
    write();
}

const HEAD: &str = "| what happens | who else serves it | Kubernetes notices after | back after that | longest gap | frames | right | \
                    503 | no connection | cut off | wrong | unanswered | answered twice | slowest right answer |\n\
                    |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";

fn line(row: &Row) -> String {
    let seconds = |duration: Duration| format!("{:.1} s", duration.as_secs_f32());
    let counts = &row.counts;
    let noticed = row.noticed.map_or_else(|| "-".to_owned(), seconds);
    format!(
        "| {} | {} | {noticed} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.fault,
        row.others,
        seconds(row.back),
        seconds(counts.gap),
        counts.sent,
        counts.right,
        counts.refused + counts.errors.len(),
        counts.no_connection,
        counts.cut_off,
        counts.wrong.len(),
        counts.unanswered,
        counts.twice,
        seconds(counts.slowest),
    )
}

fn write() {
    let rows = ROWS.lock().unwrap();
    let joined = JOINED.lock().unwrap();
    let seconds = |duration: Duration| (duration.as_secs_f64() * 100.0).round() / 100.0;
    let json_of = |row: &Row| {
        let counts = &row.counts;
        json!({
            "fault": row.fault,
            "others": row.others,
            "noticed-s": row.noticed.map(seconds),
            "back-s": seconds(row.back),
            "gap-s": seconds(counts.gap),
            "sent": counts.sent,
            "right": counts.right,
            "refused-503": counts.refused,
            "other-errors": counts.errors,
            "no-connection": counts.no_connection,
            "cut-off": counts.cut_off,
            "wrong": counts.wrong.len(),
            "unanswered": counts.unanswered,
            "answered-twice": counts.twice,
            "slowest-s": seconds(counts.slowest),
        })
    };
    let all: Vec<Value> = rows.iter().map(json_of).collect();
    let mut text = format!(
        "{HEAD}{}\n",
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    );
    if let Some(joined) = &*joined {
        text.push_str("\nA new node joins:\n\n| | |\n|---|---:|\n");
        for (name, value) in joined.as_object().unwrap() {
            text.push_str(&format!("| {name} | {value} |\n"));
        }
    }
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("faults.md"), text).unwrap();
    let all = json!({"faults": all, "new-node": *joined});
    let all = serde_json::to_string_pretty(&all).unwrap();
    fs::write(folder.join("faults.json"), all).unwrap();
}

fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root().join("target")).join("e2e")
}
