//! Stages, models and pipelines, fetched.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::thread;

use crate::artifacts::Origin;
use crate::component::Interface;
use crate::kind::{Kind, media_type};
use crate::manifest::{ArtifactManifest, Descriptor, Manifest};
use crate::place::Place;
use crate::{Artifacts, Digest, Error, Judgement, Reference};

/// Says which part of a pipeline a manifest of its index is: `stages.NAME` or `models.NAME`.
pub(crate) const PART: &str = "dev.footlight.part";

/// What is known of a fetched artifact besides its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The digest of its manifest.
    pub digest: Digest,
    /// What its maker says of it.
    pub annotations: BTreeMap<String, String>,
    /// Who said that the reference means this one.
    pub origin: Origin,
    /// Why it is trusted; none where nobody judges, and for a part of what was judged.
    pub judgement: Option<Judgement>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What is known of it.
    pub about: Fetched,
    /// The component.
    pub component: Vec<u8>,
    /// The component's own digest.
    pub component_digest: Digest,
    /// What it imports and exports, read from the component itself.
    pub interface: Interface,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What is known of it.
    pub about: Fetched,
    /// The card, in TOML.
    pub card: String,
    /// The model, in ONNX.
    pub model: Vec<u8>,
}

/// An encrypted gallery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedGallery {
    /// What is known of it.
    pub about: Fetched,
    /// What is known of the gallery, in JSON.
    pub config: String,
    /// The gallery, encrypted.
    pub sealed: Vec<u8>,
}

/// A pipeline: its file, and which artifacts its parts are. Those are fetched one by one, so that one can be compiled
/// while another comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// What is known of it.
    pub about: Fetched,
    /// The pipeline's file, in TOML.
    pub file: String,
    /// The digests of its parts, by `stages.NAME` and `models.NAME`.
    pub parts: BTreeMap<String, Digest>,
    /// The repository that it is from, which has all parts.
    pub home: Reference,
}

impl Artifacts {
    /// Fetches a stage, if it is trusted.
    pub fn stage(&self, reference: &Reference) -> Result<Stage, Error> {
        let (about, places) = self.admit(reference)?;
        self.fetch_stage(about, &[&*places])
    }

    /// Fetches a model, if it is trusted.
    pub fn model(&self, reference: &Reference) -> Result<Model, Error> {
        let (about, places) = self.admit(reference)?;
        self.fetch_model(about, &[&*places])
    }

    /// Fetches an encrypted gallery, if it is trusted.
    pub fn gallery(&self, reference: &Reference) -> Result<SealedGallery, Error> {
        let (mut about, place) = self.admit(reference)?;
        let places = [&*place];
        let manifest = self.artifact(&mut about, Kind::Gallery, &places)?;
        let layer = only_layer(&about, &manifest, place.name(), media_type::GALLERY_BLOB)?;
        Ok(SealedGallery {
            config: self.text("gallery's config", &manifest.config, &places)?,
            sealed: self.blob_bytes("gallery", layer, self.options.limits.model, &places)?,
            about,
        })
    }

    /// Fetches a pipeline's index and file, if it is trusted. Its parts are trusted with it.
    pub fn pipeline(&self, reference: &Reference) -> Result<Pipeline, Error> {
        let (mut about, place) = self.admit(reference)?;
        let places = [&*place];
        let name = place.name();
        let bytes = self.manifest_bytes(&about.digest, &places)?;
        let index = Manifest::parse(name, &bytes)?.expect_pipeline(name)?;
        about.annotations = index.annotations;
        let fails = |detail: String| Error::Manifest {
            place: name.to_owned(),
            digest: about.digest,
            detail,
        };
        let mut files = Vec::new();
        let mut parts = BTreeMap::new();
        for entry in index.manifests {
            if entry.artifact_type.as_deref() == Some(media_type::PIPELINE_FILE) {
                files.push(entry);
                continue;
            }
            let Some(part) = entry.annotations.get(PART) else {
                return Err(fails(format!(
                    "it has {}, and not as which part",
                    entry.digest
                )));
            };
            if parts.insert(part.clone(), entry.digest).is_some() {
                return Err(fails(format!("it has two parts `{part}`")));
            }
        }
        let [file] = files.as_slice() else {
            return Err(fails(format!(
                "it has {} pipeline files, not one",
                files.len()
            )));
        };
        let bytes = self.manifest_bytes(&file.digest, &places)?;
        let manifest = Manifest::parse(name, &bytes)?.expect_artifact(name, Kind::PipelineFile)?;
        let layer = only_layer(&about, &manifest, name, media_type::PIPELINE_TOML)?;
        Ok(Pipeline {
            file: self.text("pipeline's file", layer, &places)?,
            parts,
            home: reference.at(about.digest),
            about,
        })
    }

    /// Fetches a stage that something trusted names by its digest: a part of a pipeline. It is looked for in the store,
    /// then in these repositories, one after the other. It is not judged.
    pub fn stage_at(&self, digest: &Digest, repositories: &[Reference]) -> Result<Stage, Error> {
        let places: Vec<_> = repositories.iter().map(|place| self.place(place)).collect();
        self.fetch_stage(Fetched::part(digest), &borrowed(&places))
    }

    /// As [`stage_at`](Self::stage_at), for a model.
    pub fn model_at(&self, digest: &Digest, repositories: &[Reference]) -> Result<Model, Error> {
        let places: Vec<_> = repositories.iter().map(|place| self.place(place)).collect();
        self.fetch_model(Fetched::part(digest), &borrowed(&places))
    }

    /// What a reference means, if that is trusted.
    fn admit(&self, reference: &Reference) -> Result<(Fetched, Box<dyn Place>), Error> {
        self.may_be_trusted(reference)?;
        let resolved = self.resolve(reference)?;
        let judgement = self.judge(reference, &resolved.digest)?;
        let about = Fetched {
            digest: resolved.digest,
            annotations: BTreeMap::new(),
            origin: resolved.origin,
            judgement,
        };
        Ok((about, self.place(reference)))
    }

    fn fetch_stage(&self, mut about: Fetched, places: &[&dyn Place]) -> Result<Stage, Error> {
        let manifest = self.artifact(&mut about, Kind::Stage, places)?;
        let layer = only_layer(&about, &manifest, name_of(places), media_type::WASM)?;
        let limit = self.options.limits.stage;
        let component = self.blob_bytes("component", layer, limit, places)?;
        let interface = Interface::of(&component).map_err(|error| Error::Manifest {
            place: name_of(places).to_owned(),
            digest: about.digest,
            detail: error.to_string(),
        })?;
        Ok(Stage {
            component,
            component_digest: layer.digest,
            interface,
            about,
        })
    }

    fn fetch_model(&self, mut about: Fetched, places: &[&dyn Place]) -> Result<Model, Error> {
        let manifest = self.artifact(&mut about, Kind::Model, places)?;
        let layer = only_layer(&about, &manifest, name_of(places), media_type::MODEL_ONNX)?;
        let limit = self.options.limits.model;
        let card = || self.text("model's card", &manifest.config, places);
        // Each takes a way to the registry and back.
        let (card, model) = thread::scope(|scope| {
            let beside = thread::Builder::new().spawn_scoped(scope, card);
            let model = self.blob_bytes("model", layer, limit, places);
            let card = match beside {
                Ok(beside) => beside.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // No thread is to be had.
                Err(_) => card(),
            };
            (card, model)
        });
        Ok(Model {
            card: card?,
            model: model?,
            about,
        })
    }

    /// The manifest of an artifact that must be of this kind.
    fn artifact(
        &self,
        about: &mut Fetched,
        kind: Kind,
        places: &[&dyn Place],
    ) -> Result<ArtifactManifest, Error> {
        let name = name_of(places);
        let bytes = self.manifest_bytes(&about.digest, places)?;
        let manifest = Manifest::parse(name, &bytes)?.expect_artifact(name, kind)?;
        about.annotations.clone_from(&manifest.annotations);
        Ok(manifest)
    }

    fn text(
        &self,
        what: &'static str,
        blob: &Descriptor,
        places: &[&dyn Place],
    ) -> Result<String, Error> {
        let bytes = self.blob_bytes(what, blob, self.options.limits.document, places)?;
        String::from_utf8(bytes).map_err(|_| Error::Content {
            what: format!("the {what} of {}", name_of(places)),
            detail: "it is no text in UTF-8".to_owned(),
        })
    }
}

impl Fetched {
    fn part(digest: &Digest) -> Self {
        Self {
            digest: *digest,
            annotations: BTreeMap::new(),
            origin: Origin::Reference,
            judgement: None,
        }
    }
}

impl Pipeline {
    /// The digest of a part.
    pub fn part(&self, name: &str) -> Result<&Digest, Error> {
        self.parts.get(name).ok_or_else(|| Error::NotFound {
            place: self.home.to_string(),
            what: format!("part `{name}`"),
        })
    }
}

/// The layer of an artifact that has one.
fn only_layer<'a>(
    about: &Fetched,
    manifest: &'a ArtifactManifest,
    place: &str,
    media_type: &str,
) -> Result<&'a Descriptor, Error> {
    let detail = match manifest.layers.as_slice() {
        [layer] if layer.media_type == media_type => return Ok(layer),
        [layer] => format!("its layer is `{}`, not `{media_type}`", layer.media_type),
        layers => format!("it has {} layers, not one of `{media_type}`", layers.len()),
    };
    Err(Error::Manifest {
        place: place.to_owned(),
        digest: about.digest,
        detail,
    })
}

fn name_of<'a>(places: &[&'a dyn Place]) -> &'a str {
    places.first().map_or("the store", |place| place.name())
}

fn borrowed(places: &[Box<dyn Place>]) -> Vec<&dyn Place> {
    places.iter().map(|place| &**place).collect()
}
