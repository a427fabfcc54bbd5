//! Footlight's own workspace.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use footlight_authoring::cargo;

/// The workspace that this program belongs to.
pub struct Workspace(cargo::Workspace);

impl Deref for Workspace {
    type Target = cargo::Workspace;

    fn deref(&self) -> &cargo::Workspace {
        &self.0
    }
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Workspace> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let workspace = cargo::Workspace::of(&manifest).with_context(|| {
            format!(
                "the source tree that this xtask was built in is gone ({})",
                manifest.display()
            )
        })?;
        Ok(Workspace(workspace))
    }

    /// The folder of the built stages.
    pub fn stages(&self) -> PathBuf {
        self.target.join("stages")
    }

    /// The host's binary.
    pub fn host(&self) -> PathBuf {
        self.target.join("release/footlight")
    }
}
