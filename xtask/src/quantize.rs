//! The feature model with 8-bit integers, made of the one that is fetched.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use footlight_authoring::process::run_quietly;
use footlight_authoring::{Cache, Progress};

use crate::digest::sha256;
use crate::model::Model;
use crate::workspace::Workspace;

/// What it is made of, and what it is called.
const FROM: &str = "fr-feature";
const TO: &str = "fr-feature-int8";

/// Makes the model, unless it is there. The packages that make it, about 400 MB, are not kept.
///
/// # Errors
/// Where Python or a package cannot be had, or what was made is not what the card describes.
pub fn run(workspace: &Workspace, cache: &Cache, progress: &Progress) -> Result<()> {
    let models = workspace.root.join("models");
    let card = |name: &str| Model::read(&models.join(format!("{name}.toml")));
    let (from, to) = (card(FROM)?, card(TO)?);
    let _lock = cache.lock()?;
    if to.is_present(cache) {
        progress.cached(&format!("model {TO}"));
        return Ok(());
    }
    let scratch = cache.scratch()?;
    let (venv, made) = (scratch.path().join("venv"), scratch.path().join("made"));
    let prepare = models.join("prepare");
    let python = venv.join("bin/python");

    let step = progress.begin(
        "installing",
        "what quantizes models (Python packages)",
        None,
    );
    let run = |program: &Path, arguments: &[&OsStr]| {
        run_quietly(Command::new(program).args(arguments), scratch.path(), || {})
    };
    run(
        Path::new("python3"),
        &["-m".as_ref(), "venv".as_ref(), venv.as_ref()],
    )
    .context("python3 with venv is needed: `apt-get install python3-venv`")?;
    let packages = prepare.join("requirements.txt");
    let install = ["-m", "pip", "install", "--no-deps", "--requirement"].map(OsStr::new);
    run(&python, &[&install[..], &[packages.as_ref()]].concat())?;
    step.done("installed");

    let step = progress.begin("quantizing", FROM, None);
    let (script, photos) = (prepare.join("quantize.py"), cache.path("photos"));
    let original = from.path(cache);
    run(
        &python,
        &[
            script.as_ref(),
            original.as_ref(),
            photos.as_ref(),
            made.as_ref(),
        ],
    )?;
    let bytes = fs::read(&made)?;
    let digest = sha256(&bytes);
    if digest != to.sha256 {
        bail!(
            "what was made has the sha256 {digest}, and the card of {TO} says {}: its error rates are those of another \
             file, so it was not kept",
            to.sha256
        );
    }
    cache.write(&to.path(cache), &bytes)?;
    step.done("made");
    Ok(())
}
