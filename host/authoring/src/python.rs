//! Stages in Python: componentize-py puts an interpreter and the stage's modules, already imported, into a component.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing, Result};
use crate::process::run_quietly;
use crate::project::Project;
use crate::tool::Tool;
use crate::{Cache, Progress};

/// The module that implements the world, as a new stage has it.
const MODULE: &str = "app";

const COMPONENTIZE_PY: Tool = Tool {
    what: "componentize-py 0.25.1",
    folder: "tools/componentize-py-0.25.1",
    size: 48_700_000,
    pins: &[(
        "requirements.txt",
        include_str!("../tools/componentize-py/requirements.txt"),
    )],
    client: ("python3", &["-m", "pip", "--version"]),
    advice: "a stage in Python is built by componentize-py, which pip installs, and there is no python3 with pip here: \
             `apt-get install python3-pip`, or Python from your system's packages",
};

/// The folder that componentize-py is installed in.
pub fn tool(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    COMPONENTIZE_PY.get(cache, progress, |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--no-deps", "--require-hashes"])
            .args(["--only-binary=:all:", "--requirement", "requirements.txt"])
            .arg("--target")
            .arg(folder);
        pip
    })
}

/// Builds the component.
pub fn build(cache: &Cache, progress: &Progress, name: &str, project: &Project) -> Result<Vec<u8>> {
    project.source(
        Path::new(&format!("{MODULE}.py")),
        "it is the module with the class `Processing` that implements the world",
    )?;
    let contract = project.contract()?;
    let tool = tool(cache, progress)?;

    let step = progress.begin("building", name, None);
    let scratch = cache.scratch()?;
    let output = scratch.path().join("component.wasm");
    let mut command = Command::new("python3");
    command
        .current_dir(&project.folder)
        .env("PYTHONPATH", &tool)
        // Where the tool was in its own code would push out what is wrong with the stage.
        .env("RUST_BACKTRACE", "0")
        .arg(tool.join("bin/componentize-py"))
        .arg("--wit-path")
        .arg(contract)
        .args(["--world", "footlight:stage/stage", "componentize"])
        .args(["--python-path", ".", "--output"])
        .arg(&output)
        .arg(MODULE);
    run_quietly(&mut command, scratch.path(), || step.at(0))
        .map_err(|error| error.during(format!("{name} does not build")))?;
    step.done("built");
    std::fs::read(&output).to("read", &output)
}
