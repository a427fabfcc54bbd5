//! From a pipeline file to a pipeline that can work.

use crate::class::Class;
use crate::enrol::Enrolment;
use crate::error::OpenError;
use crate::file::{GallerySection, PipelineFile, StageSection};
use crate::order::order;
use footlight_gallery::Gallery;
use footlight_nn::{Backend, Card, ElementType, Model, Registry, Snapshot};
use footlight_sandbox::{Configuration, Inspection, Limits, Sandbox, Stage, Usage};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

pub(crate) struct OpenStage {
    pub(crate) name: String,
    pub(crate) section: StageSection,
    pub(crate) stage: Stage,
    path: PathBuf,
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
        backend: Arc<dyn Backend>,
    ) -> Result<Self, OpenError> {
        let file = PipelineFile::read(path)?;
        Self::from_file(file, locations, backend)
            .map_err(|error| OpenError::new(format!("{}: {error}", path.display())))
    }

    fn from_file(
        file: PipelineFile,
        locations: &Locations,
        backend: Arc<dyn Backend>,
    ) -> Result<Self, OpenError> {
        let order = order(&file)?;
        check_models(&file)?;
        let sandbox = Sandbox::new().map_err(|error| OpenError::new(error.to_string()))?;
        let mut stages = Vec::new();
        for name in order {
            if let Some(section) = file.stages.get(&name) {
                stages.push(open_stage(
                    &sandbox, name, section, &file, locations, &backend,
                )?);
            }
        }
        let registry = Registry::new();
        for name in file.models.keys() {
            registry.put(open_model(name, &file, locations, backend.as_ref())?);
        }
        let enrolment = match &file.gallery {
            Some(section) => Some(open_gallery(section, &file, &registry, locations, backend)?),
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
        self.stages
            .iter()
            .map(|stage| StageInfo {
                name: stage.name.clone(),
                component: stage.path.clone(),
                inspection: stage.stage.component().inspection().clone(),
                input: stage.section.input.clone(),
                yields: stage.section.yields.clone(),
                limits: stage.section.limits.clone(),
            })
            .collect()
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

fn open_stage(
    sandbox: &Sandbox,
    name: String,
    section: &StageSection,
    file: &PipelineFile,
    locations: &Locations,
    backend: &Arc<dyn Backend>,
) -> Result<OpenStage, OpenError> {
    let fail = |message: String| OpenError::new(format!("[stages.{name}] {message}"));
    let folders = std::iter::once(&file.folder).chain(&locations.stages);
    let candidates: Vec<_> = folders
        .map(|folder| folder.join(&section.component))
        .collect();
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        let places: Vec<_> = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(fail(format!(
            "the component is not there: looked for {}; build it, or say where it is with --stages",
            places.join(", ")
        )));
    };
    let at = |why: &dyn std::fmt::Display| fail(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| at(&error))?;
    let component = sandbox.compile(&bytes).map_err(|error| at(&error))?;
    let digest = &component.inspection().digest;
    if let Some(wanted) = section.sha256.as_ref().filter(|wanted| *wanted != digest) {
        return Err(at(&format!(
            "the component's sha256 is {digest}, and the pipeline file asks for {wanted}: \
             get the component that was meant, or correct `sha256`"
        )));
    }
    let configuration = Configuration {
        name: name.clone(),
        models: section.models.clone(),
        settings: section.settings.clone(),
        limits: section.limits.clone(),
        load: section.allow_load.then(|| backend.clone()),
    };
    Ok(OpenStage {
        stage: Stage::new(component, configuration),
        section: section.clone(),
        path: path.clone(),
        name,
    })
}

fn open_model(
    name: &str,
    file: &PipelineFile,
    locations: &Locations,
    backend: &dyn Backend,
) -> Result<Model, OpenError> {
    let fail = |error: footlight_nn::Error| OpenError::new(format!("[models.{name}] {error}"));
    let section = file
        .models
        .get(name)
        .ok_or_else(|| OpenError::new(format!("there is no model `{name}`")))?;
    let card = Card::read(&file.folder.join(&section.card)).map_err(fail)?;
    let bytes = card.load(&locations.cache).map_err(fail)?;
    let graph = backend.compile(&bytes, &section.device).map_err(fail)?;
    card.check(graph.as_ref()).map_err(fail)?;
    Ok(Model {
        name: name.to_owned(),
        digest: card.sha256.clone(),
        graph,
        labels: Arc::default(),
        card: Some(Arc::new(card)),
    })
}

fn open_gallery(
    section: &GallerySection,
    file: &PipelineFile,
    registry: &Registry,
    locations: &Locations,
    backend: Arc<dyn Backend>,
) -> Result<Enrolment, OpenError> {
    let fail = |message: String| OpenError::new(format!("[gallery] {message}"));
    let Some(Class::Tensor {
        element: ElementType::F32,
        shape,
    }) = file.classes.get(&section.template)
    else {
        return Err(fail(format!(
            "`template` is `{}`, which is not declared as a tensor of f32",
            section.template
        )));
    };
    if !matches!(file.classes.get(&section.face), Some(Class::Image { .. })) {
        return Err(fail(format!(
            "`face` is `{}`, which is not declared as an image",
            section.face
        )));
    }
    let dimension = shape
        .iter()
        .try_fold(1_usize, |n, &side| n.checked_mul(side as usize))
        .filter(|&dimension| dimension > 0)
        .ok_or_else(|| fail(format!("a template of shape {shape:?} has no fixed length")))?;
    let snapshot = registry.snapshot();
    let maker = snapshot.get(&section.made_by).ok_or_else(|| {
        fail(format!(
            "`made-by` is `{}`, and there is no such model",
            section.made_by
        ))
    })?;
    let gallery = match &locations.gallery {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| {
                fail(format!(
                    "the folder {} cannot be made: {error}",
                    folder.display()
                ))
            })?;
            Gallery::open(&folder.join("gallery.redb"), &maker.digest, dimension)
        }
        None => Gallery::in_memory(&maker.digest, dimension),
    };
    Ok(Enrolment {
        gallery: gallery.map_err(|error| fail(error.to_string()))?,
        section: section.clone(),
        backend,
        swap: std::sync::Mutex::new(()),
    })
}
