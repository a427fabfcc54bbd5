//! The workspace, as cargo knows it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// A cargo workspace.
pub struct Workspace {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

/// A package of a workspace.
#[derive(Clone, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Where its manifest is.
    pub manifest_path: PathBuf,
    targets: Vec<Target>,
    metadata: Option<Tables>,
}

#[derive(Clone, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
struct Tables {
    footlight: Option<Marks>,
}

/// `[package.metadata.footlight]` of a manifest.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marks {
    stage: Option<bool>,
    #[serde(default)]
    test: bool,
}

impl Package {
    /// Whether it is a stage: it builds a `cdylib`, unless `[package.metadata.footlight]` has `stage = false`.
    pub fn is_stage(&self) -> bool {
        let is_cdylib = |target: &Target| target.crate_types.iter().any(|kind| kind == "cdylib");
        self.marks()
            .and_then(|marks| marks.stage)
            .unwrap_or_else(|| self.targets.iter().any(is_cdylib))
    }

    /// Whether only tests use it: `[package.metadata.footlight]` has `test = true`.
    pub fn is_for_tests(&self) -> bool {
        self.marks().is_some_and(|marks| marks.test)
    }

    fn marks(&self) -> Option<&Marks> {
        self.metadata.as_ref()?.footlight.as_ref()
    }
}

impl Workspace {
    /// The workspace that this program belongs to.
    pub fn find() -> Result<Workspace> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        Workspace::of(&manifest).with_context(|| {
            format!(
                "the source tree that this xtask was built in is gone ({})",
                manifest.display()
            )
        })
    }

    /// The workspace that a manifest belongs to.
    pub fn of(manifest: &Path) -> Result<Workspace> {
        let mut command = cargo();
        command
            .args([
                "metadata",
                "--no-deps",
                "--format-version=1",
                "--manifest-path",
            ])
            .arg(manifest);
        let metadata = process::output(&mut command)?;
        Ok(Workspace {
            metadata: serde_json::from_str(&metadata)
                .context("cannot read what `cargo metadata` says")?,
        })
    }

    /// The source tree.
    pub fn root(&self) -> &Path {
        &self.metadata.workspace_root
    }

    /// Where cargo puts what it builds.
    pub fn target(&self) -> &Path {
        &self.metadata.target_directory
    }

    /// The folder of the built stages.
    pub fn stages(&self) -> PathBuf {
        self.target().join("stages")
    }

    /// The host's binary.
    pub fn host(&self) -> PathBuf {
        self.target().join("release/footlight")
    }

    /// Its packages.
    pub fn packages(&self) -> &[Package] {
        &self.metadata.packages
    }
}

/// A command that runs cargo as the user ran it: without what cargo added to the environment to run this program,
/// which build scripts would otherwise take for a change and build again.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || text.starts_with("CARGO_BIN_")
        {
            command.env_remove(&name);
        }
    }
    match users_library_path() {
        Some(path) => command.env("LD_LIBRARY_PATH", path),
        None => command.env_remove("LD_LIBRARY_PATH"),
    };
    command
}

/// `LD_LIBRARY_PATH` without the folders that cargo and rustup put before the user's.
fn users_library_path() -> Option<std::ffi::OsString> {
    let path = env::var_os("LD_LIBRARY_PATH")?;
    let profile = env::current_exe().ok()?.parent()?.to_owned();
    let toolchain = env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".rustup")));
    let theirs = |folder: &PathBuf| {
        folder.as_os_str().is_empty()
            || folder.starts_with(&profile)
            || toolchain
                .as_ref()
                .is_some_and(|toolchain| folder.starts_with(toolchain))
    };
    let rest: Vec<PathBuf> = env::split_paths(&path)
        .filter(|folder| !theirs(folder))
        .collect();
    if rest.is_empty() {
        None
    } else {
        env::join_paths(rest).ok()
    }
}
