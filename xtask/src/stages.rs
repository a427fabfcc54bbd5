//! Building the stages of the workspace, and others with its tools.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use footlight_authoring::cache::write_atomically;
use footlight_authoring::cargo::{self, Package};
use footlight_authoring::{Cache, Component, Progress, rust};
use indicatif::HumanBytes;

use crate::workspace::Workspace;

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
        .packages
        .iter()
        .filter(|package| package.is_stage() && wanted(package))
        .collect();
    progress.line("building", &format!("{} stages", packages.len()));
    let components = rust::build(cache, progress, workspace, &packages, None)?;
    packages
        .iter()
        .zip(components)
        .map(|(package, component)| finish(workspace, package, &component))
        .collect()
}

/// Builds the crate in a folder, which may be of another workspace or of none.
pub fn build_one(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    folder: &Path,
) -> Result<Stage> {
    let (its_workspace, package) = cargo::Workspace::of_stage(folder)?;
    let ours = its_workspace.root == workspace.root;
    let has_its_name = |ours: &Package| ours.name == package.name && ours.is_stage();
    if !ours && workspace.packages.iter().any(has_its_name) {
        bail!(
            "Footlight has a stage {} itself; give the crate another name",
            package.name
        );
    }
    // A folder of its own: a crate of ours that it depends on, perhaps with other features, would be left where our
    // own build of it lies.
    let elsewhere = workspace.target.join("elsewhere");
    let target = (!ours).then_some(elsewhere.as_path());
    progress.line("building", &package.name);
    let built = rust::build(cache, progress, &its_workspace, &[&package], target)?;
    match built.as_slice() {
        [component] => finish(workspace, &package, component),
        _ => bail!("{} was not built", package.name),
    }
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

/// Puts a component where the host looks for it.
fn finish(workspace: &Workspace, package: &Package, component: &Component) -> Result<Stage> {
    let test = package.is_for_tests();
    let folder = if test {
        workspace.stages().join("hostile")
    } else {
        workspace.stages()
    };
    let file = folder.join(format!("{}.wasm", package.name));
    if std::fs::read(&file).ok().as_ref() != Some(&component.bytes) {
        write_atomically(&folder, &file, &component.bytes)?;
    }
    Ok(Stage {
        bytes: component.bytes.len().try_into()?,
        file,
        test,
    })
}
