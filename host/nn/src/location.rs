//! Where the libraries are that are loaded when the host runs.

use std::env;
use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, cache_dir};

/// A library that somebody else has built, and what is known of where people have it.
pub(crate) struct Library {
    /// What people call it.
    pub name: &'static str,
    /// Its file's name begins so; what follows, on Linux, is `.so` and perhaps the version: `.so.2641`.
    pub stem: &'static str,
    /// The environment variable that names its file, or a folder that has it.
    pub variable: &'static str,
    /// How the folders in the cache begin that have it.
    pub cached: &'static str,
    /// Where in a folder it may be, besides directly: inside of an unpacked wheel, in an archive.
    pub inside: &'static [&'static str],
    /// Where it is installed, besides where all libraries are.
    pub installed: &'static [&'static str],
    /// What to do where it is missing, besides naming its folder.
    pub remedy: &'static str,
}

const SYSTEM: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
];

impl Library {
    /// Finds its file: in the folder `dir` where one is given; else where the environment variable says;
    /// else in the cache, then where the system keeps libraries.
    ///
    /// # Errors
    ///
    /// `NotFound`, with every place that was looked at and what to do.
    pub(crate) fn find(&self, dir: Option<&Path>) -> Result<PathBuf, Error> {
        let named = env::var_os(self.variable).filter(|value| !value.is_empty());
        let places = match (dir, named) {
            (Some(dir), _) => vec![dir.to_owned()],
            (None, Some(named)) => vec![PathBuf::from(named)],
            (None, None) => {
                let mut places = self.versions(&cache_dir().join("runtime"));
                let paths = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
                places.extend(env::split_paths(&paths).filter(|path| path.is_absolute()));
                places.extend(SYSTEM.iter().chain(self.installed).map(PathBuf::from));
                places
            }
        };
        places
            .iter()
            .find_map(|place| self.search(place))
            .ok_or_else(|| {
                let looked: Vec<String> = places
                    .iter()
                    .map(|place| place.display().to_string())
                    .collect();
                Error::not_found(format!(
                    "{} ({}{DLL_SUFFIX}*) was looked for and not found in {}; {}, or name the \
                     folder that has it in {}",
                    self.name,
                    self.stem,
                    looked.join(", "),
                    self.remedy,
                    self.variable
                ))
            })
    }

    /// The versions in the cache, newest first; where there is none, the place where one would be, so
    /// that an error can name it.
    fn versions(&self, runtimes: &Path) -> Vec<PathBuf> {
        let mut versions: Vec<PathBuf> = entries(runtimes)
            .into_iter()
            .filter(|path| file_name(path).is_some_and(|name| name.starts_with(self.cached)))
            .collect();
        // Of one version, `onnxruntime-gpu-1.32.0` can do more than `onnxruntime-1.32.0`.
        versions.sort_by_key(|path| std::cmp::Reverse((numbers(path), path.clone())));
        if versions.is_empty() {
            versions.push(runtimes.join(format!("{}*", self.cached)));
        }
        versions
    }

    fn search(&self, place: &Path) -> Option<PathBuf> {
        if place.is_file() {
            return place.canonicalize().ok();
        }
        let inside = self.inside.iter().map(|inside| place.join(inside));
        std::iter::once(place.to_owned())
            .chain(inside)
            .find_map(|folder| {
                entries(&folder)
                    .into_iter()
                    .filter(|path| self.is_file_of(path) && path.is_file())
                    .max_by_key(|path| numbers(path))
                    // The libraries beside it are found from its real place.
                    .and_then(|path| path.canonicalize().ok())
            })
    }

    /// Whether a file has the library's name: `libonnxruntime.so.1.32.0`, `libonnxruntime.1.32.0.dylib`,
    /// and not `libonnxruntime_providers_shared.so`.
    fn is_file_of(&self, path: &Path) -> bool {
        file_name(path)
            .and_then(|name| name.strip_prefix(self.stem))
            .is_some_and(|rest| {
                rest.starts_with(DLL_SUFFIX)
                    || (rest.starts_with('.') && rest.ends_with(DLL_SUFFIX))
            })
    }
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

    const LIBRARY: Library = Library {
        name: "the runtime of the tests",
        stem: "libmind",
        variable: "FOOTLIGHT_TEST_MIND",
        cached: "mind-",
        inside: &["libs", "mind/libs"],
        installed: &["/opt/mind"],
        remedy: "think",
    };

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn it_is_found_directly_and_where_its_packages_have_it() {
        for inside in ["", "libs", "mind/libs"] {
            let folder = tempfile::tempdir().unwrap();
            let library = folder
                .path()
                .join(inside)
                .join(format!("libmind{DLL_SUFFIX}.2641"));
            touch(&library);
            for other in ["libmind_plugin", "libminds", "mind"] {
                touch(&library.with_file_name(format!("{other}{DLL_SUFFIX}")));
            }
            let found = LIBRARY.find(Some(folder.path())).unwrap();
            assert_eq!(found, library.canonicalize().unwrap());
            assert_eq!(LIBRARY.find(Some(&library)).unwrap(), found);
        }
    }

    #[test]
    fn the_newest_version_in_the_cache_comes_first_and_of_one_the_gpus() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["2026.4.1", "2026.10.0", "gpu-2026.10.0", "2025.2.0"] {
            fs::create_dir(folder.path().join(format!("mind-{version}"))).unwrap();
        }
        fs::create_dir(folder.path().join("other-9")).unwrap();
        let places = LIBRARY.versions(folder.path());
        let names: Vec<_> = places.iter().filter_map(|path| file_name(path)).collect();
        assert_eq!(
            names,
            [
                "mind-gpu-2026.10.0",
                "mind-2026.10.0",
                "mind-2026.4.1",
                "mind-2025.2.0"
            ]
        );
    }

    #[test]
    fn a_folder_without_it_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        touch(&folder.path().join("libminds.so"));
        let error = LIBRARY.find(Some(folder.path())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let message = error.to_string();
        for word in [
            folder.path().to_str().unwrap(),
            "libmind.so",
            "think, or name",
            "FOOTLIGHT_TEST_MIND",
        ] {
            assert!(message.contains(word), "{word} is not in: {message}");
        }
    }
}
