//! The parts of a pipeline, each opened by itself.

use crate::class::Class;
use crate::deployment::Deployment;
use crate::elsewhere::Border;
use crate::enrol::Enrolment;
use crate::error::OpenError;
use crate::file::{GallerySection, ModelSection, PipelineFile, StageSection};
use crate::followed::Followed;
use crate::gallery::{Kept, SharedGallery};
use crate::members::{Members, Reader, Shared};
use crate::obtain::ObtainedModel;
use crate::open::{Locations, Pipeline, StageInfo};
use crate::place::Place;
use crate::tag::Tag;
use crate::version::{Version, sha256};
use footlight_artifacts::{Digest, Reference};
use footlight_gallery::Gallery;
use footlight_nn::{
    Card, ElementType, Graph, Model, Placement, Registry, Runtimes, Snapshot, batched, sha256_hex,
};
use footlight_sandbox::{Component, Configuration, Sandbox, Stage, Usage};
use std::sync::{Arc, PoisonError};

/// What parts are opened from.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) file: &'a PipelineFile,
    /// The stages that run here, in their order.
    pub(crate) here: &'a [String],
    pub(crate) locations: &'a Locations,
    pub(crate) runtimes: &'a Arc<Runtimes>,
    /// Versions of the same pipeline that are open: what they have is not opened again.
    pub(crate) reuse: &'a [&'a Pipeline],
}

pub(crate) struct OpenStage {
    pub(crate) name: String,
    pub(crate) section: StageSection,
    pub(crate) stage: Stage,
    pub(crate) origin: Place,
    /// Whether an open version has a stage like it, which was found to work.
    pub(crate) proven: bool,
}

/// A model on its device.
pub(crate) struct OpenModel {
    pub(crate) model: Model,
    /// The artifact that it is from, where it is from one.
    pub(crate) artifact: Option<Digest>,
}

impl OpenStage {
    pub(crate) fn info(&self) -> StageInfo {
        StageInfo {
            name: self.name.clone(),
            component: self.origin.clone(),
            inspection: self.stage.component().inspection().clone(),
            input: self.section.input.clone(),
            yields: self.section.yields.clone(),
            limits: self.section.limits.clone(),
        }
    }

    /// How many items it is to work on at a time, where that lets a model of its put their inferences
    /// together.
    pub(crate) fn shares(&self, models: &Snapshot) -> Option<usize> {
        let names = self.section.models.values();
        let batched = names.filter_map(|name| models.get(name)?.batched.as_ref());
        batched.map(|batched| batched.max() as usize).max()
    }
}

impl Parts<'_> {
    /// Finds and compiles the component of a stage.
    pub(crate) fn stage(
        self,
        sandbox: &Sandbox,
        usage: &Arc<Usage>,
        name: &str,
        section: &StageSection,
    ) -> Result<OpenStage, OpenError> {
        let (component, origin) = match self.running_component(section) {
            Some(running) => running,
            None => self
                .new_component(sandbox, name, section)
                .map_err(|error| error.within(format_args!("[stages.{name}] ")))?,
        };
        let configuration = Configuration {
            name: name.to_owned(),
            models: section.models.clone(),
            settings: section.settings.clone(),
            limits: section.limits.clone(),
            load: section.allow_load.then(|| self.runtimes.clone()),
            usage: usage.clone(),
        };
        Ok(OpenStage {
            stage: Stage::new(component, configuration),
            section: section.clone(),
            origin,
            name: name.to_owned(),
            proven: false,
        })
    }

    /// Obtains a component, and compiles it where no version has it open.
    fn new_component(
        self,
        sandbox: &Sandbox,
        name: &str,
        section: &StageSection,
    ) -> Result<(Component, Place), OpenError> {
        let (bytes, origin) = self.obtain_component(&section.component)?;
        let digest = sha256_hex(&bytes);
        section.is_of(&digest, &origin)?;
        let component = match self.component(&digest) {
            Some(component) => component,
            None => {
                let compiled = sandbox.compile(&bytes);
                let component = compiled.map_err(|error| format!("{origin}: {error}"))?;
                tracing::info!(stage = name, digest, "component ready");
                component
            }
        };
        Ok((component, origin))
    }

    /// Reads a model and compiles it for its device.
    pub(crate) fn model(self, name: &str, section: &ModelSection) -> Result<OpenModel, OpenError> {
        if let Some(running) = self.running_model(section) {
            return Ok(OpenModel {
                model: Model {
                    name: name.to_owned(),
                    ..running
                },
                artifact: section.card.artifact().and_then(Reference::digest).copied(),
            });
        }
        let ObtainedModel {
            card,
            content,
            artifact,
        } = self
            .obtain_model(&section.card)
            .map_err(|error| error.within(format_args!("[models.{name}] ")))?;
        let model = self.compile_model(name, section, card, content)?;
        Ok(OpenModel { model, artifact })
    }

    fn compile_model(
        self,
        name: &str,
        section: &ModelSection,
        card: Card,
        content: Option<Vec<u8>>,
    ) -> Result<Model, OpenError> {
        let fail = |error: footlight_nn::Error| OpenError::new(format!("[models.{name}] {error}"));
        if let Some(model) = self.compiled(&card, section) {
            card.check(model.graph.as_ref()).map_err(fail)?;
            return Ok(Model {
                name: name.to_owned(),
                card: Some(Arc::new(card)),
                ..model
            });
        }
        let bytes = match content {
            Some(bytes) => bytes,
            None => card.load(&self.locations.cache).map_err(fail)?,
        };
        let compiled = self
            .runtimes
            .compile_kept(&bytes, &section.device, &section.fallback)
            .map_err(fail)?;
        card.check(compiled.graph.as_ref()).map_err(fail)?;
        let batched = match &section.batch {
            Some(options) => {
                let backend = self.runtimes.library(compiled.placement.library);
                let shared = backend.and_then(|backend| {
                    batched(compiled.graph.clone(), backend.as_ref(), &bytes, options)
                });
                Some(shared.map_err(|error| fail(error.context("`batch` cannot be had")))?)
            }
            None => None,
        };
        let graph = match &batched {
            Some(batched) => batched.clone() as Arc<dyn Graph>,
            None => compiled.graph,
        };
        placed(name, &compiled.placement);
        Ok(Model {
            name: name.to_owned(),
            digest: card.sha256.clone(),
            graph,
            batched,
            placement: compiled.placement,
            labels: Arc::default(),
            card: Some(Arc::new(card)),
        })
    }

    /// Opens the gallery, or takes the one that another version has opened, and has its graph follow it.
    pub(crate) fn gallery(
        self,
        section: &GallerySection,
        registry: &Arc<Registry>,
        deployment: &Deployment,
        border: Option<&Border>,
    ) -> Result<Enrolment, OpenError> {
        let fail = |message: String| OpenError::new(format!("[gallery] {message}"));
        let dimension = check_gallery(self.file, section)?;
        let maker = self
            .maker(section, registry)
            .map_err(|error| error.within("[gallery] "))?;
        let gallery = self
            .only_gallery(deployment, &maker, dimension)
            .map_err(fail)?;
        let now = gallery.gallery();
        let (made_by, numbers) = (now.feature_model(), now.dimension());
        if (made_by, numbers) != (maker.as_str(), dimension) {
            return Err(fail(format!(
                "the host has a gallery open whose templates are {numbers} numbers of the model {made_by}, and \
                 here they are {dimension} numbers of the model {}: templates of another model mean nothing to \
                 it. Keep that model, or start a host with another gallery and enrol the members again",
                maker
            )));
        }
        // Before its graph is in the registry: no frame is to see an empty gallery.
        let reader = gallery.shared().map(|shared| {
            let border = border.map(|border| {
                let class = section.template.clone();
                (class, border.zone.clone(), border.plan.clone())
            });
            let reader = Arc::new(Reader::new(border));
            shared.hold_to_first(&reader);
            reader
        });
        gallery.take_members()?;
        let follower = match self.searches(section) {
            true => Some(gallery.follow(registry.clone(), section)?),
            false => None,
        };
        Ok(Enrolment {
            _follower: follower,
            reader,
            gallery,
            section: section.clone(),
        })
    }

    /// The gallery of all versions; opened by the first of them.
    fn only_gallery(
        self,
        deployment: &Deployment,
        made_by: &str,
        dimension: usize,
    ) -> Result<Arc<SharedGallery>, String> {
        let opening = &deployment.opening_gallery;
        let _opening = opening.lock().unwrap_or_else(PoisonError::into_inner);
        // Who looks at the gallery does not wait while it is fetched.
        let open = &deployment.gallery;
        let lock = || open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = &*lock() {
            return Ok(shared.clone());
        }
        let (gallery, kept) = self.open_gallery(made_by, dimension)?;
        let shared = SharedGallery::new(gallery, kept, self.runtimes.clone());
        Ok(lock().insert(Arc::new(shared)).clone())
    }

    /// The digest of the model that templates are made by.
    fn maker(self, section: &GallerySection, registry: &Registry) -> Result<String, OpenError> {
        let name = &section.made_by;
        if let Some(model) = registry.snapshot().get(name) {
            return Ok(model.digest.clone());
        }
        // Another host runs it.
        let Some(model) = self.file.models.get(name) else {
            return Err(OpenError::new(no_maker(name)));
        };
        Ok(self.obtain_model(&model.card)?.card.sha256)
    }

    /// Whether a stage here uses a model.
    pub(crate) fn uses(self, model: &String) -> bool {
        let stages = self.file.stages.iter();
        let mut here = stages.filter(|(name, _)| self.here.contains(name));
        // A model that no stage uses is one that somebody may ask for.
        let unused = || {
            let mut stages = self.file.stages.values();
            !stages.any(|stage| stage.models.values().any(|used| used == model))
        };
        here.any(|(_, stage)| stage.models.values().any(|used| used == model)) || unused()
    }

    /// Whether the gallery is searched here.
    fn searches(self, section: &GallerySection) -> bool {
        self.locations.here.is_none() || self.uses(&section.model)
    }

    /// Whether the gallery is wanted here: to be searched, or to enrol into it where photos may enter. That a gallery of
    /// one host must be where it is searched, and one that hosts share may also be elsewhere.
    pub(crate) fn wants_gallery(self, section: &GallerySection) -> bool {
        let shared = self.locations.members.is_some();
        let zone = self.locations.here.as_ref().map(|here| &here.zone);
        let enters = self.file.zones.as_ref().zip(zone);
        let enters = enters.is_some_and(|(zones, here)| zones.frames.contains(here));
        self.searches(section) || (shared && enters)
    }

    /// The version of a pipeline of files, which depends on all of them, also on those that are for other hosts.
    pub(crate) fn version(
        self,
        stages: &[OpenStage],
        models: &Registry,
    ) -> Result<Version, OpenError> {
        let mut version = Version::named(String::new(), stages, models);
        for (name, section) in &self.file.stages {
            if !version.stages.contains_key(name) {
                let obtained = self.obtain_component(&section.component);
                let (bytes, _) =
                    obtained.map_err(|error| error.within(format_args!("[stages.{name}] ")))?;
                version
                    .stages
                    .insert(name.clone(), sha256(&sha256_hex(&bytes)));
            }
        }
        for (name, section) in &self.file.models {
            if !version.models.contains_key(name) {
                let obtained = self.obtain_model(&section.card);
                let found =
                    obtained.map_err(|error| error.within(format_args!("[models.{name}] ")))?;
                version
                    .models
                    .insert(name.clone(), sha256(&found.card.sha256));
            }
        }
        version.pipeline = version.digest(self.file);
        Ok(version)
    }

    fn open_gallery(self, made_by: &str, dimension: usize) -> Result<(Gallery, Kept), String> {
        if let Some(members) = &self.locations.members {
            let gallery = Gallery::in_memory(made_by, dimension);
            let shared = self.share(members)?;
            return Ok((
                gallery.map_err(|error| error.to_string())?,
                Kept::Shared(shared),
            ));
        }
        let gallery = match &self.locations.gallery {
            Some(Place::File(folder)) => {
                std::fs::create_dir_all(folder).map_err(|error| {
                    format!("the folder {} cannot be made: {error}", folder.display())
                })?;
                Gallery::open(&folder.join("gallery.redb"), made_by, dimension)
            }
            Some(Place::Artifact(reference)) => {
                let followed = self.follow_gallery(reference)?;
                let (gallery, taken) = followed.fetch(made_by, dimension)?;
                followed.took(taken);
                return Ok((gallery, Kept::Followed(followed)));
            }
            None => Gallery::in_memory(made_by, dimension),
        };
        let gallery = gallery.map_err(|error| error.to_string())?;
        Ok((gallery, Kept::Here))
    }

    fn share(self, members: &Arc<dyn Members>) -> Result<Shared, String> {
        let Some(key) = &self.locations.site_key else {
            return Err(format!(
                "its members are kept as {}, encrypted, and this host has no key of the site: give it the key that the \
                 other hosts have",
                members.describe()
            ));
        };
        let zone = self.locations.here.as_ref().map(|here| here.zone.clone());
        let (members, key) = (members.clone(), key.clone());
        Ok(Shared::new(members, key, &self.file.name, zone))
    }

    fn follow_gallery(self, reference: &Reference) -> Result<Followed, String> {
        let Some(key) = &self.locations.site_key else {
            return Err(format!(
                "{reference} is encrypted, and this host has no key of the site: name the file of the key with \
                 --site-key"
            ));
        };
        let Some(supply) = &self.locations.artifacts else {
            return Err(format!("{reference} cannot be fetched: there is no store"));
        };
        let tag = Tag::new(reference.clone(), supply.clone());
        Ok(Followed::new(tag, key.clone(), &self.file.name))
    }
}

/// Whether a gallery's classes and its model are what it takes; how many numbers a template has.
pub(crate) fn check_gallery(
    file: &PipelineFile,
    section: &GallerySection,
) -> Result<usize, OpenError> {
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
    if !file.models.contains_key(&section.made_by) {
        return Err(fail(no_maker(&section.made_by)));
    }
    shape
        .iter()
        .try_fold(1_usize, |n, &side| n.checked_mul(side as usize))
        .filter(|&dimension| dimension > 0)
        .ok_or_else(|| fail(format!("a template of shape {shape:?} has no fixed length")))
}

fn no_maker(name: &str) -> String {
    format!("`made-by` is `{name}`, and there is no such model")
}

/// Says where a model runs; aloud where that is not where it was asked to.
pub(crate) fn placed(model: &str, placement: &Placement) {
    for passed in &placement.passed_over {
        tracing::warn!(
            model,
            asked = %passed.device,
            runs_on = %placement,
            reason = %passed.reason,
            "a device cannot be had, and the model runs on a fallback"
        );
    }
    tracing::info!(model, device = %placement, "model ready");
}
