//! `footlight pipeline push`, `pull` and `inspect`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use footlight_artifacts::{Artifact, Artifacts, Part, Pipeline, Reference};
use footlight_nn::read_text;
use footlight_pipeline::{Locations, PipelineFile, Place, pin, settle};
use serde_json::json;

use super::{model, note_origin, open, stage, tell_pushed};
use crate::args::{PipelineInspectArgs, PipelinePullArgs, PipelinePushArgs};
use crate::exit::Outcome;
use crate::{locate, output, table};

/// Publishes a pipeline file with all its parts.
pub fn push(args: &PipelinePushArgs) -> Result<Outcome> {
    let artifacts = open(&args.locations.artifacts)?;
    let path = &args.file;
    let text = read_text(path)
        .with_context(|| format!("the pipeline file {} cannot be read", path.display()))?;
    let file = PipelineFile::read(path)?;
    // Looked for as `footlight run` does.
    let locations = Locations {
        stages: locate::stage_folders(path, &args.locations),
        ..Locations::default()
    };
    let mut parts = BTreeMap::new();
    for (name, section) in &file.stages {
        let part = match &section.component {
            Place::Artifact(reference) => {
                stage_from(&artifacts, reference).with_context(|| format!("[stages.{name}]"))?
            }
            Place::File(component) => file
                .locate(component, &locations)
                .map_err(Into::into)
                .and_then(|component| stage_part(&component))
                .with_context(|| format!("[stages.{name}]"))?,
        };
        parts.insert(format!("stages.{name}"), part);
    }
    for (name, section) in &file.models {
        let part = match &section.card {
            Place::Artifact(reference) => from(&artifacts, reference)?,
            Place::File(card) => model::artifact(&file.folder.join(card), None)
                .map(Part::Made)
                .with_context(|| format!("[models.{name}]"))?,
        };
        parts.insert(format!("models.{name}"), part);
    }
    // What runs is named by digest: what is made here as beside the file, so that the pipeline has one digest in all
    // repositories; what has a repository of its own by that, so that one can see where it is from.
    let pins = parts.iter().map(|(name, part)| {
        let pinned = match part {
            Part::Made(artifact) => format!("@{}", artifact.digest()),
            Part::From(reference) => reference.to_string(),
        };
        (name.clone(), pinned)
    });
    let text = pin(&text, &pins.collect())?;
    let pushed = artifacts.push_pipeline(&text, parts, BTreeMap::new(), &args.target)?;
    tell_pushed(&pushed, args.json)?;
    Ok(Outcome::Done)
}

/// A part from a repository, by its digest.
fn from(artifacts: &Artifacts, reference: &Reference) -> Result<Part> {
    Ok(Part::From(pinned(artifacts, reference)?))
}

/// The same of a stage, which must be one that a host runs, as one from a file.
fn stage_from(artifacts: &Artifacts, reference: &Reference) -> Result<Part> {
    let pinned = pinned(artifacts, reference)?;
    let found = artifacts.stage(&pinned)?;
    stage::check(&found.component).with_context(|| format!("{pinned} was not pushed"))?;
    Ok(Part::From(pinned))
}

fn pinned(artifacts: &Artifacts, reference: &Reference) -> Result<Reference> {
    let resolved = artifacts.resolve(reference)?;
    note_origin(&resolved);
    Ok(reference.pinned(resolved.digest))
}

/// A part that is made of a component's file.
fn stage_part(path: &Path) -> Result<Part> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    stage::check(&bytes).with_context(|| format!("{} was not pushed", path.display()))?;
    Ok(Part::Made(Artifact::stage(bytes, BTreeMap::new())?))
}

/// Fetches a pipeline with all its parts into the store, and copies it where that is asked for.
pub fn pull(args: &PipelinePullArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let resolved = artifacts.resolve(&args.reference)?;
    note_origin(&resolved);
    let pinned = args.reference.pinned(resolved.digest);
    let pipeline = artifacts.pipeline(&pinned)?;
    fetch(&artifacts, &pipeline)?;
    if let Some(to) = &args.to {
        artifacts.copy(&pinned, to)?;
    }
    if args.json {
        output::json(&as_json(&pinned, &pipeline))?;
    } else {
        output::line(args.to.as_ref().unwrap_or(&pinned))?;
    }
    Ok(Outcome::Done)
}

/// Fetches all parts of a pipeline, and checks its stages.
fn fetch(artifacts: &Artifacts, pipeline: &Pipeline) -> Result<()> {
    let home = std::slice::from_ref(&pipeline.home);
    for (name, digest) in &pipeline.parts {
        if name.starts_with("models.") {
            artifacts.model_at(digest, home)?;
            continue;
        }
        let found = artifacts.stage_at(digest, home)?;
        stage::check(&found.component)
            .with_context(|| format!("[{name}] {digest} cannot be used"))?;
    }
    Ok(())
}

/// Says what a pipeline is made of.
pub fn inspect(args: &PipelineInspectArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let resolved = artifacts.resolve(&args.reference)?;
    note_origin(&resolved);
    let pinned = args.reference.pinned(resolved.digest);
    let pipeline = artifacts.pipeline(&pinned)?;
    let text = settle(&pipeline.file, &pipeline.home).with_context(|| pinned.to_string())?;
    if args.file {
        output::line(text.trim_end())?;
    } else if args.json {
        output::json(&as_json(&pinned, &pipeline))?;
    } else {
        let file = PipelineFile::parse(&text).with_context(|| pinned.to_string())?;
        output::line(format_args!("{}  {pinned}", file.name))?;
        if let Some(by) = signers(&pipeline) {
            output::line(format_args!("signed by {by}"))?;
        }
        let rows = pipeline.parts.iter();
        let rows = rows.map(|(name, digest)| vec![name.clone(), digest.to_string()]);
        output::line(table::table(&["part", "digest"], &[], rows.collect()))?;
    }
    Ok(Outcome::Done)
}

fn signers(pipeline: &Pipeline) -> Option<String> {
    let by = &pipeline.about.judgement.as_ref()?.by;
    (!by.is_empty()).then(|| by.join(", "))
}

fn as_json(pinned: &Reference, pipeline: &Pipeline) -> serde_json::Value {
    let parts = pipeline.parts.iter();
    let parts: BTreeMap<_, _> = parts
        .map(|(name, digest)| (name, digest.to_string()))
        .collect();
    json!({
        "reference": pinned.to_string(),
        "digest": pipeline.about.digest.to_string(),
        "parts": parts,
        "signed-by": pipeline.about.judgement.as_ref().map(|judgement| &judgement.by),
    })
}
