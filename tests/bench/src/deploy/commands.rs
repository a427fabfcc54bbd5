//! The host's command line and interface for artifacts, as this section uses them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::host::footlight;
use crate::load;

/// Puts a pipeline with its stages, of this folder, and its models into a repository; its digest.
pub fn push(file: &Path, stages: &Path, registry: &str, reference: &str) -> Result<String> {
    let output = footlight()?
        .args(["pipeline", "push"])
        .arg(file)
        .arg(reference)
        .arg("--stages")
        .arg(stages)
        .args(["--plain-http", registry, "--json"])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`footlight pipeline push` failed: {}",
            said.lines().next().unwrap_or_default()
        );
    }
    let said: Value = serde_json::from_slice(&output.stdout)
        .context("`footlight pipeline push --json` prints no JSON")?;
    let digest = said.get("digest").and_then(Value::as_str);
    Ok(digest
        .context("`footlight pipeline push --json` says no digest")?
        .to_owned())
}

/// The words behind `footlight` that run a pipeline from a registry, with all that it keeps below a folder.
pub fn run(
    registry: &str,
    reference: &str,
    folder: &str,
    openvino: &str,
    listen: &str,
) -> Vec<String> {
    [
        "run",
        reference,
        "--plain-http",
        registry,
        "--store",
        &format!("{folder}/store"),
        "--gallery",
        &format!("{folder}/gallery"),
        "--openvino",
        openvino,
        "--listen",
        listen,
    ]
    .map(str::to_owned)
    .into()
}

/// The variable that says where a host keeps what it has compiled.
pub fn keeping(command: &mut Command, folder: &Path) {
    command.env("FOOTLIGHT_CACHE", folder.join("cache"));
}

/// Tells a host to change to another version; it has when this returns.
pub fn swap(base: &str, pipeline: &str, reference: &str) -> Result<()> {
    load::agent()
        .put(format!("{base}/v1/pipelines/{pipeline}"))
        .send_json(json!({ "source": reference }))
        .with_context(|| format!("the host does not change to {reference}"))?;
    Ok(())
}

/// The digest of the pipeline that made an answer.
pub fn version(answer: &Value) -> Option<&str> {
    answer.pointer("/version/pipeline")?.as_str()
}
