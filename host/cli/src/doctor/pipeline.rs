//! What a pipeline needs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use footlight_nn::{DeviceSpec, Placement, Runtimes};
use footlight_pipeline::{Locations, OpenError, Pipeline, PipelineFile, StageInfo};

use super::finding::{Finding, MANUAL, Section, State};
use super::probe;

/// Opens the pipeline as a host would, without its members. Where that fails, looks at every part by itself:
/// a pipeline that is opened tells only the first thing that is wrong.
pub fn findings(
    path: &Path,
    locations: &Locations,
    runtimes: &Arc<Runtimes>,
) -> Result<Vec<Finding>> {
    let of_file =
        |error: OpenError| missing("pipeline file", &error.to_string(), "correct the file");
    let file = match PipelineFile::read(path) {
        Ok(file) => file,
        Err(error) => return Ok(vec![of_file(error)]),
    };
    let error = match Pipeline::open(path, locations, runtimes) {
        Ok(pipeline) => return Ok(opened(&pipeline)),
        Err(error) => error,
    };
    let mut parts = stages(&file, locations, runtimes)?;
    parts.extend(models(&file, locations, runtimes)?);
    if parts.iter().all(|part| part.state != State::Missing) {
        // What is wrong is not with a part, but with how they go together.
        parts.push(of_file(error));
    }
    Ok(parts)
}

fn opened(pipeline: &Pipeline) -> Vec<Finding> {
    let gallery = pipeline.file().gallery.as_ref();
    let models = pipeline.models();
    let (of_gallery, others): (Vec<_>, Vec<_>) = models
        .iter()
        .partition(|model| gallery.is_some_and(|gallery| gallery.model == model.name));
    let others = others
        .into_iter()
        .map(|model| runs(format!("[models.{}]", model.name), &model.placement));
    let of_gallery = of_gallery
        .into_iter()
        .map(|model| runs("[gallery]".to_owned(), &model.placement));
    let stages = pipeline.stages();
    stages
        .iter()
        .map(stage)
        .chain(others)
        .chain(of_gallery)
        .collect()
}

fn stages(
    file: &PipelineFile,
    locations: &Locations,
    runtimes: &Arc<Runtimes>,
) -> Result<Vec<Finding>> {
    let stages = footlight_pipeline::stages(file, locations, runtimes)?;
    Ok(stages
        .into_iter()
        .map(|(name, opened)| match opened {
            Ok(info) => stage(&info),
            Err(error) => missing(
                &format!("[stages.{name}]"),
                &error.to_string(),
                "build the component anew, or get it again",
            ),
        })
        .collect())
}

/// Models, and the gallery's graph. A model that was not fetched says nothing of its device, which is then
/// tried with another model.
fn models(
    file: &PipelineFile,
    locations: &Locations,
    runtimes: &Arc<Runtimes>,
) -> Result<Vec<Finding>> {
    let small = probe::model()?;
    let attempt = |device: &DeviceSpec, fallback: &[DeviceSpec]| {
        let compiled = runtimes.compile(&small, device, fallback);
        compiled
            .map(|compiled| compiled.placement)
            .map_err(|error| error.to_string())
    };
    let mut found = Vec::new();
    let opened = footlight_pipeline::models(file, locations, runtimes);
    for ((name, opened), section) in opened.into_iter().zip(file.models.values()) {
        let name = format!("[models.{name}]");
        let error = match opened {
            Ok(model) => {
                found.push(runs(name, &model.placement));
                continue;
            }
            Err(error) => error.to_string(),
        };
        found.push(missing(&name, &error, MANUAL));
        if let Err(of_device) = attempt(&section.device, &section.fallback)
            && !error.contains(&of_device)
        {
            found.push(missing(&name, &of_device, MANUAL));
        }
    }
    if let Some(gallery) = &file.gallery {
        let name = "[gallery]";
        found.push(match attempt(&gallery.device, &gallery.fallback) {
            Ok(placement) => runs(name.to_owned(), &placement),
            Err(error) => missing(name, &error, MANUAL),
        });
    }
    Ok(found)
}

fn stage(stage: &StageInfo) -> Finding {
    let name = format!("[stages.{}]", stage.name);
    Finding::ok(Section::Pipeline, name, stage.component.to_string())
}

fn runs(name: String, placement: &Placement) -> Finding {
    let detail = format!("runs on {placement}");
    if !placement.is_fallback() {
        return Finding::ok(Section::Pipeline, name, detail);
    }
    let reasons: Vec<String> = placement
        .passed_over
        .iter()
        .map(ToString::to_string)
        .collect();
    let between = if reasons.len() > 1 { "\n  " } else { " " };
    let detail = format!(
        "{detail}, a fallback from{between}{}",
        reasons.join(between)
    );
    Finding::error(Section::Pipeline, name, State::Warning, &detail, MANUAL)
}

/// An error begins with the part's name, which is said already.
fn missing(name: &str, error: &str, otherwise: &str) -> Finding {
    let error = error.strip_prefix(name).unwrap_or(error).trim_start();
    Finding::error(Section::Pipeline, name, State::Missing, error, otherwise)
}
