//! Stages in JavaScript: componentize-js puts an engine and the stage's modules, already evaluated, into a component.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing, Error, Result};
use crate::process::{output, run_quietly};
use crate::project::Project;
use crate::tool::Tool;
use crate::{Cache, Progress};

const COMPONENTIZE_JS: Tool = Tool {
    what: "componentize-js 0.23.0",
    folder: "tools/componentize-js-0.23.0",
    size: 221_000_000,
    pins: &[
        (
            "package.json",
            include_str!("../tools/componentize-js/package.json"),
        ),
        (
            "package-lock.json",
            include_str!("../tools/componentize-js/package-lock.json"),
        ),
    ],
    client: ("npm", &["--version"]),
    advice: "a stage in JavaScript is built by componentize-js, which npm installs, and there is no npm here: \
             `apt-get install nodejs npm`, or Node.js 20 or newer from your system's packages",
};

/// What the engine would have of the network. No host of stages has anything behind these imports.
const WITHOUT: [&str; 2] = ["http", "fetch-event"];

/// The folder that componentize-js is installed in.
pub fn tool(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    COMPONENTIZE_JS.get(cache, progress, |_| {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .arg("--no-update-notifier");
        npm
    })
}

/// Builds the component from the module `main`.
pub fn build(
    cache: &Cache,
    progress: &Progress,
    name: &str,
    main: &Path,
    project: &Project,
) -> Result<Vec<u8>> {
    project.source(
        main,
        "`main` in package.json names the module that exports `processing`",
    )?;
    let contract = project.contract()?;
    let tool = tool(cache, progress)?;
    let does_not_build = |error: Error| error.during(format!("{name} does not build"));
    // componentize-js does not say where source is wrong.
    let mut check = Command::new("node");
    check.current_dir(&project.folder).arg("--check").arg(main);
    output(&mut check).map_err(does_not_build)?;

    let step = progress.begin("building", name, None);
    let scratch = cache.scratch()?;
    let built = scratch.path().join("component.wasm");
    let mut command = Command::new("node");
    command
        .current_dir(&project.folder)
        .env("TMPDIR", scratch.path())
        .arg(tool.join("node_modules/@bytecodealliance/componentize-js/src/cli.js"))
        .arg(main)
        .arg("--wit")
        .arg(contract)
        .args(["--world-name", "stage", "--out"])
        .arg(&built)
        .arg("--disable")
        .args(WITHOUT);
    run_quietly(&mut command, scratch.path(), || step.at(0)).map_err(does_not_build)?;
    step.done("built");
    std::fs::read(&built).to("read", &built)
}
