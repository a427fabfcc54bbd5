//! Running every test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use footlight_authoring::cargo::cargo;
use footlight_authoring::{Cache, Progress};

use crate::build;
use crate::e2e::{self, Cluster, Site};
use crate::languages;
use crate::stages;
use crate::tools;
use crate::workspace::Workspace;

/// Builds what the tests use and runs them, with more `arguments` for `cargo test`; one command for each selection of packages.
/// The last line says how many passed, failed and were skipped.
pub fn run(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    arguments: &[String],
) -> Result<ExitCode> {
    build(workspace, cache, progress)?;
    let tools = tools::for_tests(cache, progress);
    let selections: &[&[&str]] = if selects(arguments) {
        &[&[]]
    } else {
        // The second is what the host was built with; the third, a workspace of its own, takes what is built from it.
        &[
            &["--package", "xtask"],
            &[],
            &["--manifest-path", "tests/upstream/Cargo.toml"],
            &["--package", "footlight-tests", "--test", "behaviour"],
        ]
    };
    let mut counts = Counts::default();
    let mut right = true;
    for selection in selections {
        let mut command = cargo_test(workspace, cache, selection, arguments);
        command.envs(tools.iter().map(|(name, program)| (name, program)));
        right &= counts.run(&mut command)?;
    }
    if !selects(arguments) {
        right &= on_a_cluster(workspace, cache, progress, arguments, &tools, &mut counts)?;
    }
    println!(
        "\n{} passed, {} failed, {} skipped",
        counts.passed, counts.failed, counts.skipped
    );
    Ok(if right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The tests on a cluster come last, as it takes processors and memory from all others. Where this machine can have none, they
/// report themselves ignored, with what is missing.
fn on_a_cluster(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    arguments: &[String],
    tools: &[(&'static str, PathBuf)],
    counts: &mut Counts,
) -> Result<bool> {
    let mut command = cargo_test(workspace, cache, &e2e::TESTS, arguments);
    command.envs(tools.iter().map(|(name, program)| (name, program)));
    let site = match Cluster::of_this_machine(workspace, cache, progress) {
        Ok(cluster) => Some(Site::open(workspace, cache, progress, cluster)?),
        Err(error) => {
            command.env("FOOTLIGHT_CLUSTER_LACKS", format!("{error:#}"));
            None
        }
    };
    if let Some(site) = &site {
        site.tell(&mut command);
    }
    counts.run(&mut command)
}

/// Builds what the tests use.
pub fn build(workspace: &Workspace, cache: &Cache, progress: &Progress) -> Result<()> {
    stages::build_all(workspace, cache, progress)?;
    languages::build(workspace, cache, progress)?;
    build::host(workspace, progress)
}

/// Whether the user names packages.
fn selects(arguments: &[String]) -> bool {
    let of_cargo = arguments.iter().take_while(|argument| *argument != "--");
    of_cargo
        .into_iter()
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

/// `cargo test` for a selection of packages, with the variables that tell tests where things are.
pub fn cargo_test(
    workspace: &Workspace,
    cache: &Cache,
    selection: &[&str],
    arguments: &[String],
) -> Command {
    let mut command = cargo();
    command
        .current_dir(&workspace.root)
        .args(["test", "--release", "--no-fail-fast"]);
    command.args(selection).args(arguments);
    command.env("CARGO_TARGET_DIR", &workspace.target);
    command.env("FOOTLIGHT_CACHE", cache.root());
    command.env("FOOTLIGHT_STAGES", workspace.stages());
    command.env("FOOTLIGHT_BIN", workspace.host());
    if let Some(data) = workspace.shared_data() {
        command.env("FOOTLIGHT_SHARED_DATA", data);
    }
    command
}

/// Tests counted over all of their programs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// Runs cargo, shows what it prints, and counts; whether it succeeded.
    fn run(&mut self, command: &mut Command) -> Result<bool> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run cargo")?;
        let stdout = child.stdout.take().context("cargo has no output")?;
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            print!("{text}");
            self.add(&text);
            line.clear();
        }
        Ok(child.wait()?.success())
    }

    /// Adds what a test program's closing line says: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.skipped += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s\n");
        counts.add("test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.5s\n");
        counts.add("test a::test_result ... ok\n");
        assert_eq!(
            counts,
            Counts {
                passed: 5,
                failed: 4,
                skipped: 1
            }
        );
    }

    #[test]
    fn only_cargos_own_arguments_select_packages() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(selects(&words("-p footlight-nn")));
        assert!(!selects(&words("gallery -- --package-like")));
    }
}
