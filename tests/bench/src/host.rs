//! A host of ours, as a user starts it.

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
        let base = process.says("listening on ", READY)?;
        let began = Instant::now();
        let agent = load::agent();
        while agent.get(format!("{base}/readyz")).call().is_err() {
            if process.has_ended()? || began.elapsed() > READY {
                bail!(
                    "the host did not become ready: see its log in {}",
                    folder.display()
                );
            }
            thread::sleep(Duration::from_millis(5));
        }
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
