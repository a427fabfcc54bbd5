//! The parts of a pipeline one by one, for whoever wants to know all that is wrong and not just the first.

use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::file::StageSection;
use crate::open::{Locations, StageInfo};
use crate::parts::Parts;
use crate::place::Place;
use footlight_artifacts::Interface;
use footlight_nn::{Folders, Model, Runtimes, sha256_hex};
use footlight_sandbox::{Inspection, Sandbox};
use std::sync::Arc;

/// Parts by name: each opened, or why it cannot be.
pub type ByName<T> = Vec<(String, Result<T, OpenError>)>;

/// Each stage that a pipeline file names, by name: what its component is, or why it cannot be had.
///
/// # Errors
/// Where no component can be compiled on this machine.
pub fn stages(
    file: &PipelineFile,
    locations: &Locations,
    runtimes: &Arc<Runtimes>,
) -> Result<ByName<StageInfo>, OpenError> {
    let sandbox = Sandbox::new().map_err(|error| OpenError::new(error.to_string()))?;
    let parts = Parts {
        file,
        here: &[],
        locations,
        runtimes,
        reuse: &[],
    };
    let usage = Arc::default();
    let stage = |(name, section): (&String, _)| {
        let stage = parts.stage(&sandbox, &usage, name, section);
        (name.clone(), stage.map(|stage| stage.info()))
    };
    Ok(file.stages.iter().map(stage).collect())
}

/// Each model that a pipeline file names, by name: the model ready to run, or why it is not. This takes as
/// long as it takes a host to start.
pub fn models(
    file: &PipelineFile,
    locations: &Locations,
    runtimes: &Arc<Runtimes>,
) -> ByName<Model> {
    let parts = Parts {
        file,
        here: &[],
        locations,
        runtimes,
        reuse: &[],
    };
    let model = |(name, section): (&String, _)| {
        let opened = parts.model(name, section);
        (name.clone(), opened.map(|opened| opened.model))
    };
    file.models.iter().map(model).collect()
}

/// Each stage that a pipeline file names, by name: what its component is and may do, and where it was found. Components
/// are read and not compiled.
pub fn components(file: &PipelineFile, locations: &Locations) -> ByName<(Inspection, Place)> {
    // No library is loaded: none is asked for.
    let runtimes = Arc::new(Runtimes::new(Folders::default()));
    let parts = Parts {
        file,
        here: &[],
        locations,
        runtimes: &runtimes,
        reuse: &[],
    };
    let component = |section: &StageSection| {
        let (bytes, origin) = parts.obtain_component(&section.component)?;
        let digest = sha256_hex(&bytes);
        section.is_of(&digest, &origin)?;
        let interface = Interface::of(&bytes).map_err(|error| format!("{origin}: {error}"))?;
        let inspection = Inspection::new(
            digest,
            bytes.len() as u64,
            interface.imports.iter().map(String::as_str),
            interface.exports.iter().map(String::as_str),
        );
        Ok((inspection, origin))
    };
    let stages = file.stages.iter();
    stages
        .map(|(name, section)| {
            let found = component(section);
            let found =
                found.map_err(|error: OpenError| error.within(format_args!("[stages.{name}] ")));
            (name.clone(), found)
        })
        .collect()
}
