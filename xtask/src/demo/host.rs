//! A host of our own, on a free port, with a gallery that goes when it goes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use footlight_authoring::process::{in_words, last_lines, output};
use footlight_authoring::{Cache, Progress};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::workspace::Workspace;

/// Time for loading the runtime, the models and the stages on a slow machine.
const START: Duration = Duration::from_secs(120);
/// Time for finishing what it holds.
const STOP: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// A running host; it is told to stop when this is dropped.
pub struct Host {
    program: PathBuf,
    child: Child,
    url: String,
    log: PathBuf,
    _gallery: TempDir,
}

impl Host {
    /// Starts the host with the pipeline of members, and waits until it listens. Its log goes to a file in `folder`.
    pub fn start(
        workspace: &Workspace,
        cache: &Cache,
        progress: &Progress,
        folder: &Path,
    ) -> Result<Host> {
        let gallery = tempfile::Builder::new()
            .prefix("footlight-gallery-")
            .tempdir()?;
        let log = folder.join("host.log");
        let program = workspace.host();
        let mut command = Command::new(&program);
        command
            .current_dir(&workspace.root)
            .env("FOOTLIGHT_CACHE", cache.root());
        command
            .args([
                "run",
                "guests/members.toml",
                "--listen",
                "127.0.0.1:0",
                "--gallery",
            ])
            .arg(gallery.path());
        command.arg("--stages").arg(workspace.stages());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let step = progress.begin("starting", "the host", None);
        let child = command
            .spawn()
            .with_context(|| format!("cannot run `{}`", in_words(&command)))?;
        let mut host = Host {
            program,
            child,
            url: String::new(),
            log,
            _gallery: gallery,
        };
        host.url = host
            .first_words()
            .with_context(|| format!("`{}`", in_words(&command)))?;
        step.done("started");
        Ok(host)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes somebody a member.
    pub fn enrol(&self, name: &str, photos: &[PathBuf]) -> Result<()> {
        let mut command = self.client();
        output(
            command
                .args(["enroll", name])
                .args(photos)
                .args(["--host", &self.url]),
        )?;
        Ok(())
    }

    /// Submits frames; what the client's JSON has for each. The annotated pictures go to `folder`.
    pub fn submit(&self, frames: &[&Path], folder: &Path) -> Result<Vec<Value>> {
        let mut command = self.client();
        command
            .arg("submit")
            .args(frames)
            .args(["--host", &self.url, "--json", "--annotate"])
            .arg(folder);
        // It fails where a frame failed, and says in its JSON which and why.
        let said = command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run `{}`", in_words(&command)))?;
        serde_json::from_slice(&said.stdout).map_err(|_| {
            anyhow!(
                "`{}` gave no JSON:\n{}",
                in_words(&command),
                last_lines(&String::from_utf8_lossy(&said.stderr))
            )
        })
    }

    /// Waits until the user stops us or the host ends by itself.
    pub fn wait(&mut self, stopped: &AtomicBool) -> Result<()> {
        while !stopped.load(Ordering::Relaxed) {
            if let Some(status) = self.child.try_wait()? {
                bail!("{}", self.ended(status));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Tells it to stop and waits for it.
    pub fn stop(mut self) -> Result<()> {
        self.terminate();
        match self.child.try_wait()? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("{}", self.ended(status)),
            None => bail!(
                "the host did not stop within {} s of SIGTERM",
                STOP.as_secs()
            ),
        }
    }

    fn client(&self) -> Command {
        Command::new(&self.program)
    }

    fn terminate(&mut self) {
        let until = Instant::now() + STOP;
        if !matches!(self.child.try_wait(), Ok(None))
            || kill_process(Pid::from_child(&self.child), Signal::TERM).is_err()
        {
            return;
        }
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(POLL);
        }
    }

    /// The address, from the line that the host prints when it is ready.
    fn first_words(&mut self) -> Result<String> {
        let stdout = self.child.stdout.take().context("the host has no output")?;
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the host never finds its output closed.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("listening on ") {
                    let _ = sender.send(url.trim().to_owned());
                }
            }
        });
        match receiver.recv_timeout(START) {
            Ok(url) => Ok(url),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!(
                    "the host does not listen after {} s\n{}",
                    START.as_secs(),
                    self.log_words()
                )
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                bail!("{}", self.ended(status))
            }
        }
    }

    fn ended(&self, status: ExitStatus) -> String {
        format!("the host ended by itself ({status})\n{}", self.log_words())
    }

    fn log_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        format!(
            "{}\n  all of it is in {}",
            last_lines(&String::from_utf8_lossy(&text)),
            self.log.display()
        )
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.terminate();
        // One that does not listen to reason: nothing of it may stay behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
