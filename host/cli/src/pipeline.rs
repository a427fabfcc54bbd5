//! `footlight pipeline`: which version of each pipeline of a host runs, and changing it.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::args::{ChangeArgs, ListArgs, UseArgs};
use crate::client::{self, Client};
use crate::exit::Outcome;
use crate::problem::Problem;
use crate::{output, table};

/// Lists the pipelines of a host.
pub fn list(args: &ListArgs) -> Result<Outcome> {
    let pipelines = client::list(&Client::new(&args.host)?.get("/v1/pipelines")?, "pipelines")?;
    if args.json {
        output::json(&pipelines)?;
    } else {
        output::line(as_table(&pipelines))?;
        let refusals = pipelines.iter().filter_map(refusal);
        for refusal in refusals.chain(pipelines.iter().filter_map(gallery_refusal)) {
            output::note(refusal);
        }
    }
    Ok(Outcome::Done)
}

/// Switches to what the pipeline's source has now.
pub fn reload(args: &ChangeArgs) -> Result<Outcome> {
    change(args, &json!({"reload": true}))
}

/// Switches to what another source has.
pub fn use_source(args: &UseArgs) -> Result<Outcome> {
    change(&args.change, &json!({"source": args.source}))
}

fn change(args: &ChangeArgs, body: &Value) -> Result<Outcome> {
    let (client, path) = (Client::new(&args.host)?, path(&args.name));
    tell(args, &in_turn(|| client.put_json(&path, body))?)
}

/// Goes back to the version that ran before.
pub fn roll_back(args: &ChangeArgs) -> Result<Outcome> {
    let client = Client::new(&args.host)?;
    let path = format!("{}/rollback", path(&args.name));
    tell(args, &in_turn(|| client.post(&path))?)
}

fn path(name: &str) -> String {
    format!("/v1/pipelines/{}", client::segment(name))
}

/// Tries again for as long as the version is being changed already, for half a minute: a host that watches
/// may have begun by itself with what this was typed for.
fn in_turn(request: impl Fn() -> Result<String>) -> Result<String> {
    let mut pauses = 120;
    loop {
        let answer = request();
        let problem = answer.as_ref().err();
        let problem = problem.and_then(|error| error.downcast_ref::<Problem>());
        let busy = problem.is_some_and(|problem| problem.reason() == Some("swap-in-progress"));
        if pauses == 0 || !busy {
            return answer;
        }
        pauses -= 1;
        thread::sleep(Duration::from_millis(250));
    }
}

fn tell(args: &ChangeArgs, answer: &str) -> Result<Outcome> {
    let attempt: Value = serde_json::from_str(answer).context("the host's answer is no JSON")?;
    if args.json {
        output::json(&attempt)?;
    } else {
        output::line(sentence(&args.name, &attempt))?;
    }
    Ok(Outcome::Done)
}

fn sentence(name: &str, attempt: &Value) -> String {
    let text = |key| attempt.get(key).and_then(Value::as_str).unwrap_or("?");
    let version = short(text("version"));
    match text("outcome") {
        "unchanged" => format!("{name} runs {version} already"),
        _ => {
            let took = attempt.get("milliseconds").and_then(Value::as_f64);
            let took = took.map_or_else(String::new, |ms| format!(" (ready in {ms:.0} ms)"));
            format!("{name} runs {version} from {} now{took}", text("source"))
        }
    }
}

fn as_table(pipelines: &[Value]) -> String {
    let headings = [
        "pipeline",
        "ready",
        "version",
        "source",
        "previous",
        "last attempt",
    ];
    table::table(&headings, &[], pipelines.iter().map(cells).collect())
}

fn cells(pipeline: &Value) -> Vec<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("-").to_owned();
    let digest = |value: Option<&Value>| short(&text(value));
    let ready = pipeline.get("ready").and_then(Value::as_bool);
    let last = last_attempt(pipeline);
    vec![
        text(pipeline.get("name")),
        if ready == Some(true) { "yes" } else { "no" }.to_owned(),
        digest(
            pipeline
                .get("version")
                .and_then(|version| version.get("pipeline")),
        ),
        text(pipeline.get("source")),
        digest(pipeline.get("previous")),
        last.map_or_else(
            || "-".to_owned(),
            |last| {
                format!(
                    "{} by {}",
                    text(last.get("outcome")),
                    text(last.get("cause"))
                )
            },
        ),
    ]
}

/// Why the last gallery was refused that a pipeline follows, where it was.
fn gallery_refusal(pipeline: &Value) -> Option<String> {
    let last = last_attempt(pipeline.get("follows")?)?;
    let (name, reason) = (
        pipeline.get("name")?.as_str()?,
        last.get("reason")?.as_str()?,
    );
    Some(format!(
        "footlight: the last gallery for {name} was refused, and the one before it goes on: {reason}"
    ))
}

fn last_attempt(pipeline: &Value) -> Option<&Value> {
    pipeline.get("attempts")?.as_array()?.first()
}

/// Why the last version of a pipeline was refused, where it was.
fn refusal(pipeline: &Value) -> Option<String> {
    let last = last_attempt(pipeline)?;
    let (name, reason) = (
        pipeline.get("name")?.as_str()?,
        last.get("reason")?.as_str()?,
    );
    Some(format!(
        "footlight: the last version of {name} was refused: {reason}"
    ))
}

/// The first 12 digits of a digest.
fn short(digest: &str) -> String {
    table::short(digest.strip_prefix("sha256:").unwrap_or(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_shown_with_its_version_and_why_another_was_refused() {
        let pipeline = json!({
            "name": "members", "ready": true, "source": "members.toml",
            "version": {"pipeline": "sha256:0123456789abcdef", "stages": {}, "models": {}},
            "attempts": [{"outcome": "refused", "cause": "change", "reason": "no such model"},
                         {"outcome": "switched", "cause": "request"}],
            "follows": {"source": "oci:site", "attempts": [{"outcome": "refused", "reason": "other key"}]}});
        let text = as_table(std::slice::from_ref(&pipeline));
        for part in [
            "members",
            "yes",
            "0123456789ab ",
            "members.toml",
            "refused by change",
        ] {
            assert!(text.contains(part), "{part} not in\n{text}");
        }
        let refusal = refusal(&pipeline).unwrap();
        assert!(
            refusal.contains("members was refused: no such model"),
            "{refusal}"
        );
        let of_gallery = gallery_refusal(&pipeline).unwrap();
        assert!(
            of_gallery.contains("for members was refused") && of_gallery.contains("other key"),
            "{of_gallery}"
        );
        assert!(as_table(&[json!({"name": "bare"})]).contains("bare"));
    }

    #[test]
    fn an_attempt_is_told_in_a_sentence() {
        let attempt = json!({"outcome": "switched", "version": "sha256:0123456789abcdef",
            "source": "p.toml", "milliseconds": 41.7});
        assert_eq!(
            sentence("p", &attempt),
            "p runs 0123456789ab from p.toml now (ready in 42 ms)"
        );
        let same = json!({"outcome": "unchanged", "version": "sha256:0123456789abcdef"});
        assert_eq!(sentence("p", &same), "p runs 0123456789ab already");
    }
}
