//! `footlight stage new` and `footlight stage build`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use footlight_authoring::cache::write_atomically;
use footlight_authoring::{Cache, Progress, Project, template};
use serde_json::json;

use crate::args::{BuildArgs, NewArgs};
use crate::exit::Outcome;
use crate::inspect::look_into;
use crate::{output, table};

/// Writes a new stage.
pub fn new(args: &NewArgs) -> Result<Outcome> {
    template::write(&args.folder, args.lang)?;
    let folder = args.folder.display();
    output::line(format_args!(
        "{folder} is a new stage; to build and run it:\n  cd {folder}\n  footlight stage build\n  footlight run pipeline.toml"
    ))?;
    Ok(Outcome::Done)
}

/// Builds a stage, and writes it only if a host runs it.
pub fn build(args: &BuildArgs) -> Result<Outcome> {
    let (cache, progress) = (Cache::open()?, Progress::on_stderr());
    let component = Project::open(&args.folder)?.build(&cache, &progress)?;

    let step = progress.begin("checking", &component.name, None);
    let inspection = look_into(&component.bytes)
        .with_context(|| format!("{} was built, but cannot be inspected", component.name))?;
    if let Some(why) = &inspection.misfit {
        bail!(
            "{} was built, but no host runs it as a stage: {why}",
            component.name
        );
    }
    step.done("checked");

    // `.` before a name says nothing.
    let in_folder = args.folder.strip_prefix(".").unwrap_or(&args.folder);
    let named = || in_folder.join(format!("{}.wasm", component.name));
    let file = args.output.clone().unwrap_or_else(named);
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    write_atomically(folder.unwrap_or(Path::new(".")), &file, &component.bytes)?;
    if args.json {
        output::json(&json!({
            "name": component.name,
            "file": file,
            "bytes": inspection.bytes,
            "digest": inspection.digest,
        }))?;
    } else {
        output::line(format_args!(
            "{}  {}  sha256:{}",
            file.display(),
            table::size(inspection.bytes),
            inspection.digest
        ))?;
    }
    Ok(Outcome::Done)
}
