//! Stages in Rust: a core module by cargo, made a component.

mod debian;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use wit_component::ComponentEncoder;

use self::toolchain::{TARGET, Toolchain};
use crate::cargo::{Package, Workspace, cargo};
use crate::error::{Doing, Error, Result};
use crate::process::in_words;
use crate::{Cache, Component, Progress};

/// The profile that stages are built with. Stages are shipped: nothing but code is in them. Level 3 makes ours smaller
/// than "s" does, besides faster.
const PROFILE: [&str; 8] = [
    "profile.stage.inherits=\"release\"",
    "profile.stage.opt-level=3",
    "profile.stage.lto=true",
    "profile.stage.codegen-units=1",
    "profile.stage.debug=false",
    "profile.stage.strip=true",
    "profile.stage.panic=\"abort\"",
    "profile.stage.incremental=false",
];

/// Every runtime of components has had 128-bit vectors for years; the compiler does not assume so. A quarter of the
/// usual stack is plenty, and all of it is memory that a host may have to clear.
const FLAGS: (&str, &str) = (
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "-Ctarget-feature=+simd128 -Clink-arg=-zstack-size=262144",
);

/// Builds packages of a workspace, in one run of cargo, whose own progress the user sees; a component for each, in
/// their order. `target` is where cargo is to put what it builds, other than where it would.
///
/// # Errors
/// Where there is no compiler for WebAssembly, a package does not build, or what it builds exports no world.
pub fn build(
    cache: &Cache,
    progress: &Progress,
    workspace: &Workspace,
    packages: &[&Package],
    target: Option<&Path>,
) -> Result<Vec<Component>> {
    let toolchain = Toolchain::find(cache, progress)?;
    let mut command = cargo();
    command
        .current_dir(&workspace.root)
        .args(["build", "--profile=stage", "--target", TARGET])
        .args(&toolchain.arguments)
        .args(PROFILE.iter().flat_map(|setting| ["--config", setting]))
        .env(FLAGS.0, FLAGS.1)
        .envs(
            toolchain
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        );
    for package in packages {
        command.args(["--package", &package.name]);
    }
    if let Some(target) = target {
        command.arg("--target-dir").arg(target);
    }
    let modules = compile(&mut command)?;
    packages
        .iter()
        .map(|package| component(package, &modules))
        .collect()
}

/// Finds or fetches the compiler, and builds nothing.
pub(crate) fn prepare(cache: &Cache, progress: &Progress) -> Result<()> {
    Toolchain::find(cache, progress).map(drop)
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

/// Runs cargo and says what modules it built or found up to date.
fn compile(command: &mut Command) -> Result<Vec<Module>> {
    command
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|error| Error::Start(in_words(command), error))?;
    if !output.status.success() {
        return Err(Error::Refused(format!(
            "cargo does not build it, with what is above; the command was `{}`",
            in_words(command)
        )));
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    lines
        .filter(|line| line.starts_with(b"{"))
        .filter_map(|line| module(line).transpose())
        .collect()
}

/// The module that a line of cargo's messages is about, if it is about one.
fn module(line: &[u8]) -> Result<Option<Module>> {
    let message: Message = serde_json::from_slice(line)
        .map_err(|error| Error::Refused(format!("cannot read cargo's messages: {error}")))?;
    let is_cdylib = |kind: &String| kind == "cdylib";
    if message.reason != "compiler-artifact" || !message.target.crate_types.iter().any(is_cdylib) {
        return Ok(None);
    }
    let is_module = |file: &PathBuf| file.extension().is_some_and(|end| end == "wasm");
    let file = message.filenames.into_iter().find(is_module);
    Ok(file.map(|file| Module {
        manifest: message.manifest_path,
        file,
    }))
}

/// Makes a package's module a component.
fn component(package: &Package, modules: &[Module]) -> Result<Component> {
    let module = modules
        .iter()
        .find(|module| module.manifest == package.manifest_path);
    let module = module.ok_or_else(|| {
        Error::Refused(format!(
            "cargo built no module of {}: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`",
            package.name
        ))
    })?;
    let bytes = fs::read(&module.file).to("read", &module.file)?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| encoder.encode());
    let bytes = encoded.map_err(|error| {
        Error::Refused(format!(
            "{} cannot be made a component: does it export a world? {error:#}",
            package.name
        ))
    })?;
    Ok(Component {
        name: package.name.clone(),
        bytes,
    })
}
