//! Measuring.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use footlight_authoring::{Cache, Progress};

use crate::build;
use crate::stages;
use crate::tools;
use crate::workspace::Workspace;

/// What is measured, and where the rows go.
pub struct Options {
    /// Only these sections; all where there is none.
    pub only: Vec<String>,
    /// A file for the rows.
    pub json: Option<PathBuf>,
}

impl Options {
    fn measures(&self, section: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == section)
    }
}

/// Builds what is measured, and the program that measures, and runs it.
pub fn run(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    options: &Options,
) -> Result<ExitCode> {
    stages::build_shipped(workspace, cache, progress)?;
    build::host(workspace, progress)?;
    let mut command =
        std::process::Command::new(workspace.host().with_file_name("footlight-bench"));
    command.env("FOOTLIGHT_CACHE", cache.root());
    for (name, folder) in [
        ("--workspace", workspace.root.clone()),
        ("--stages", workspace.stages()),
        ("--photos", cache.path("photos")),
        ("--peers", cache.path("peers")),
    ] {
        command.arg(name).arg(folder);
    }
    if let Some(data) = workspace.shared_data() {
        command.env("FOOTLIGHT_SHARED_DATA", data);
    }
    if options.measures("deploy") {
        match tools::for_deployment(cache, progress) {
            Ok(tools) => {
                command.env("PATH", tools.path);
                command.arg("--bases").arg(tools.bases);
            }
            Err(error) => progress.line("missing", &format!("{error:#}")),
        }
    }
    for section in &options.only {
        command.arg("--only").arg(section);
    }
    if let Some(file) = &options.json {
        command.arg("--json").arg(file);
    }
    let status = command.status().context("cannot run footlight-bench")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
