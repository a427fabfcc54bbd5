//! Building the host.

use anyhow::{Context, Result, bail};

use crate::progress::Progress;
use crate::workspace::{Workspace, cargo};

/// The packages that are built and tested together: the host's and the stages'.
///
/// Cargo chooses the features of a shared dependency by the packages that one command names, and builds it anew for
/// another choice. So every command names these in the same way, and the rest, which needs little of it, by itself.
pub const WORLD: [&str; 5] = [
    "--workspace",
    "--exclude",
    "xtask",
    "--exclude",
    "footlight-tests",
];

/// Builds the host's binary.
pub fn host(workspace: &Workspace, progress: &Progress) -> Result<()> {
    progress.line("building", "the host");
    let mut command = cargo();
    command
        .current_dir(workspace.root())
        .args(["build", "--release"])
        .args(HOST);
    if !command.status().context("cannot run cargo")?.success() {
        bail!("the host does not build: see what cargo says above");
    }
    Ok(())
}
