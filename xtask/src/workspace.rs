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

    /// Larger test data, where the environment names it or the source tree has it beside it; what wants it says so where
    /// it is missing.
    pub fn shared_data(&self) -> Option<PathBuf> {
        let named = std::env::var_os("FOOTLIGHT_SHARED_DATA").filter(|data| !data.is_empty());
        let beside = || Some(self.root.parent()?.join("shared/data"));
        named
            .map(PathBuf::from)
            .or_else(beside)
            .filter(|data| data.is_dir())
    }

    /// The host's binary.
    pub fn host(&self) -> PathBuf {
        self.target.join("release/footlight")
    }
}
