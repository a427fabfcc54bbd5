//! Where things are: stages, the gallery, caches.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use footlight_nn::{Folders, Runtimes, cache_dir};
use footlight_sealed::Sealed;

use crate::args::{DEFAULT_HOST, LibraryArgs, LocationArgs};

/// The folders where a pipeline's components are looked for, first to last: those that were named, that of the
/// pipeline file, those of $FOOTLIGHT_STAGES, and `stages` beside the folder of this program, which is where
/// a build puts them.
pub fn stage_folders(pipeline: &Path, args: &LocationArgs) -> Vec<PathBuf> {
    let beside = pipeline
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let of_environment = variable("FOOTLIGHT_STAGES")
        .map(|folders| env::split_paths(&folders).collect::<Vec<_>>())
        .unwrap_or_default();
    let of_build = env::current_exe()
        .and_then(|program| program.canonicalize())
        .ok()
        .and_then(|program| Some(program.parent()?.parent()?.join("stages")));
    args.stages
        .iter()
        .cloned()
        .chain([beside.to_path_buf()])
        .chain(of_environment)
        .chain(of_build)
        .collect()
}

/// The inference libraries, each looked for in the folder that was named for it.
pub fn runtimes(args: &LibraryArgs, compiled: Option<Arc<Sealed>>) -> Arc<Runtimes> {
    Arc::new(Runtimes::new(Folders {
        openvino: args.openvino.clone(),
        onnxruntime: args.onnxruntime.clone(),
        compiled,
    }))
}

/// Where a host keeps what it compiled for its next start: the folder `compiled` of the cache. A host that
/// cannot have it compiles at every start.
pub fn compiled() -> Option<Arc<Sealed>> {
    Sealed::open(&cache_dir().join("compiled"))
        .inspect_err(
            |error| tracing::warn!(%error, "what is compiled is not kept for the next start"),
        )
        .ok()
        .map(Arc::new)
}

/// The folder where the members of a pipeline are kept: the one that was named, else $FOOTLIGHT_GALLERY, else
/// one of the pipeline's name in the state folder of the XDG base directory specification.
///
/// With several pipelines, a folder that was named has one of its own for each: they may use different models,
/// and templates of one mean nothing to another.
pub fn gallery_folder(named: Option<&Path>, pipeline: &str, several: bool) -> Result<PathBuf> {
    let named = named
        .map(Path::to_path_buf)
        .or_else(|| variable("FOOTLIGHT_GALLERY").map(PathBuf::from));
    if let Some(folder) = named {
        return Ok(if several {
            folder.join(pipeline)
        } else {
            folder
        });
    }
    let state = match variable("XDG_STATE_HOME").map(PathBuf::from) {
        Some(state) if state.is_absolute() => state,
        _ => match variable("HOME") {
            Some(home) => PathBuf::from(home).join(".local/state"),
            None => bail!("no place to keep members: set --gallery, FOOTLIGHT_GALLERY or HOME"),
        },
    };
    Ok(state.join("footlight").join(pipeline))
}

/// The address of the host to speak to: the one that was named, else $FOOTLIGHT_HOST, else the default.
pub fn host(named: Option<&str>) -> Result<String> {
    if let Some(host) = named {
        return Ok(host.to_owned());
    }
    match variable("FOOTLIGHT_HOST") {
        Some(host) => host.into_string().ok().context(
            "FOOTLIGHT_HOST is not text; set it to an address such as http://127.0.0.1:7420",
        ),
        None => Ok(DEFAULT_HOST.to_owned()),
    }
}

/// A variable of the environment; one set to nothing counts as not set.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ArtifactArgs;

    #[test]
    fn named_folders_come_before_the_one_beside_the_pipeline_file() {
        let args = LocationArgs {
            stages: vec!["mine".into(), "yours".into()],
            libraries: LibraryArgs::default(),
            artifacts: ArtifactArgs::default(),
        };
        let folders = stage_folders(Path::new("pipelines/p.toml"), &args);
        let first: Vec<_> = folders
            .iter()
            .take(3)
            .map(|folder| folder.to_str().unwrap())
            .collect();
        assert_eq!(first, ["mine", "yours", "pipelines"]);
        assert!(folders.last().unwrap().ends_with("stages"));
    }

    #[test]
    fn several_pipelines_do_not_share_a_named_gallery() {
        let folder = |name, several| gallery_folder(Some(Path::new("g")), name, several).unwrap();
        assert_eq!(folder("a", false), Path::new("g"));
        assert_eq!(folder("a", true), Path::new("g/a"));
        assert_eq!(folder("b", true), Path::new("g/b"));
    }
}
