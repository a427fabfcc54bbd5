//! A host of ours, as a user starts it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::load;
use crate::places::Places;
use crate::process::Running;

/// The longest that it may take to be ready.
const READY: Duration = Duration::from_secs(120);

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

    /// Starts one for the pipeline of this file and name, with its gallery and its log in `folder`. It is
    /// ready when this returns: a client that comes earlier is told to come again after a second.
    pub fn serving(
        places: &Places,
        file: &Path,
        pipeline: &'static str,
        folder: &Path,
    ) -> Result<Host> {
        let mut command = footlight()?;
        command
            .arg("run")
            .arg(file)
            .args(["--listen", "127.0.0.1:0", "--gallery"])
            .arg(folder)
            .arg("--stages")
            .arg(&places.stages)
            .env("RUST_LOG", "warn");
        Host::of(command, pipeline, &folder.join("host.log"))
    }

    /// Starts one by this command, which serves a pipeline of this name.
    pub fn of(command: Command, pipeline: &'static str, log: &Path) -> Result<Host> {
        let mut process = Running::start(command, log)?;
        let base = process
            .says("listening on ", READY)
            .with_context(|| last_line(log))?;
        let began = Instant::now();
        let agent = load::agent();
        while agent.get(format!("{base}/readyz")).call().is_err() {
            if process.has_ended()? || began.elapsed() > READY {
                bail!("the host did not become ready: {}", last_line(log));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Host {
            process,
            base,
            pipeline,
        })
    }

    /// Where it listens.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where frames go.
    pub fn frames(&self) -> String {
        format!("{}/v1/pipelines/{}/frames", self.base, self.pipeline)
    }

    /// Makes somebody a member.
    pub fn enrol(&self, name: &str, photo: &Path) -> Result<()> {
        enrol(&self.base, name, photo)
    }
}

/// Makes somebody a member at the host that listens there.
pub fn enrol(base: &str, name: &str, photo: &Path) -> Result<()> {
    crate::process::run(
        footlight()?
            .args(["enroll", name])
            .arg(photo)
            .args(["--host", base]),
    )
    .with_context(|| format!("enrolling {name}"))
}

/// The host's program, which is beside this one.
pub fn footlight() -> Result<Command> {
    Ok(Command::new(
        std::env::current_exe()?.with_file_name("footlight"),
    ))
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").to_owned()
}
