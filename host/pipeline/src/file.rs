use crate::class::Class;
use crate::error::OpenError;
use crate::node::StagePlacement;
use crate::open::Locations;
use crate::place::Place;
use footlight_artifacts::Reference;
use footlight_boundary::{Rule, Zones};
use footlight_gallery::Gate;
use footlight_nn::{BatchOptions, DeviceSpec, read_text, sha256_hex};
use footlight_sandbox::{Limits, Value};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A pipeline file, as written. Unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PipelineFile {
    /// The pipeline's name, part of its address: 1 to 64 characters of a-z, 0-9 and -.
    pub name: String,
    /// The class that a frame enters as.
    pub source: String,
    /// What an item of each class must be.
    pub classes: BTreeMap<String, Class>,
    /// Models by name.
    #[serde(default)]
    pub models: BTreeMap<String, ModelSection>,
    /// The gallery of members, where the pipeline has one.
    pub gallery: Option<GallerySection>,
    /// Stages by name.
    pub stages: BTreeMap<String, StageSection>,
    /// The lists of the answer, each with the class whose items it has.
    #[serde(default)]
    pub answer: BTreeMap<String, String>,
    /// The zones that hosts are in, where there is more than one.
    pub zones: Option<Zones>,
    /// Where a stage may run; one that is not here may run everywhere.
    #[serde(default)]
    pub placement: BTreeMap<String, StagePlacement>,
    /// What lets items of a class leave a zone; what is not here stays.
    #[serde(default)]
    pub boundary: BTreeMap<String, Rule>,
    /// Where the file lies; paths in it start there.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The artifact that the file came in, whose repository has all its parts; none for a file.
    #[serde(skip)]
    pub(crate) home: Option<Reference>,
    /// The sha256 of its text, in hex.
    #[serde(skip)]
    pub digest: String,
}

/// A model and where it runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelSection {
    /// The card that describes it, or the artifact that has it with its card.
    pub card: Place,
    /// The device that it runs on; any processor where none is named.
    #[serde(default)]
    pub device: DeviceSpec,
    /// Devices for where that one cannot be had, in this order. With none, that is an error.
    #[serde(default)]
    pub fallback: Vec<DeviceSpec>,
    /// How the inferences of several items are put together; without it, each is one of its own.
    pub batch: Option<BatchOptions>,
}

/// The gallery and what an enrolment photo must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GallerySection {
    /// The name under which stages find the gallery's graph.
    pub model: String,
    /// The device that it runs on; any processor where none is named.
    #[serde(default)]
    pub device: DeviceSpec,
    /// Devices for where that one cannot be had, in this order. With none, that is an error.
    #[serde(default)]
    pub fallback: Vec<DeviceSpec>,
    /// The class of the items that are kept as templates; a tensor of f32.
    pub template: String,
    /// The model that makes them.
    pub made_by: String,
    /// The class of the faces that templates are made from; an image, with the attributes `box` (a
    /// rectangle), `landmarks` (five points) and `score`.
    pub face: String,
    /// What an enrolment photo must be.
    #[serde(default)]
    pub gate: Gate,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StageSection {
    /// The component: a file beside the pipeline file or in a folder for stages, or an artifact.
    pub component: Place,
    /// The component's sha256 in hex; where given, no other is taken.
    pub sha256: Option<String>,
    /// The class of the items that it works on.
    pub input: String,
    /// The classes of the items that it may yield.
    pub yields: Vec<String>,
    /// The stage's own names for graphs, each with the model that it gets.
    #[serde(default)]
    pub models: BTreeMap<String, String>,
    /// What the stage is told.
    #[serde(default, deserialize_with = "settings")]
    pub settings: BTreeMap<String, Value>,
    /// What it may use for an item.
    #[serde(default)]
    pub limits: Limits,
    /// Whether it may load models from bytes of its own. They reach a native parser: only for stages
    /// that are trusted with that.
    #[serde(default)]
    pub allow_load: bool,
}

impl StageSection {
    /// Whether a component of this digest is the one that is asked for.
    pub(crate) fn is_of(&self, digest: &str, origin: &Place) -> Result<(), String> {
        match self.sha256.as_ref().filter(|wanted| *wanted != digest) {
            None => Ok(()),
            Some(wanted) => Err(format!(
                "{origin}: the component's sha256 is {digest}, and the pipeline file asks for {wanted}: \
                 get the component that was meant, or correct `sha256`"
            )),
        }
    }
}

impl PipelineFile {
    /// Reads a pipeline file: TOML, or, by its extension, an object of Kubernetes in YAML or JSON.
    ///
    /// # Errors
    /// [`OpenError`] with the file's name, and the line where that helps.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        let at = |message: String| OpenError::new(format!("{}: {message}", path.display()));
        let text = read_text(path).map_err(|error| {
            at(format!(
                "the pipeline file cannot be read: {error}{}",
                meant(path)
            ))
        })?;
        let object = path
            .extension()
            .is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json");
        let parse = if object {
            Self::parse_object
        } else {
            Self::parse
        };
        let mut file = parse(&text).map_err(|error| at(error.to_string()))?;
        file.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(file)
    }

    /// Reads the text of a pipeline file whose paths start at the current folder.
    ///
    /// # Errors
    /// [`OpenError`] for text that is not TOML, an unknown or missing key, or a value of the wrong kind.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let mut file: Self = toml::from_str(text)
            .map_err(|error| OpenError::new(error.to_string().trim_end().to_owned()))?;
        file.digest = sha256_hex(text.as_bytes());
        Ok(file)
    }

    /// Where a component may be, in the order in which it is looked for.
    pub(crate) fn candidates<'a>(
        &'a self,
        component: &'a Path,
        locations: &'a Locations,
    ) -> impl Iterator<Item = PathBuf> + 'a {
        std::iter::once(&self.folder)
            .chain(&locations.stages)
            .map(move |folder| folder.join(component))
    }

    /// The file of a component: the first that is there.
    ///
    /// # Errors
    /// [`OpenError`] with every place that was looked at.
    pub fn locate(&self, component: &Path, locations: &Locations) -> Result<PathBuf, OpenError> {
        let candidates: Vec<_> = self.candidates(component, locations).collect();
        let found = candidates.iter().find(|path| path.is_file());
        found.cloned().ok_or_else(|| {
            let places = candidates.iter().map(|path| path.display().to_string());
            OpenError::new(format!(
                "the component is not there: looked for {}; build it, or say where it is with --stages{}",
                places.collect::<Vec<_>>().join(", "),
                meant(component)
            ))
        })
    }

    /// Every file that it names, wherever it may be found; models are not among them, as cards name these
    /// by their digest.
    pub(crate) fn names(&self, locations: &Locations) -> Vec<PathBuf> {
        let components = self
            .stages
            .values()
            .filter_map(|stage| stage.component.file());
        let components = components.flat_map(|path| self.candidates(path, locations));
        let cards = self.models.values().filter_map(|model| model.card.file());
        let cards = cards.map(|card| self.folder.join(card));
        components.chain(cards).collect()
    }
}

/// What a file that is not there may have been meant as, for the end of a message.
pub(crate) fn meant(path: &Path) -> String {
    let reference = path.to_str().and_then(Reference::almost);
    reference.map_or_else(String::new, |advice| format!("; {advice}"))
}

/// TOML values as a stage sees them.
fn settings<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let table = BTreeMap::<String, toml::Value>::deserialize(from)?;
    let pairs = table.into_iter().map(|(name, value)| {
        let value = setting(value)
            .map_err(|why| serde::de::Error::custom(format!("the setting `{name}` {why}")))?;
        Ok((name, value))
    });
    pairs.collect()
}

fn setting(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::Boolean(flag) => Value::Flag(flag),
        toml::Value::Integer(integer) => Value::Integer(integer),
        toml::Value::Float(number) if number.is_finite() => Value::Number(number),
        toml::Value::Float(number) => return Err(format!("is {number}, which is not finite")),
        toml::Value::String(text) => Value::Text(text),
        toml::Value::Array(list) => match numbers(&list) {
            Some(numbers) => Value::Numbers(numbers),
            None => json(toml::Value::Array(list))?,
        },
        other => json(other)?,
    })
}

fn json(value: toml::Value) -> Result<Value, String> {
    let json = serde_json::to_value(value).map_err(|error| format!("cannot be JSON: {error}"))?;
    Ok(Value::Json(json))
}

fn numbers(list: &[toml::Value]) -> Option<Vec<f64>> {
    list.iter()
        .map(|value| match value {
            // Every integer that a setting would hold has an exact f64.
            #[allow(clippy::cast_precision_loss)]
            toml::Value::Integer(integer) => Some(*integer as f64),
            toml::Value::Float(number) => Some(*number).filter(|number| number.is_finite()),
            _ => None,
        })
        .collect()
}
