//! Building the host.

use anyhow::{Context, Result, bail};
use footlight_authoring::Progress;
use footlight_authoring::cargo::cargo;

use crate::workspace::Workspace;

/// Builds the host's binary.
pub fn host(workspace: &Workspace, progress: &Progress) -> Result<()> {
    progress.line("building", "the host");
    let mut command = cargo();
    // No package is named, as another choice would build all of wasmtime anew: see `default-members`.
    command
        .current_dir(&workspace.root)
        .args(["build", "--release"]);
    if !command.status().context("cannot run cargo")?.success() {
        bail!("the host does not build: see what cargo says above");
    }
    Ok(())
}
