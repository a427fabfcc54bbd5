//! New stages, written from templates that this program carries.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use crate::error::{Doing, Error, Result};
use crate::{Language, sdk};

const RUST: Dir = include_dir!("$CARGO_MANIFEST_DIR/templates/rust");
const PYTHON: Dir = include_dir!("$CARGO_MANIFEST_DIR/templates/python");
const JAVASCRIPT: Dir = include_dir!("$CARGO_MANIFEST_DIR/templates/js");
/// The same for every language, as a pipeline does not know what a stage is written in.
const PIPELINE: &str = include_str!("../templates/pipeline.toml");
const CONTRACT: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// What stands for the stage's name in a template.
const NAME: &str = "{{name}}";

/// Writes a stage that builds as it is into a folder, whose name becomes the stage's. The folder is there completely
/// or not at all.
///
/// # Errors
/// Where the name is none for a stage, the folder is there already, or it cannot be written.
pub fn write(folder: &Path, language: Language) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    check(&name)?;
    if folder.symlink_metadata().is_ok() {
        return Err(Error::Refused(format!(
            "{} is there already: give another name, or delete it first",
            folder.display()
        )));
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(Error::Refused(format!(
            "there is no folder {} to write a new stage into: make it first",
            parent.display()
        )));
    }
    let unfinished = tempfile::Builder::new()
        .prefix(".new-stage-")
        .tempdir_in(parent)
        .to("write into", parent)?;
    let place = unfinished.path().join(&*name);
    for (path, text) in files(&name, language)? {
        let path = place.join(path);
        let inside = path.parent().unwrap_or(&place);
        fs::create_dir_all(inside).to("make", inside)?;
        fs::write(&path, text).to("write", &path)?;
    }
    fs::rename(&place, folder).to("write", folder)
}

/// The files of a new stage, by their paths in its folder.
fn files(name: &str, language: Language) -> Result<Vec<(PathBuf, String)>> {
    let template = match language {
        Language::Rust => &RUST,
        Language::Python => &PYTHON,
        Language::JavaScript => &JAVASCRIPT,
    };
    let mut files = texts(template);
    files.push(("pipeline.toml".into(), PIPELINE.to_owned()));
    for (_, text) in &mut files {
        *text = text.replace(NAME, name);
    }
    let contract = texts(&CONTRACT).into_iter();
    files.extend(contract.map(|(path, text)| (Path::new("wit").join(path), text)));
    if language == Language::Rust {
        files.extend(sdk::files()?);
    }
    Ok(files)
}

/// All files in a folder that this program carries, by their paths in it.
pub(crate) fn texts(folder: &Dir) -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => texts.extend(self::texts(inner)),
            DirEntry::File(file) => {
                let text = String::from_utf8_lossy(file.contents()).into_owned();
                texts.push((file.path().to_owned(), text));
            }
        }
    }
    texts
}

/// Whether a stage can have that name: it becomes the name of a package, a file and a pipeline.
fn check(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && !name.ends_with('-');
    if !good {
        return Err(Error::Refused(format!(
            "`{name}` is no name for a stage: a name is 1 to 64 of a-z, 0-9 and hyphen, begins with a letter and \
             does not end in a hyphen, as `face-detection` does"
        )));
    }
    // A package cannot depend on another of its own name.
    if name == sdk::NAME {
        return Err(Error::Refused(format!(
            "`{name}` is the name of the SDK that stages are written with: give another"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_package_can_have_are_refused_with_what_one_is() {
        for name in [
            "", "Face", "1st", "a b", "a_b", "é", "-a", "a-", "a/b", "..",
        ] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("begins with a letter"), "{name}: {error}");
        }
        assert!(check(&"a".repeat(65)).is_err());
        assert!(
            check("footlight-stage")
                .unwrap_err()
                .to_string()
                .contains("SDK")
        );
        for name in ["a", "face-detection", "v2", &"a".repeat(64)] {
            check(name).unwrap();
        }
    }

    #[test]
    fn a_folder_that_is_there_is_left_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("mine");
        fs::create_dir(&folder).unwrap();
        let error = write(&folder, Language::Rust).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_page_shows_what_is_written() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/write-your-own-stage.md");
        let page = fs::read_to_string(page).unwrap();
        for (path, text) in files("brightness", Language::Rust).unwrap() {
            if path == Path::new("src/lib.rs") || path == Path::new("pipeline.toml") {
                assert!(page.contains(&text), "{} is another", path.display());
            }
        }
    }

    #[test]
    fn every_template_has_its_name_the_contract_and_a_test() {
        let parent = tempfile::tempdir().unwrap();
        for (language, manifest, test) in [
            (Language::Rust, "Cargo.toml", "src/lib.rs"),
            (Language::Python, "pyproject.toml", "test_mean.py"),
            (Language::JavaScript, "package.json", "mean.test.js"),
        ] {
            let folder = parent.path().join(format!("in-{language}"));
            write(&folder, language).unwrap();
            let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
            let name = format!("\"in-{language}\"");
            assert!(read(manifest).contains(&name), "{}", read(manifest));
            assert!(read("pipeline.toml").contains(&format!("\"in-{language}.wasm\"")));
            assert!(read("wit/stage.wit").contains("package footlight:stage@"));
            assert!(read("wit/deps/wasi-nn/wasi-nn.wit").contains("package wasi:nn@"));
            assert!(read("README.md").contains("footlight stage build"));
            assert!(read(test).contains("bright"));
            assert!(read(".gitignore").contains("*.wasm"));
        }
    }
}
