//! Packages, as cargo knows them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::process;

/// A cargo workspace; a package that is in none is one by itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Workspace {
    /// The source tree.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
    /// Its packages.
    pub packages: Vec<Package>,
}

/// A package of a workspace.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Where its manifest is.
    pub manifest_path: PathBuf,
    targets: Vec<Target>,
    metadata: Option<Tables>,
}

#[derive(Clone, Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Tables {
    footlight: Option<Marks>,
}

/// `[package.metadata.footlight]` of a manifest.
#[derive(Clone, Debug, Default, Deserialize)]
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
    /// The workspace that a manifest belongs to.
    ///
    /// # Errors
    /// Where cargo is not there or cannot read the manifest.
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
        let metadata = process::output(&mut command).map_err(with_advice)?;
        serde_json::from_str(&metadata).map_err(|error| {
            Error::Refused(format!("cannot read what `cargo metadata` says: {error}"))
        })
    }

    /// The package in a folder and its workspace.
    ///
    /// # Errors
    /// Where there is no manifest, none of a package, or none of one that is a stage.
    pub fn of_stage(folder: &Path) -> Result<(Workspace, Package)> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().map_err(|_| {
            Error::Refused(format!(
                "{} is not a crate's folder: it has no Cargo.toml",
                folder.display()
            ))
        })?;
        let workspace = Workspace::of(&manifest)?;
        let package = workspace
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest)
            .cloned()
            .ok_or_else(|| Error::Refused(format!("{} has no [package]", manifest.display())))?;
        if !package.is_stage() {
            return Err(Error::Refused(format!(
                "{} is not a stage: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`",
                package.name
            )));
        }
        Ok((workspace, package))
    }
}

/// Says how to get Rust, where cargo cannot be started.
fn with_advice(error: Error) -> Error {
    match error {
        Error::Start(..) => error.during(
            "a stage in Rust is built by cargo: install Rust from https://rustup.rs or your system's packages",
        ),
        error => error,
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
