use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use footlight_nn::{Folders, Runtimes, cache_dir};
use footlight_pipeline::{Locations, Pipeline, Place};

/// Where things are.
pub struct Places {
    /// The workspace.
    pub workspace: PathBuf,
    /// The built stages.
    pub stages: PathBuf,
    /// The sample photos: folders `people` and `others`.
    pub photos: PathBuf,
    /// What was installed for the peers.
    pub peers: PathBuf,
    /// The root folders that container images begin with, where they could be fetched.
    pub bases: Option<PathBuf>,
}

impl Places {
    /// The pipeline of members.
    pub fn pipeline_file(&self) -> PathBuf {
        self.workspace.join("guests/members.toml")
    }

    /// Opens the pipeline of members; with a folder for its gallery, or one in memory.
    pub fn open(&self, gallery: Option<&Path>) -> Result<Pipeline> {
        let runtimes = Arc::new(Runtimes::new(Folders::default()));
        let locations = Locations {
            members: None,
            stages: vec![self.stages.clone()],
            cache: cache_dir(),
            artifacts: None,
            gallery: gallery.map(|folder| Place::File(folder.to_path_buf())),
            site_key: None,
            here: None,
        };
        Ok(Pipeline::open(
            &self.pipeline_file(),
            &locations,
            &runtimes,
        )?)
    }
}
