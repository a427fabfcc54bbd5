//! The SDK for Rust, as a new stage gets it: its source, with a manifest that needs no workspace.
//!
//! It is not on crates.io, and a stage is written where Footlight's source tree is not.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::template;

/// The package's name.
pub const NAME: &str = "footlight-stage";

/// Where it lies in a stage's folder: as far from `wit/` there as it is in Footlight's tree.
const FOLDER: &str = "vendor/footlight-stage";

const SOURCE: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../guests/sdk/src");
const MANIFEST: &str = include_str!("../../../guests/sdk/Cargo.toml");
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// The SDK's files, by their paths in a stage's folder.
pub fn files() -> Result<Vec<(PathBuf, String)>> {
    let folder = Path::new(FOLDER);
    let source = template::texts(&SOURCE).into_iter();
    let mut files: Vec<_> = source
        .map(|(path, text)| (folder.join("src").join(path), text))
        .collect();
    files.push((folder.join("Cargo.toml"), manifest(MANIFEST, WORKSPACE)?));
    Ok(files)
}

/// A manifest in which all that it has of its workspace is written out.
fn manifest(manifest: &str, workspace: &str) -> Result<String> {
    let parse = |text: &str| {
        text.parse::<Table>()
            .map_err(|error| Error::Refused(format!("the SDK's manifest: {error}")))
    };
    let (mut manifest, workspace) = (parse(manifest)?, parse(workspace)?);
    // Lints are for those who change the SDK.
    manifest.remove("lints");
    for (section, theirs) in [
        ("package", &["workspace", "package"]),
        ("dependencies", &["workspace", "dependencies"]),
    ] {
        let shared = theirs
            .iter()
            .try_fold(&workspace, |table, key| table.get(*key)?.as_table());
        let Some(entries) = manifest.get_mut(section).and_then(Value::as_table_mut) else {
            continue;
        };
        for (key, value) in entries.iter_mut() {
            if value.get("workspace").and_then(Value::as_bool) == Some(true) {
                let inherited = shared.and_then(|shared| shared.get(key));
                *value = inherited.cloned().ok_or_else(|| {
                    Error::Refused(format!("the SDK's manifest: the workspace has no {key}"))
                })?;
            }
        }
    }
    toml::to_string(&manifest)
        .map_err(|error| Error::Refused(format!("the SDK's manifest: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_needs_no_workspace() {
        let files = files().unwrap();
        let text = |path: &str| {
            let found = files.iter().find(|(has, _)| has == Path::new(path));
            found.unwrap_or_else(|| panic!("no {path}")).1.as_str()
        };
        let manifest = text("vendor/footlight-stage/Cargo.toml");
        assert!(!manifest.contains("workspace"), "{manifest}");
        assert!(manifest.contains("name = \"footlight-stage\""));
        assert!(
            manifest.contains("[dependencies.wit-bindgen]"),
            "{manifest}"
        );
        // Where the macro looks for the contract, from the SDK's folder.
        assert!(text("vendor/footlight-stage/src/bindings.rs").contains("path: \"../../wit\""));
    }

    #[test]
    fn what_the_workspace_does_not_have_is_an_error() {
        let error = manifest(
            "[dependencies]\na.workspace = true",
            "[workspace.dependencies]",
        );
        assert!(error.unwrap_err().to_string().contains("no a"));
    }
}
