//! Where OpenVINO's library is.

use std::env;
use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, cache_dir};

/// Its name begins so; what follows, on Linux, is `.so` and perhaps the version: `.so.2641`.
const STEM: &str = "libopenvino_c";

/// Where in a folder it may be: directly, as in the `libs` of a wheel; inside of an unpacked wheel; in
/// an archive as Intel gives it out.
const INSIDE: [&str; 4] = ["", "libs", "openvino/libs", "runtime/lib/intel64"];

const SYSTEM: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
    "/opt/intel/openvino",
];

/// Finds the library, as [`OpenVino::load`](super::OpenVino::load) says.
pub(super) fn find(dir: Option<&Path>) -> Result<PathBuf, Error> {
    let named = env::var_os("FOOTLIGHT_OPENVINO").filter(|value| !value.is_empty());
    let places = match (dir, named) {
        (Some(dir), _) => vec![dir.to_owned()],
        (None, Some(named)) => vec![PathBuf::from(named)],
        (None, None) => {
            let mut places = cached(&cache_dir().join("runtime"));
            let paths = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
            places.extend(env::split_paths(&paths).filter(|path| path.is_absolute()));
            places.extend(SYSTEM.map(PathBuf::from));
            places
        }
    };
    places
        .iter()
        .find_map(|place| search(place))
        .ok_or_else(|| {
            let looked: Vec<String> = places
                .iter()
                .map(|place| place.display().to_string())
                .collect();
            Error::not_found(format!(
                "the OpenVINO runtime ({STEM}{DLL_SUFFIX}*) was looked for and not found in {}; \
             `cargo xtask demo` fetches it, or name the folder that has it in FOOTLIGHT_OPENVINO",
                looked.join(", ")
            ))
        })
}

/// The versions in the cache, newest first; where there is none, the place where one would be, so
/// that an error can name it.
fn cached(runtimes: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<PathBuf> = entries(runtimes)
        .into_iter()
        .filter(|path| file_name(path).is_some_and(|name| name.starts_with("openvino-")))
        .collect();
    versions.sort_by_key(|path| std::cmp::Reverse(numbers(path)));
    if versions.is_empty() {
        versions.push(runtimes.join("openvino-*"));
    }
    versions
}

fn search(place: &Path) -> Option<PathBuf> {
    if place.is_file() {
        return place.canonicalize().ok();
    }
    INSIDE.iter().find_map(|inside| {
        let folder = match inside.is_empty() {
            true => place.to_owned(),
            false => place.join(inside),
        };
        entries(&folder)
            .into_iter()
            .filter(|path| is_library(path) && path.is_file())
            .max_by_key(|path| numbers(path))
            // The libraries beside it are found from its real place.
            .and_then(|path| path.canonicalize().ok())
    })
}

fn is_library(path: &Path) -> bool {
    file_name(path)
        .and_then(|name| name.strip_prefix(STEM))
        .is_some_and(|rest| rest.starts_with(DLL_SUFFIX) || rest.ends_with(DLL_SUFFIX))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// The numbers in a file's name: `openvino-2026.10.0` is newer than `openvino-2026.4.1`.
fn numbers(path: &Path) -> Vec<u64> {
    file_name(path)
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::ErrorKind;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn a_wheels_folder_an_unpacked_wheel_and_an_archive_are_understood() {
        for inside in INSIDE {
            let folder = tempfile::tempdir().unwrap();
            let library = folder
                .path()
                .join(inside)
                .join(format!("{STEM}{DLL_SUFFIX}.2641"));
            touch(&library);
            touch(&library.with_file_name(format!("libopenvino{DLL_SUFFIX}.2641")));
            let found = find(Some(folder.path())).unwrap();
            assert_eq!(found, library.canonicalize().unwrap());
        }
    }

    #[test]
    fn the_newest_version_in_the_cache_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["2026.4.1", "2026.10.0", "2025.2.0"] {
            fs::create_dir(folder.path().join(format!("openvino-{version}"))).unwrap();
        }
        fs::create_dir(folder.path().join("onnxruntime-9")).unwrap();
        let places = cached(folder.path());
        assert_eq!(places.len(), 3);
        assert!(places.first().unwrap().ends_with("openvino-2026.10.0"));
    }

    #[test]
    fn a_folder_without_it_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        touch(&folder.path().join("libopenvino.so"));
        let error = find(Some(folder.path())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let message = error.to_string();
        assert!(
            message.contains(folder.path().to_str().unwrap()),
            "{message}"
        );
        assert!(message.contains("FOOTLIGHT_OPENVINO"), "{message}");
    }
}
