//! A host of ours, as a user starts it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::places::Places;
use crate::process::Running;

/// A host that serves a pipeline.
pub struct Host {
    /// The running program.
    pub process: Running,
    base: String,
    pipeline: &'static str,
}

impl Host {
    /// Starts one for the pipeline of members.
    pub fn start(places: &Places, folder: &Path) -> Result<Host> {
        Host::serving(places, &places.pipeline_file(), "members", folder)
    }

    /// Starts one for the pipeline of this file and name, with its gallery and its log in `folder`. It has
    /// printed its address when this returns.
    pub fn serving(
        places: &Places,
        file: &Path,
        pipeline: &'static str,
        folder: &Path,
    ) -> Result<Host> {
        let program = std::env::current_exe()?.with_file_name("footlight");
        let mut command = Command::new(program);
        command
            .arg("run")
            .arg(file)
            .args(["--listen", "127.0.0.1:0", "--gallery"])
            .arg(folder)
            .arg("--stages")
            .arg(&places.stages)
            .env("RUST_LOG", "warn");
        let mut process = Running::start(command, &folder.join("host.log"))?;
        let base = process.says("listening on ", Duration::from_secs(120))?;
        Ok(Host {
            process,
            base,
            pipeline,
        })
    }

    /// Where frames go.
    pub fn frames(&self) -> String {
        format!("{}/v1/pipelines/{}/frames", self.base, self.pipeline)
    }

    /// Makes somebody a member.
    pub fn enrol(&self, name: &str, photo: &Path) -> Result<()> {
        let program = std::env::current_exe()?.with_file_name("footlight");
        crate::process::run(
            Command::new(program)
                .args(["enroll", name])
                .arg(photo)
                .args(["--host", &self.base]),
        )
        .with_context(|| format!("enrolling {name}"))
    }
}
