//! The folder of what was fetched, and stages where no pipeline says which.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use super::finding::{Finding, Section, State};
use crate::table;

/// What fetches all that is kept in the cache.
const FETCH: &str = "`cargo xtask fetch` fetches the models of this tree and the OpenVINO library";

/// The cache folder and the models in it.
pub fn findings(cache: &Path) -> Vec<Finding> {
    vec![folder(cache), models(&cache.join("models"))]
}

fn folder(cache: &Path) -> Finding {
    let name = cache.display().to_string();
    // Where it is not there yet, what matters is the folder that it would be made in.
    let Some(there) = cache.ancestors().find(|folder| folder.is_dir()) else {
        return Finding::new(
            Section::Cache,
            name,
            State::Warning,
            "no part of its path is there",
            Some("set FOOTLIGHT_CACHE to a folder".to_owned()),
        );
    };
    let space = statvfs(there).map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize));
    let space = match space {
        Ok(bytes) => format!("{} are free", table::size(bytes)),
        Err(error) => format!("how much is free cannot be told: {error}"),
    };
    let writable = access(there, Access::WRITE_OK).is_ok();
    match (writable, there == cache) {
        (true, true) => Finding::ok(Section::Cache, name, format!("can be written; {space}")),
        (true, false) => Finding::new(
            Section::Cache,
            name,
            State::Absent,
            format!("is not there yet; {space}"),
            Some(FETCH.to_owned()),
        ),
        (false, _) => Finding::new(
            Section::Cache,
            name,
            State::Warning,
            format!(
                "{} cannot be written, so that nothing can be fetched; {space}",
                there.display()
            ),
            Some("let this user write there, or set FOOTLIGHT_CACHE to another folder".to_owned()),
        ),
    }
}

fn models(folder: &Path) -> Finding {
    let sizes: Vec<u64> = files(folder)
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|data| data.len())
        .collect();
    if sizes.is_empty() {
        let detail = format!("there is none in {}", folder.display());
        return Finding::new(
            Section::Cache,
            "models",
            State::Absent,
            detail,
            Some(FETCH.to_owned()),
        );
    }
    let count = table::plural(sizes.len() as u64, "model", "models");
    let detail = format!("{count}, {}", table::size(sizes.iter().sum()));
    Finding::ok(Section::Cache, "models", detail)
}

/// The components in the folders where a pipeline's are looked for.
pub fn stages(folders: &[PathBuf]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for folder in folders {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let components: Vec<String> = files(&folder)
            .iter()
            .filter(|file| {
                file.extension()
                    .is_some_and(|extension| extension == "wasm")
            })
            .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
            .collect();
        if !components.is_empty() && !seen.contains(&folder) {
            let name = folder.display().to_string();
            found.push(Finding::ok(Section::Stages, name, components.join(", ")));
            seen.push(folder);
        }
    }
    if found.is_empty() {
        let looked: Vec<String> = folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        found.push(Finding::new(
            Section::Stages,
            "stages",
            State::Absent,
            format!("there is no component in {}", looked.join(", ")),
            Some(
                "`cargo xtask stages` builds those of this tree; or name a folder with --stages"
                    .to_owned(),
            ),
        ));
    }
    found
}

/// The files in a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cache_says_what_fills_it() {
        let parent = tempfile::tempdir().unwrap();
        let cache = parent.path().join("not/yet");
        let [folder, models] = findings(&cache).try_into().unwrap();
        assert_eq!(folder.state, State::Absent);
        assert!(folder.detail.starts_with("is not there yet"), "{folder:?}");
        assert_eq!(models.state, State::Absent);
        assert!(models.remedy.unwrap().contains("cargo xtask fetch"));
        assert!(!cache.exists(), "it was made");
    }

    #[test]
    fn models_are_counted() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir(cache.path().join("models")).unwrap();
        for name in ["a", "b"] {
            fs::write(cache.path().join("models").join(name), [0; 1024]).unwrap();
        }
        let [folder, models] = findings(cache.path()).try_into().unwrap();
        assert_eq!((folder.state, models.state), (State::Ok, State::Ok));
        assert_eq!(models.detail, "2 models, 2.0 KiB");
    }

    #[test]
    fn stages_are_listed_by_folder_and_each_folder_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wasm", "notes.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let empty = tempfile::tempdir().unwrap();
        let folders = [
            empty.path().into(),
            folder.path().into(),
            folder.path().into(),
        ];
        let [found] = stages(&folders).try_into().unwrap();
        assert_eq!(found.detail, "a.wasm, b.wasm");
        let [none] = stages(&folders[..1]).try_into().unwrap();
        assert_eq!(none.state, State::Absent);
        assert!(none.detail.contains(empty.path().to_str().unwrap()));
    }
}
