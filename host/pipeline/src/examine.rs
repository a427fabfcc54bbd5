//! The parts of a pipeline one by one, for whoever wants to know all that is wrong and not just the first.

use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::open::{Locations, StageInfo};
use crate::parts::Parts;
use footlight_nn::{Model, Runtimes};
use footlight_sandbox::Sandbox;
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
