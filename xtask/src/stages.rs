//! Building stages: a core module by cargo, made a component.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use indicatif::HumanBytes;
use serde::Deserialize;
use wit_component::ComponentEncoder;

use crate::cache::{Cache, write_atomically};
use crate::process::in_words;
use crate::progress::Progress;
use crate::toolchain::{Toolchain, cargo_build};
use crate::workspace::{Package, Workspace};

/// The profile that stages are built with, for crates of other workspaces, which do not have it.
const PROFILE: [&str; 7] = [
    "profile.stage.inherits=\"release\"",
    "profile.stage.opt-level=3",
    "profile.stage.lto=true",
    "profile.stage.codegen-units=1",
    "profile.stage.debug=false",
    "profile.stage.strip=true",
    "profile.stage.panic=\"abort\"",
];

/// A built stage.
pub struct Stage {
    /// The component.
    pub file: PathBuf,
    /// The component's size.
    pub bytes: u64,
    /// Only tests use it.
    pub test: bool,
}

/// Builds every package of the workspace that is marked as a stage, in one run of cargo.
pub fn build_all(workspace: &Workspace, cache: &Cache, progress: &Progress) -> Result<Vec<Stage>> {
    build_marked(workspace, cache, progress, |_| true)
}

/// Builds the stages that are not only for tests.
pub fn build_shipped(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
) -> Result<Vec<Stage>> {
    build_marked(workspace, cache, progress, |package| {
        !package.is_for_tests()
    })
}

fn build_marked(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    wanted: impl Fn(&Package) -> bool,
) -> Result<Vec<Stage>> {
    let packages: Vec<&Package> = workspace
        .packages()
        .iter()
        .filter(|package| package.is_stage() && wanted(package))
        .collect();
    let toolchain = Toolchain::find(cache, progress)?;
    let mut command = cargo_build(&toolchain);
    command.current_dir(workspace.root());
    for package in &packages {
        command.args(["--package", &package.name]);
    }
    progress.line("building", &format!("{} stages", packages.len()));
    let modules = compile(&mut command)?;
    packages
        .into_iter()
        .map(|package| finish(workspace, package, &modules))
        .collect()
}

/// Builds the crate in a folder, which may be of another workspace or of none.
pub fn build_one(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    folder: &Path,
) -> Result<Stage> {
    let manifest = folder.join("Cargo.toml");
    let manifest = manifest.canonicalize().with_context(|| {
        format!(
            "{} is not a crate's folder: it has no Cargo.toml",
            folder.display()
        )
    })?;
    let its_workspace = Workspace::of(&manifest)?;
    let package = its_workspace
        .packages()
        .iter()
        .find(|package| package.manifest_path == manifest);
    let package = package.with_context(|| format!("{} has no [package]", manifest.display()))?;
    if !package.is_stage() {
        bail!(
            "{} is not a stage: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`",
            package.name
        );
    }
    let ours = its_workspace.root() == workspace.root();
    if !ours
        && workspace
            .packages()
            .iter()
            .any(|ours| ours.name == package.name && ours.is_stage())
    {
        bail!(
            "Footlight has a stage {} itself; give the crate another name",
            package.name
        );
    }

    let toolchain = Toolchain::find(cache, progress)?;
    let mut command = cargo_build(&toolchain);
    command
        .current_dir(its_workspace.root())
        .args(["--package", &package.name]);
    if !ours {
        // A folder of its own: a crate of ours that it depends on, perhaps with other features, would be left
        // where our own build of it lies.
        command
            .arg("--target-dir")
            .arg(workspace.target().join("elsewhere"));
        command.args(PROFILE.iter().flat_map(|setting| ["--config", setting]));
    }
    progress.line("building", &package.name);
    finish(workspace, package, &compile(&mut command)?)
}

/// Prints what was built, and how large the stages that are shipped are together.
pub fn print(stages: &[Stage]) {
    for stage in stages {
        println!("{:>9} bytes  {}", stage.bytes, stage.file.display());
    }
    let shipped: u64 = stages
        .iter()
        .filter(|stage| !stage.test)
        .map(|stage| stage.bytes)
        .sum();
    println!(
        "{shipped:>9} bytes  in all, those for tests not counted ({})",
        HumanBytes(shipped)
    );
}

/// A line of cargo's messages.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// A core module, and the manifest of the package that it was built from.
struct Module {
    manifest: PathBuf,
    file: PathBuf,
}

/// Runs cargo, whose own progress the user sees, and says what modules it built or found up to date.
fn compile(command: &mut Command) -> Result<Vec<Module>> {
    command
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command
        .output()
        .with_context(|| format!("cannot run `{}`", in_words(command)))?;
    if !output.status.success() {
        bail!(
            "the stages do not build: `{}` failed, with what is above",
            in_words(command)
        );
    }
    let mut modules = Vec::new();
    for line in output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| line.starts_with(b"{"))
    {
        let message: Message =
            serde_json::from_slice(line).context("cannot read cargo's messages")?;
        if message.reason != "compiler-artifact"
            || !message
                .target
                .crate_types
                .iter()
                .any(|kind| kind == "cdylib")
        {
            continue;
        }
        let is_module = |file: &PathBuf| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        };
        if let Some(file) = message.filenames.into_iter().find(is_module) {
            modules.push(Module {
                manifest: message.manifest_path,
                file,
            });
        }
    }
    Ok(modules)
}

/// Makes a package's module a component and puts it where the host looks for it.
fn finish(workspace: &Workspace, package: &Package, modules: &[Module]) -> Result<Stage> {
    let module = modules
        .iter()
        .find(|module| module.manifest == package.manifest_path);
    let module = module.with_context(|| {
        format!("cargo built no module of {}: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`", package.name)
    })?;
    let component = fs::read(&module.file)
        .map_err(Into::into)
        .and_then(|bytes| {
            ComponentEncoder::default()
                .validate(true)
                .module(&bytes)?
                .encode()
        })
        .with_context(|| {
            format!(
                "{} cannot be made a component: does it export a world?",
                package.name
            )
        })?;
    let test = package.is_for_tests();
    let folder = if test {
        workspace.stages().join("hostile")
    } else {
        workspace.stages()
    };
    let file = folder.join(format!("{}.wasm", package.name));
    if fs::read(&file).ok().as_ref() != Some(&component) {
        write_atomically(&folder, &file, &component)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(Stage {
        bytes: component.len().try_into()?,
        file,
        test,
    })
}
