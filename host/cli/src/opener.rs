//! Opening pipelines: what all of a host's have in common.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use footlight_artifacts::Judge;
use footlight_nn::{Runtimes, cache_dir};
use footlight_pipeline::{
    ArtifactSource, Deployment, FileSource, Here, Locations, Members, Place, References, Source,
    Supply,
};
use footlight_sandbox::Sandbox;
use footlight_sealed::Sealed;
use footlight_server::Served;
use footlight_trust::SiteKey;

use crate::args::RunArgs;
use crate::{artifact, locate};

/// What pipelines are opened with.
pub struct Opener {
    args: Arc<RunArgs>,
    compiled: Option<Arc<Sealed>>,
    runtimes: Arc<Runtimes>,
    supply: Arc<Supply>,
    site_key: Option<Arc<SiteKey>>,
    /// Where the host is, where it is one of several.
    here: Option<Here>,
    /// The trust policy that judges what is fetched.
    judge: Option<Arc<dyn Judge>>,
}

impl Opener {
    /// With what the command line says.
    pub fn prepare(
        args: &Arc<RunArgs>,
        site_key: Option<Arc<SiteKey>>,
        here: Option<Here>,
    ) -> Result<Self> {
        let compiled = locate::compiled();
        Ok(Self {
            args: args.clone(),
            runtimes: locate::runtimes(&args.locations.libraries, compiled.clone()),
            compiled,
            supply: artifact::supply(&args.locations.artifacts)?,
            site_key,
            judge: artifact::policy(&args.locations.artifacts)?,
            here,
        })
    }

    /// Opens the pipeline at a place that was named.
    pub fn open(&self, place: &Place) -> Result<Served> {
        let args = &self.args;
        let file = place.file().map(PathBuf::as_path);
        let locations = self.locations(file);
        // Before it is read: what is written from then on is a change.
        let source: Arc<dyn Source> = match place {
            Place::File(path) => Arc::new(FileSource::new(path, locations.clone())),
            Place::Artifact(reference) => {
                Arc::new(ArtifactSource::new(reference.clone(), self.supply.clone()))
            }
        };
        let definition = source.load()?;
        let several = args.pipelines.len() > 1;
        let file = &definition.file;
        let gallery = locate::gallery(&args.gallery, &file.name, several)?;
        if let (Place::Artifact(reference), None) = (&gallery, &file.gallery) {
            bail!(
                "{}: the pipeline has no [gallery], so it cannot verify with {reference}",
                definition.origin
            );
        }
        let deployment = self.deployment(locations, gallery)?;
        let pipeline = deployment.open(definition, &[])?;
        let sources = References::new(
            source.clone(),
            place.artifact().cloned(),
            self.supply.clone(),
            self.judge.clone(),
        );
        Ok(Served {
            deployment,
            pipeline,
            sources: Arc::new(sources),
            source,
            watch: !args.no_watch,
        })
    }

    /// What versions of a pipeline are opened with that somebody else says, with the members that it shares with other hosts,
    /// where it does.
    ///
    /// # Errors
    /// No place for its members.
    pub fn deploy(
        &self,
        pipeline: &str,
        members: Option<Arc<dyn Members>>,
    ) -> Result<Arc<Deployment>> {
        let gallery = locate::gallery(&self.args.gallery, pipeline, true)?;
        let locations = Locations {
            members,
            ..self.locations(None)
        };
        self.deployment(locations, gallery)
    }

    /// Whether members are encrypted with the key of a site here, and so may be shared.
    pub fn has_site_key(&self) -> bool {
        self.site_key.is_some()
    }

    /// Where the host is; none where it is one by itself.
    pub fn here(&self) -> Option<&Here> {
        self.here.as_ref()
    }

    fn locations(&self, file: Option<&Path>) -> Locations {
        Locations {
            stages: locate::stage_folders(file.unwrap_or(Path::new("")), &self.args.locations),
            cache: cache_dir(),
            artifacts: Some(self.supply.clone()),
            gallery: None,
            site_key: self.site_key.clone(),
            here: self.here.clone(),
            members: None,
        }
    }

    /// An engine for each pipeline: frames of one cannot take up the instances that another has room for.
    fn deployment(&self, locations: Locations, gallery: Place) -> Result<Arc<Deployment>> {
        let sandbox = match &self.compiled {
            Some(compiled) => Sandbox::new()?.keeping(compiled.clone()),
            None => Sandbox::new()?,
        };
        let locations = Locations {
            gallery: Some(gallery),
            ..locations
        };
        let deployment = Deployment::new(Arc::new(sandbox), self.runtimes.clone(), locations);
        Ok(Arc::new(deployment))
    }
}
