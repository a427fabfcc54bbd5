use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::is_sha256_hex;
use crate::{ElementType, Error, Graph, TensorInfo, read_text, sha256_hex};

/// What is known of a model, as written in `models/NAME.toml`: where it comes from, under which
/// licence, what it takes and gives. The model itself is never kept with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Card {
    /// The model's name.
    pub name: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The SHA-256 digest of the model file, in lower-case hexadecimal.
    pub sha256: String,
    /// The size of the model file in bytes.
    pub size: u64,
    /// The licence, as its publisher declares it, as an SPDX expression.
    pub licence: String,
    /// Who made it, as far as is known.
    pub origin: String,
    /// What it was trained on, as far as is known.
    pub training_data: String,
    /// Where the file can be had; one that only artifacts have names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Where the file is not what the source has, but made of it: the command that does so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// What it takes.
    #[serde(rename = "input")]
    pub inputs: Vec<CardTensor>,
    /// What it gives.
    #[serde(rename = "output")]
    pub outputs: Vec<CardTensor>,
    /// How its input is made from an image.
    pub preprocessing: Preprocessing,
    /// Where to draw the line, and how often that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
}

/// A package of a public registry that has the model file in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// The registry.
    pub registry: PackageRegistry,
    /// The package's name there.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The file name of the archive that the registry gives out.
    pub archive: String,
    /// The SHA-256 digest of the archive, in lower-case hexadecimal.
    pub archive_sha256: String,
    /// The archive's size in bytes, where known; whoever fetches it shows its progress by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_size: Option<u64>,
    /// The file inside of the archive.
    pub path: String,
    /// Where that file is a Python source: the name that the model is assigned to there, as one
    /// literal of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_bytes: Option<String>,
}

/// A public registry of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageRegistry {
    /// The Python Package Index; archives are wheels, which are zip files.
    Pypi,
    /// The registry of npm; archives are compressed tar files.
    Npm,
}

/// An input or an output, as a card describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CardTensor {
    /// The model's own name for it.
    pub name: String,
    /// The type of its elements.
    #[serde(rename = "type")]
    pub element: ElementType,
    /// The size of each dimension, outermost first: a number, or a name for one that varies.
    pub shape: Vec<Side>,
    /// What the dimensions are: `NCHW`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// What the numbers mean.
    pub meaning: String,
}

/// The size of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Side {
    /// Always this.
    Fixed(u32),
    /// It varies; the name says with what.
    Named(String),
}

/// How an image becomes the input: each element is `(pixel - mean) * scale`, pixel 0 to 255.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Preprocessing {
    /// The order of the channels: `rgb` or `bgr`.
    pub channels: String,
    /// Subtracted from each channel, in that order.
    pub mean: [f32; 3],
    /// Multiplied with each channel after that.
    pub scale: [f32; 3],
    /// How the image is brought to the input's size.
    pub resize: String,
    /// What else there is to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A decision threshold with the error rates it was chosen for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Threshold {
    /// A similarity of this or more is a match.
    pub value: f32,
    /// The pictures that it was measured on.
    pub measured_on: String,
    /// The share of pairs of different people that were taken for one, 0 to 1.
    pub false_match_rate: f64,
    /// The share of pairs of one person that were taken for different people, 0 to 1.
    pub false_non_match_rate: f64,
    /// What else there is to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    ///
    /// `NotFound` where the file cannot be [read](read_text), `InvalidModel` where it is not a card; the message
    /// has the line.
    pub fn read(path: &Path) -> Result<Card, Error> {
        let text = read_text(path).map_err(|error| {
            Error::not_found(format!(
                "the model card {} cannot be read: {error}",
                path.display()
            ))
        })?;
        Card::parse(&text).map_err(|error| error.context(path.display()))
    }

    /// Reads a card from its text.
    ///
    /// # Errors
    ///
    /// `InvalidModel` where it is not a card; the message has the line.
    pub fn parse(text: &str) -> Result<Card, Error> {
        let card: Card = toml::from_str(text).map_err(|error| {
            Error::model(format!(
                "not a model card: {}",
                error.to_string().trim_end()
            ))
        })?;
        let archive = card.source.as_ref().map(|source| &source.archive_sha256);
        for digest in std::iter::once(&card.sha256).chain(archive) {
            if !is_sha256_hex(digest) {
                return Err(Error::model(format!(
                    "`{digest}` is not a sha-256 digest of 64 lower-case hexadecimal digits"
                )));
            }
        }
        // The archive is kept in the cache under this name.
        if let Some(archive) = card.source.as_ref().map(|source| &source.archive)
            && Path::new(archive).file_name() != Some(archive.as_ref())
        {
            return Err(Error::model(format!(
                "the archive `{archive}` is not a file name"
            )));
        }
        Ok(card)
    }

    /// Where the model file is in a cache folder (see [`cache_dir`](crate::cache_dir)).
    ///
    /// # Errors
    ///
    /// `NotFound` where it is not there.
    pub fn locate(&self, cache: &Path) -> Result<PathBuf, Error> {
        let path = cache.join("models").join(&self.sha256);
        if path.is_file() {
            return Ok(path);
        }
        let remedy = match (&self.made_by, &self.source) {
            (Some(command), _) => format!("`{command}` makes it"),
            (None, Some(source)) => format!(
                "`cargo xtask demo` fetches it from the package {} {}",
                source.package, source.version
            ),
            (None, None) => "name the artifact that has it in place of its card".to_owned(),
        };
        Err(Error::not_found(format!(
            "the model {} is not at {}; {remedy}",
            self.name,
            path.display(),
        )))
    }

    /// Reads the model file from a cache folder and checks that it is the one the card describes.
    ///
    /// # Errors
    ///
    /// `NotFound` where it is not there or cannot be read, `InvalidModel` where it is another file.
    pub fn load(&self, cache: &Path) -> Result<Vec<u8>, Error> {
        let path = self.locate(cache)?;
        let bytes = fs::read(&path).map_err(|error| {
            Error::not_found(format!(
                "the model {} cannot be read from {}: {error}",
                self.name,
                path.display()
            ))
        })?;
        let digest = sha256_hex(&bytes);
        if digest != self.sha256 {
            return Err(Error::model(format!(
                "the file {} is not the model {}: its sha-256 digest is {digest}; delete it and \
                 fetch it again",
                path.display(),
                self.name
            )));
        }
        if bytes.len() as u64 != self.size {
            return Err(Error::model(format!(
                "the card of the model {} says {} bytes, and the file of that digest has {}; \
                 correct the card",
                self.name,
                self.size,
                bytes.len()
            )));
        }
        Ok(bytes)
    }

    /// Checks that a compiled model has the inputs and outputs that the card describes.
    ///
    /// # Errors
    ///
    /// `InvalidModel`, with what the card says and what the model has.
    pub fn check(&self, graph: &dyn Graph) -> Result<(), Error> {
        for (what, described, found) in [
            ("input", &self.inputs, graph.inputs()),
            ("output", &self.outputs, graph.outputs()),
        ] {
            if described.len() != found.len() {
                return Err(Error::model(format!(
                    "the card of the model {} describes {} {what}s, and the model has {}",
                    self.name,
                    described.len(),
                    found.len()
                )));
            }
            for (described, found) in described.iter().zip(found) {
                if !described.matches(found) {
                    return Err(Error::model(format!(
                        "the card of the model {} describes the {what} {described}, and the model \
                         has {found}; correct the card",
                        self.name
                    )));
                }
            }
        }
        Ok(())
    }
}

impl CardTensor {
    /// A library may not know a side that the card knows, or the other way round: only what both know
    /// must agree.
    fn matches(&self, info: &TensorInfo) -> bool {
        self.name == info.name
            && self.element == info.element
            && self.shape.len() == info.shape.len()
            && self.shape.iter().zip(&info.shape).all(|pair| match pair {
                (Side::Fixed(side), Some(found)) => side == found,
                _ => true,
            })
    }
}

impl fmt::Display for CardTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides: Vec<String> = self.shape.iter().map(Side::to_string).collect();
        write!(f, "{} {} [{}]", self.name, self.element, sides.join(", "))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Fixed(side) => side.fmt(f),
            Side::Named(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for PackageRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PackageRegistry::Pypi => "PyPI",
            PackageRegistry::Npm => "npm",
        })
    }
}
