//! `footlight evaluate`: how often a pipeline takes one person for another.

mod photos;
mod plot;
mod rates;
mod report;
mod scores;

use std::num::NonZero;
use std::thread;

use anyhow::{Context, Result, bail};
use footlight_nn::cache_dir;
use footlight_pipeline::{Locations, Pipeline};
use footlight_sandbox::Value;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::EvaluateArgs;
use crate::exit::Outcome;
use crate::{artifact, locate, output, placement};
use photos::Collected;
use report::Report;

/// Compares all photos of a folder with each other and prints the error rates.
pub fn evaluate(args: &EvaluateArgs) -> Result<Outcome> {
    let (photos, people) = photos::list(&args.dir)?;
    let pipeline = open(args)?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let progress = progress(photos.len() as u64);
    let collected = photos::collect(&photos, &pipeline, threads, || progress.inc(1));
    progress.finish_and_clear();
    let collected = collected?;
    if collected.featured.len() < 2 {
        bail!("{}", too_few(&collected));
    }
    let rates = scores::compare(&collected.featured, threads)?;
    if let Some(file) = &args.scores {
        scores::write_csv(&collected.featured, file)?;
    }
    let report = Report::new(
        dataset(args),
        people,
        &collected,
        &rates,
        threshold(&pipeline),
        args.fmr,
    );
    if let Some(file) = &args.plot {
        let svg = plot::svg(&report, &rates)?;
        std::fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::line(report.text())?;
    }
    Ok(Outcome::Done)
}

fn open(args: &EvaluateArgs) -> Result<Pipeline> {
    let runtimes = locate::runtimes(&args.locations.libraries, None);
    let locations = Locations {
        stages: locate::stage_folders(&args.pipeline, &args.locations),
        cache: cache_dir(),
        artifacts: Some(artifact::supply(&args.locations.artifacts)?),
        // Nobody is enrolled for this, and the members of a host that may be running are left alone.
        gallery: None,
        site_key: None,
        here: None,
        members: None,
    };
    let pipeline = Pipeline::open(&args.pipeline, &locations, &runtimes)?;
    // Rates that were measured on another device than the one asked for are not what was asked for.
    for model in pipeline.models().iter() {
        placement::note(&model.name, &model.placement);
    }
    Ok(pipeline)
}

/// The name of the folder, however it was written.
fn dataset(args: &EvaluateArgs) -> String {
    let full = args.dir.canonicalize().unwrap_or_else(|_| args.dir.clone());
    let name = full
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| full.display().to_string())
}

/// The setting `threshold` of the pipeline's stages, where one has it.
fn threshold(pipeline: &Pipeline) -> Option<f64> {
    let mut stages = pipeline.file().stages.values();
    stages.find_map(|stage| match stage.settings.get("threshold")? {
        Value::Number(number) => Some(*number),
        // A whole number in a pipeline file is an integer.
        Value::Integer(integer) => Some(*integer as f64),
        _ => None,
    })
}

fn too_few(collected: &Collected) -> String {
    let mut text = format!(
        "a face was found in {} of {} photos, and comparing takes two",
        collected.featured.len(),
        collected.featured.len() + collected.no_face.len() + collected.unusable.len()
    );
    if let Some(first) = collected.unusable.first() {
        text.push_str(&format!(
            "; {} could not be used: {}",
            first.photo, first.reason
        ));
    }
    text
}

/// Progress on standard error; nothing where that is no terminal.
fn progress(photos: u64) -> ProgressBar {
    let bar = ProgressBar::new(photos);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} photos, {eta} left") {
        bar.set_style(style);
    }
    bar
}
