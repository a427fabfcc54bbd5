//! A model, of which the cache holds the file: by its digest only, so that a name cannot come to mean another file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use footlight_authoring::{Cache, Progress};
use serde::Deserialize;

use crate::digest::{file_sha256, sha256};
use crate::download;
use crate::python_literal;
use crate::source::Source;
use crate::unpack;

/// What fetching needs of a card `models/NAME.toml`; the host reads all of it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Model {
    /// The model's name.
    pub name: String,
    /// The digest of its file.
    pub sha256: String,
    /// Where the file comes from.
    pub source: FileSource,
    /// The command that makes the file of what the source has; none where it is that.
    made_by: Option<String>,
}

/// A file in a package's archive.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileSource {
    /// The archive.
    #[serde(flatten)]
    pub archive: Source,
    path: String,
    python_bytes: Option<String>,
}

/// The models that have a card in the folder and are to be fetched, sorted by the cards' names.
pub fn wanted(folder: &Path) -> Result<Vec<Model>> {
    let mut cards: Vec<_> = fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<std::io::Result<_>>()
        })
        .with_context(|| format!("cannot list {}", folder.display()))?;
    cards.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    cards.sort();
    let mut models: Vec<Model> = cards
        .iter()
        .map(|path| Model::read(path))
        .collect::<Result<_>>()?;
    models.retain(|model| model.made_by.is_none());
    Ok(models)
}

impl Model {
    /// Reads a card.
    pub fn read(path: &Path) -> Result<Model> {
        let read = || -> Result<Model> { Ok(toml::from_str(&fs::read_to_string(path)?)?) };
        read().with_context(|| path.display().to_string())
    }

    /// Where the file is.
    pub fn path(&self, cache: &Cache) -> PathBuf {
        cache.path("models").join(&self.sha256)
    }

    /// Whether the file is there, as the card says.
    pub fn is_present(&self, cache: &Cache) -> bool {
        file_sha256(&self.path(cache)).is_some_and(|digest| digest == self.sha256)
    }

    /// Fetches the archive if need be and takes the model out of it.
    pub fn fill(&self, cache: &Cache, progress: &Progress) -> Result<()> {
        let archive = download::archive(cache, progress, &self.source.archive)?;
        let path = self.source.path.as_str();
        let mut bytes = unpack::files(&archive, &[path])?
            .remove(path)
            .context("nothing unpacked")?;
        if let Some(variable) = &self.source.python_bytes {
            bytes = python_literal::bytes(&bytes, variable)
                .with_context(|| format!("cannot read {path}"))?;
        }
        let digest = sha256(&bytes);
        if digest != self.sha256 {
            bail!(
                "the model's card says sha256 {}, but {path} in its archive gives {digest}",
                self.sha256
            );
        }
        cache.write(&self.path(cache), &bytes)?;
        progress.line("unpacked", &format!("model {}", self.name));
        Ok(())
    }
}
