//! From a pipeline file to a pipeline that can work.

use crate::deployment::{Definition, Deployment};
use crate::elsewhere::{Border, Here};
use crate::enrol::Enrolment;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::members::Members;
use crate::node::NodeFacts;
use crate::order::order;
use crate::parts::{OpenModel, OpenStage, Parts};
use crate::place::Place;
use crate::supply::Supply;
use crate::version::Version;
use footlight_artifacts::Lease;
use footlight_boundary::Plan;
use footlight_nn::{Registry, Runtimes, Snapshot};
use footlight_sandbox::{Inspection, Limits, Sandbox, Usage};
use footlight_trust::SiteKey;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

/// Where a host finds what a pipeline file names.
#[derive(Debug, Clone, Default)]
pub struct Locations {
    /// Folders in which components are looked for, after that of the pipeline file.
    pub stages: Vec<PathBuf>,
    /// The cache folder, where model files lie under their digest.
    pub cache: PathBuf,
    /// Where the artifacts come from that are named by reference; none has none.
    pub artifacts: Option<Arc<Supply>>,
    /// The folder in which the gallery is kept, or the artifact that it comes as, which is enrolled elsewhere; none
    /// keeps it in memory.
    pub gallery: Option<Place>,
    /// Where members are kept that several hosts share, each encrypted with `site_key`; then they are there and nowhere
    /// else, whatever `gallery` says.
    pub members: Option<Arc<dyn Members>>,
    /// What galleries travel encrypted with.
    pub site_key: Option<Arc<SiteKey>>,
    /// Where the host is, and which stages it runs; none where it is the only one and runs all of them.
    pub here: Option<Here>,
}

/// A pipeline that is open: components compiled, models on their devices, the gallery read.
pub struct Pipeline {
    pub(crate) file: PipelineFile,
    /// The names of all its stages, in the order in which they run.
    pub(crate) order: Vec<String>,
    /// Those that run here, in that order.
    pub(crate) stages: Vec<OpenStage>,
    /// What it is behind, where there are zones and the host is in one.
    pub(crate) border: Option<Border>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) enrolment: Option<Enrolment>,
    pub(crate) version: Version,
    /// Whether all stages have run their probe items.
    pub(crate) probed: AtomicBool,
    pub(crate) site_key: Option<Arc<SiteKey>>,
    origin: String,
    usage: Arc<Usage>,
    // What it was made of is not dropped from the store.
    _lease: Option<Lease>,
    // It counts the time of stages for as long as it is there.
    _sandbox: Arc<Sandbox>,
    _held: Arc<()>,
}

/// A stage as people are told of it.
#[derive(Debug, Clone)]
pub struct StageInfo {
    /// Its name in the pipeline.
    pub name: String,
    /// Where the component was found: a file, or a reference with its digest.
    pub component: Place,
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
    /// Opens a pipeline of which there will be one version only, with an engine of its own: compiles its
    /// components and models, and reads its gallery.
    ///
    /// # Errors
    /// Whatever the file gets wrong or is missing, in the words of whoever wrote it.
    pub fn open(
        path: &Path,
        locations: &Locations,
        runtimes: &Arc<Runtimes>,
    ) -> Result<Self, OpenError> {
        let definition = Definition::read(path)?;
        let sandbox = Sandbox::new().map_err(|error| OpenError::new(error.to_string()))?;
        Deployment::new(Arc::new(sandbox), runtimes.clone(), locations.clone())
            .open(definition, &[])
    }

    pub(crate) fn from_definition(
        deployment: &Deployment,
        definition: Definition,
        reuse: &[&Pipeline],
    ) -> Result<Self, OpenError> {
        let file = definition.file;
        let order = order(&file)?;
        check_models(&file)?;
        // What could let something out is told of first.
        let plan = file.check_zones()?;
        file.check()?;
        let here = deployment.locations.here.as_ref();
        let border = here.map(|here| border(plan.as_ref(), here)).transpose()?;
        let node = deployment.node();
        let run_here = local(&file, &order, border.as_ref(), here, node.as_ref());
        let parts = Parts {
            file: &file,
            here: &run_here,
            locations: &deployment.locations,
            runtimes: &deployment.runtimes,
            reuse,
        };
        // Components and models are compiled by different libraries, which can do so at the same time; and while
        // one comes over the network, another is compiled.
        let (stages, models) = thread::scope(|scope| {
            let stages = scope.spawn(|| open_stages(parts, deployment));
            let models = open_models(parts);
            (stages.join(), models)
        });
        let mut stages = stages.unwrap_or_else(|panic| resume_unwind(panic))?;
        let models = models?;
        let lease = parts.hold(&stages, &models);
        let registry = Arc::new(Registry::new());
        for model in models {
            registry.put(model.model);
        }
        let version = match definition.version {
            Some(digest) => Version::named(digest, &stages, &registry),
            None => parts.version(&stages, &registry)?,
        };
        let enrolment = match &file.gallery {
            Some(section) if parts.wants_gallery(section) => {
                Some(parts.gallery(section, &registry, deployment, border.as_ref())?)
            }
            _ => None,
        };
        let models = registry.snapshot();
        for stage in &mut stages {
            stage.proven = parts.proven(stage, &models);
        }
        Ok(Self {
            file,
            order,
            stages,
            border,
            registry,
            enrolment,
            version,
            probed: AtomicBool::new(false),
            site_key: deployment.locations.site_key.clone(),
            origin: definition.origin,
            usage: deployment.usage.clone(),
            _lease: lease,
            _sandbox: deployment.sandbox.clone(),
            _held: deployment.held.clone(),
        })
    }

    /// The pipeline's name.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The file that it was opened from.
    pub fn file(&self) -> &PipelineFile {
        &self.file
    }

    /// Those of its stages that run here, in their order.
    pub fn stages(&self) -> Vec<StageInfo> {
        self.stages.iter().map(OpenStage::info).collect()
    }

    /// Its models as they are now, the gallery's among them.
    pub fn models(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    /// What exactly it is. The gallery, which changes while it runs, is not among the models here: an
    /// [`Outcome`](crate::Outcome) has it as the frame saw it.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Where it came from, as people are told: a path, a reference.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What its stages hold right now, and those of the other versions of its deployment.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }
}

/// What a host is behind that says where it is.
fn border(plan: Option<&Arc<Plan>>, here: &Here) -> Result<Border, OpenError> {
    let plan = plan.ok_or_else(|| {
        OpenError::new(format!(
            "this host is in the zone `{}`, and the file has no [zones]: add it, with [placement] and [boundary], or \
             start the host without a certificate for other hosts",
            here.zone
        ))
    })?;
    Border::new(plan.clone(), here.zone.clone()).map_err(|refusal| {
        OpenError::new(format!(
            "the certificate of this host says where it is, and {refusal}: add the zone to `names` in [zones], or give \
             the host the certificate of another"
        ))
    })
}

/// The stages that this host is to run.
fn local(
    file: &PipelineFile,
    order: &[String],
    border: Option<&Border>,
    here: Option<&Here>,
    node: Option<&NodeFacts>,
) -> Vec<String> {
    let mine = |name: &&String| {
        let placed =
            border.is_none_or(|border| border.plan.may_run(name, border.zone.as_str()).is_ok());
        let chosen = here.and_then(|here| here.stages.as_ref());
        let placement = file.placement.get(*name);
        let fits = match (placement, node) {
            (Some(placement), Some(node)) => placement.fits(node).is_ok(),
            _ => true,
        };
        placed && chosen.is_none_or(|chosen| chosen.contains(*name)) && fits
    };
    order.iter().filter(mine).cloned().collect()
}

/// The stages that run here, in their order.
fn open_stages(parts: Parts, deployment: &Deployment) -> Result<Vec<OpenStage>, OpenError> {
    let sections = parts
        .here
        .iter()
        .filter_map(|name| Some((name, parts.file.stages.get(name)?)));
    sections
        .map(|(name, section)| parts.stage(&deployment.sandbox, &deployment.usage, name, section))
        .collect()
}

/// All models that stages here use, but the gallery's.
fn open_models(parts: Parts) -> Result<Vec<OpenModel>, OpenError> {
    let sections = parts.file.models.iter();
    sections
        .filter(|(name, _)| parts.uses(name))
        .map(|(name, section)| parts.model(name, section))
        .collect()
}

/// Every model that a stage asks for must be there, and every one must have a name of its own.
pub(crate) fn check_models(file: &PipelineFile) -> Result<(), OpenError> {
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
