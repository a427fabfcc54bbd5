//! The stage of `tests/languages` in each language, which the tests compare with ours.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use footlight_authoring::cache::write_atomically;
use footlight_authoring::{Cache, Progress, Project};

use crate::workspace::Workspace;

/// Builds those that changed since they were built. One whose tools cannot be had is left out, which is said; its tests
/// report themselves ignored.
pub fn build(workspace: &Workspace, cache: &Cache, progress: &Progress) -> Result<()> {
    let contract = workspace.root.join("wit");
    let folder = workspace.stages().join("languages");
    for name in ["member-verification-python", "member-verification-js"] {
        let source = workspace.root.join("tests/languages").join(name);
        let file = folder.join(format!("{name}.wasm"));
        let built = changed(&file).ok();
        if built.is_some() && built >= newest(&source)?.max(newest(&contract)?) {
            progress.cached(name);
            continue;
        }
        let mut project = Project::open(&source)?;
        project.contract.clone_from(&contract);
        if let Err(error) = project.prepare(cache, progress) {
            let error = anyhow::Error::from(error);
            progress.line("left out", &format!("{name}: {error:#}"));
            continue;
        }
        let component = project.build(cache, progress)?;
        write_atomically(&folder, &file, &component.bytes)?;
    }
    Ok(())
}

/// When the last of the files under a folder was changed.
fn newest(folder: &Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        // Python leaves it behind.
        if path.ends_with("__pycache__") {
            continue;
        }
        newest = newest.max(if path.is_dir() {
            self::newest(&path)?
        } else {
            Some(changed(&path)?)
        });
    }
    Ok(newest)
}

fn changed(file: &Path) -> Result<SystemTime> {
    let changed = fs::metadata(file).and_then(|metadata| metadata.modified());
    changed.with_context(|| file.display().to_string())
}
