//! Other programs: started, asked how much memory they hold, and ended.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Time for its end.
const STOP: Duration = Duration::from_secs(20);

/// A program that runs until this is dropped.
pub struct Running {
    child: Child,
    what: String,
}

impl Running {
    /// Starts it. What it says on standard error goes to a file.
    pub fn start(mut command: Command, log: &Path) -> Result<Running> {
        let what = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()
            .with_context(|| format!("cannot run {what}"))?;
        Ok(Running { child, what })
    }

    /// What stands after `words` in the first line of its standard output that begins with them.
    pub fn says(&mut self, words: &str, within: Duration) -> Result<String> {
        let output = self
            .child
            .stdout
            .take()
            .context("its output was read before")?;
        let (send, receive) = mpsc::channel();
        let words = words.to_owned();
        // It goes on reading, as a program whose output nobody takes would stop at some time.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(|line| line.ok()) {
                if let Some(rest) = line.strip_prefix(&words) {
                    let _ = send.send(rest.to_owned());
                }
            }
        });
        receive
            .recv_timeout(within)
            .with_context(|| format!("{} did not say that it is ready", self.what))
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// The memory that it and all that it started hold, in bytes: the sum of their proportional set sizes, in
    /// which what several share counts once.
    pub fn memory(&self) -> Result<u64> {
        let mut sum = 0;
        let mut left = VecDeque::from([self.child.id()]);
        while let Some(process) = left.pop_front() {
            let Ok(rollup) = fs::read_to_string(format!("/proc/{process}/smaps_rollup")) else {
                // It has ended meanwhile.
                continue;
            };
            let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kilobytes: u64 = pss
                .and_then(|rest| rest.trim().strip_suffix(" kB"))
                .and_then(|number| number.trim().parse().ok())
                .context("/proc has no Pss")?;
            sum += kilobytes * 1024;
            left.extend(children(process)?);
        }
        Ok(sum)
    }
}

fn children(process: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Ok(children);
    };
    for task in tasks {
        let list = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        children.extend(
            list.split_whitespace()
                .filter_map(|child| child.parse::<u32>().ok()),
        );
    }
    Ok(children)
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        let _ = kill_process(pid, Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < STOP {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Result<()> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run {what}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.lines().rev().take(4).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!("{what} failed: {}", last.join(" / "));
    }
    Ok(())
}
