//! Running other programs, with their words kept for the case that they fail.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::error::{Doing, Error, Result};

/// How often a running program's traces are looked at.
const POLL: Duration = Duration::from_millis(100);

/// A command as one would type it.
pub fn in_words(command: &Command) -> String {
    let mut words = vec![word(command.get_program())];
    words.extend(command.get_args().map(word));
    words.join(" ")
}

fn word(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_=+,./:@".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{text}'")
    }
}

/// Runs a program that has nothing to say to the user, and calls `tick` while it runs.
///
/// # Errors
/// Where it cannot be started or fails, with what was run and the last lines of what it wrote.
pub fn run_quietly(command: &mut Command, scratch: &Path, mut tick: impl FnMut()) -> Result<()> {
    let log = scratch.join("log");
    let file = fs::File::create(&log).to("write", &log)?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone().to("write", &log)?)
        .stderr(file);
    let mut child = command
        .spawn()
        .map_err(|error| Error::Start(in_words(command), error))?;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => return Err(Error::Start(in_words(command), error)),
        }
        tick();
        thread::sleep(POLL);
    };
    if status.success() {
        return Ok(());
    }
    let words = fs::read(&log).to("read", &log)?;
    Err(Error::failed(command, status, &words))
}

/// A program's standard output, where it succeeds.
///
/// # Errors
/// Where it cannot be started or fails, with what was run and the last lines of what it wrote.
pub fn output(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Start(in_words(command), error))?;
    if !status.success() {
        return Err(Error::failed(command, status, &stderr));
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// Whether a program can be run and succeeds.
pub fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The last lines of a text, indented.
pub fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let first = lines.len().saturating_sub(15);
    lines
        .iter()
        .skip(first)
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The sum of the sizes of all files under a folder; what vanishes meanwhile is not counted.
pub fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_under(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
