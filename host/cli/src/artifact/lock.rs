//! `footlight lock`: the digests that the tags of a pipeline file lead to, written into it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use anyhow::{Context, Result};
use footlight_artifacts::Reference;
use footlight_nn::read_text;
use footlight_pipeline::{PipelineFile, pin};

use super::{note_origin, open};
use crate::args::LockArgs;
use crate::exit::Outcome;
use crate::output;

/// Pins every reference of a pipeline file, or says which are not.
pub fn lock(args: &LockArgs) -> Result<Outcome> {
    let path = &args.file;
    let text = read_text(path)
        .with_context(|| format!("the pipeline file {} cannot be read", path.display()))?;
    let file = PipelineFile::parse(&text).with_context(|| path.display().to_string())?;
    let loose: Vec<(String, &Reference)> = references(&file)
        .filter(|(_, reference)| reference.digest().is_none())
        .collect();
    if args.check {
        for (part, reference) in &loose {
            output::note(format_args!(
                "footlight: [{part}] {reference} has no digest: `footlight lock {}` gives it one",
                path.display()
            ));
        }
        return Ok(Outcome::failed_if(!loose.is_empty()));
    }
    let artifacts = open(&args.artifacts)?;
    let mut pins = BTreeMap::new();
    for (part, reference) in loose {
        let resolved = artifacts.resolve(reference)?;
        note_origin(&resolved);
        let pinned = reference.pinned(resolved.digest).to_string();
        output::line(format_args!("{part} = {pinned}"))?;
        pins.insert(part, pinned);
    }
    if !pins.is_empty() {
        replace(path, &pin(&text, &pins)?)?;
    }
    Ok(Outcome::Done)
}

/// The parts that are named by reference: `stages.NAME` and `models.NAME`.
pub fn references(file: &PipelineFile) -> impl Iterator<Item = (String, &Reference)> {
    let stages = file.stages.iter().filter_map(|(name, stage)| {
        let reference = stage.component.artifact()?;
        Some((format!("stages.{name}"), reference))
    });
    let models = file.models.iter().filter_map(|(name, model)| {
        let reference = model.card.artifact()?;
        Some((format!("models.{name}"), reference))
    });
    stages.chain(models)
}

/// Writes a file whole or not at all: a host may watch it.
fn replace(path: &std::path::Path, text: &str) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut fresh =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(".".as_ref())).with_context(failed)?;
    fresh.write_all(text.as_bytes()).with_context(failed)?;
    let permissions = fs::metadata(path).with_context(failed)?.permissions();
    fresh
        .as_file()
        .set_permissions(permissions)
        .with_context(failed)?;
    fresh.persist(path).with_context(failed)?;
    Ok(())
}
