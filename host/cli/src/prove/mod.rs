//! `footlight prove`: every way that data can take, and why no image leaves its zone.

mod drawing;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use footlight_boundary::Report;
use footlight_pipeline::{
    ArtifactSource, ByName, Definition, Locations, PipelineFile, Place, Source, components,
};
use footlight_sandbox::Inspection;
use serde_json::{Value, json};

use crate::args::ProveArgs;
use crate::exit::Outcome;
use crate::{artifact, inspect, locate, output};

/// A pipeline with all that there is to say of it.
struct Proof {
    file: PipelineFile,
    origin: String,
    /// What was found of its zones; none where it has none.
    report: Option<Report>,
    components: ByName<(Inspection, Place)>,
}

/// Prints the proof, or what is in its way.
pub fn prove(args: &ProveArgs) -> Result<Outcome> {
    let supply = artifact::supply(&args.locations.artifacts)?;
    let definition = match &args.pipeline {
        Place::File(path) => Definition::read(path)?,
        Place::Artifact(reference) => {
            ArtifactSource::new(reference.clone(), Arc::clone(&supply)).load()?
        }
    };
    let path = args.pipeline.file().map(PathBuf::as_path);
    let locations = Locations {
        stages: locate::stage_folders(path.unwrap_or(Path::new("")), &args.locations),
        artifacts: Some(supply),
        ..Locations::default()
    };
    let (file, origin) = (definition.file, definition.origin);
    let report = file
        .examine_zones()
        .map_err(|error| anyhow::anyhow!("{origin}: {error}"))?;
    let proof = Proof {
        components: components(&file, &locations),
        report,
        file,
        origin,
    };
    if args.json {
        output::json(&proof.as_json())?;
    } else {
        output::line(proof.as_text())?;
    }
    Ok(Outcome::failed_if(!proof.mistakes().is_empty()))
}

impl Proof {
    /// Whatever is in the way of it, in words.
    fn mistakes(&self) -> Vec<String> {
        let of_stages = self
            .components
            .iter()
            .filter_map(|(name, found)| match found {
                Err(error) => Some(error.to_string()),
                Ok((inspection, origin)) => {
                    let misfit = inspection.misfit.as_ref()?;
                    Some(format!("[stages.{name}] {origin}: {misfit}"))
                }
            });
        let findings = self.report.iter().flat_map(|report| &report.findings);
        findings.map(ToString::to_string).chain(of_stages).collect()
    }

    fn as_json(&self) -> Value {
        let stages: Vec<Value> = self
            .components
            .iter()
            .map(|(name, found)| match found {
                Err(error) => json!({"name": name, "problem": error.to_string()}),
                Ok((inspection, origin)) => json!({
                    "name": name,
                    "component": origin.to_string(),
                    "digest": inspection.digest,
                    "imports": inspection.imports,
                    "misfit": inspection.misfit,
                    "cannot": inspect::limits(inspection),
                    "loads-models": self.loads(name),
                }),
            })
            .collect();
        let report = self.report.as_ref();
        json!({
            "pipeline": self.file.name,
            "source": self.origin,
            "holds": self.mistakes().is_empty(),
            "mistakes": self.mistakes(),
            "stages": stages,
            "findings": report.map(|report| &report.findings),
            "paths": report.map(|report| &report.paths),
            "notes": report.map(|report| &report.notes),
            "bounds": report.map(|report| &report.bounds),
        })
    }

    /// Whether a stage may load models of its own.
    fn loads(&self, stage: &str) -> bool {
        let section = self.file.stages.get(stage);
        section.is_some_and(|section| section.allow_load)
    }
}
