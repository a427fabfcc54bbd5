//! `footlight doctor`: what a host needs, what of it is there, and what to do about the rest.

mod cache;
mod finding;
mod libraries;
mod machine;
mod pipeline;
mod probe;
pub mod report;

use std::path::Path;

use anyhow::Result;
use footlight_nn::cache_dir;
use footlight_pipeline::Locations;
use serde_json::json;

use crate::args::DoctorArgs;
use crate::exit::Outcome;
use crate::{artifact, locate, output};
use finding::{Finding, State};

/// Lists what is there and what is not. Fails where something that is needed is missing.
pub fn doctor(args: &DoctorArgs) -> Result<Outcome> {
    let findings = findings(args)?;
    let pipeline = args
        .pipeline
        .as_ref()
        .map(|path| path.display().to_string());
    let failed = findings
        .iter()
        .any(|finding| finding.state == State::Missing);
    if args.json {
        output::json(&json!({"ready": !failed, "pipeline": pipeline, "findings": findings}))?;
    } else {
        output::line(report::text(&findings, pipeline.as_deref()))?;
    }
    Ok(Outcome::failed_if(failed))
}

fn findings(args: &DoctorArgs) -> Result<Vec<Finding>> {
    let runtimes = locate::runtimes(&args.locations.libraries, None);
    let cache = cache_dir();
    let mut findings = machine::findings();
    findings.extend(libraries::findings(&runtimes)?);
    let Some(path) = &args.pipeline else {
        findings.push(libraries::any_processor(&runtimes)?);
        findings.extend(cache::findings(&cache));
        let folders = locate::stage_folders(Path::new(""), &args.locations);
        findings.extend(cache::stages(&folders));
        return Ok(findings);
    };
    findings.extend(cache::findings(&cache));
    let locations = Locations {
        stages: locate::stage_folders(path, &args.locations),
        cache,
        artifacts: Some(artifact::supply(&args.locations.artifacts)?),
        // The members of a host that may be running are left alone.
        gallery: None,
        site_key: None,
        here: None,
        members: None,
    };
    findings.extend(pipeline::findings(path, &locations, &runtimes)?);
    Ok(findings)
}
