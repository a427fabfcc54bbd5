//! From a pipeline file to a pipeline that can work.

use crate::enrol::Enrolment;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::order::order;
use crate::parts::{OpenStage, Parts, placed};
use footlight_nn::{Registry, Runtimes, Snapshot};
use footlight_sandbox::{Inspection, Limits, Sandbox, Usage};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

/// Where a host finds what a pipeline file names.
#[derive(Debug, Clone, Default)]
pub struct Locations {
    /// Folders in which components are looked for, after that of the pipeline file.
    pub stages: Vec<PathBuf>,
    /// The cache folder, where model files lie under their digest.
    pub cache: PathBuf,
    /// The folder in which the gallery is kept; none keeps it in memory.
    pub gallery: Option<PathBuf>,
}

/// A pipeline that is open: components compiled, models on their devices, the gallery read.
pub struct Pipeline {
    pub(crate) file: PipelineFile,
    pub(crate) stages: Vec<OpenStage>,
    pub(crate) registry: Registry,
    pub(crate) enrolment: Option<Enrolment>,
    sandbox: Sandbox,
}

/// A stage as people are told of it.
#[derive(Debug, Clone)]
pub struct StageInfo {
    /// Its name in the pipeline.
    pub name: String,
    /// The component's file.
    pub component: PathBuf,
    /// What the component is and may do.
    pub inspection: Inspection,
    /// The class that it takes.
    pub input: String,
    /// The classes that it may yield.
    pub yields: Vec<String>,
    /// What it may use for an item.
    pub limits: Limits,
}

impl Pipeline {
    /// Opens a pipeline: compiles its components and models, and reads its gallery.
    ///
    /// # Errors
    /// Whatever the file gets wrong or is missing, in the words of whoever wrote it.
    pub fn open(
        path: &Path,
        locations: &Locations,
        runtimes: &Arc<Runtimes>,
    ) -> Result<Self, OpenError> {
        let file = PipelineFile::read(path)?;
        Self::from_file(file, locations, runtimes)
            .map_err(|error| OpenError::new(format!("{}: {error}", path.display())))
    }

    fn from_file(
        file: PipelineFile,
        locations: &Locations,
        runtimes: &Arc<Runtimes>,
    ) -> Result<Self, OpenError> {
        let order = order(&file)?;
        check_models(&file)?;
        let parts = Parts {
            file: &file,
            locations,
            runtimes,
        };
        let sandbox = Sandbox::new().map_err(|error| OpenError::new(error.to_string()))?;
        // Components and models are compiled by different libraries, which can do so at the same time.
        let (stages, models) = thread::scope(|scope| {
            let stages = scope.spawn(|| open_stages(parts, &sandbox, &order));
            let models = open_models(parts);
            (stages.join(), models)
        });
        let stages = stages.unwrap_or_else(|panic| resume_unwind(panic))?;
        let registry = models?;
        let enrolment = match &file.gallery {
            Some(section) => Some(parts.gallery(section, &registry)?),
            None => None,
        };
        let pipeline = Self {
            file,
            stages,
            registry,
            enrolment,
            sandbox,
        };
        pipeline.refresh_gallery()?;
        Ok(pipeline)
    }

    /// The pipeline's name.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The file that it was opened from.
    pub fn file(&self) -> &PipelineFile {
        &self.file
    }

    /// Its stages in the order in which they run.
    pub fn stages(&self) -> Vec<StageInfo> {
        self.stages.iter().map(OpenStage::info).collect()
    }

    /// Its models as they are now, the gallery's among them.
    pub fn models(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    /// What its stages hold right now.
    pub fn usage(&self) -> &Usage {
        self.sandbox.usage()
    }
}

/// The stages in the order in which they run.
fn open_stages(
    parts: Parts,
    sandbox: &Sandbox,
    order: &[String],
) -> Result<Vec<OpenStage>, OpenError> {
    let sections = order
        .iter()
        .filter_map(|name| Some((name, parts.file.stages.get(name)?)));
    sections
        .map(|(name, section)| parts.stage(sandbox, name, section))
        .collect()
}

/// All models but the gallery's.
fn open_models(parts: Parts) -> Result<Registry, OpenError> {
    let registry = Registry::new();
    for (name, section) in &parts.file.models {
        let model = parts.model(name, section)?;
        placed(name, &model.placement);
        registry.put(model);
    }
    Ok(registry)
}

/// Every model that a stage asks for must be there, and every one must have a name of its own.
fn check_models(file: &PipelineFile) -> Result<(), OpenError> {
    let gallery = file.gallery.as_ref().map(|gallery| &gallery.model);
    if let Some(name) = gallery.filter(|name| file.models.contains_key(*name)) {
        return Err(OpenError::new(format!(
            "[gallery] and [models.{name}] both make a model `{name}`: give the gallery's another name"
        )));
    }
    for (stage, section) in &file.stages {
        for (role, model) in &section.models {
            if !file.models.contains_key(model) && gallery != Some(model) {
                return Err(OpenError::new(format!(
                    "[stages.{stage}] gives the model `{model}` as `{role}`, and there is no such model: add [models.{model}]"
                )));
            }
        }
    }
    Ok(())
}
