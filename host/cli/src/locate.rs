//! Where things are: stages, the gallery, caches.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use footlight_artifacts::Reference;
use footlight_nn::{Folders, Runtimes, cache_dir};
use footlight_pipeline::Place;
use footlight_sealed::Sealed;
use footlight_trust::SiteKey;

use crate::args::{DEFAULT_HOST, GalleryPlace, LibraryArgs, LocationArgs};

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

/// Where the members of a pipeline are: in the place that was named, else that of $FOOTLIGHT_GALLERY, else in a
/// folder of its name in the state folder of the XDG base directory specification.
///
/// With several pipelines, a folder that was named has one of its own for each: they may use different models,
/// and templates of one mean nothing to another. A gallery that is enrolled elsewhere is of one pipeline.
pub fn gallery(named: &[GalleryPlace], pipeline: &str, several: bool) -> Result<Place> {
    let of_this = named
        .iter()
        .find(|gallery| gallery.pipeline.as_deref() == Some(pipeline));
    if let Some(gallery) = of_this {
        return Ok(gallery.place.clone());
    }
    let of_all = named.iter().find(|gallery| gallery.pipeline.is_none());
    let of_all = match of_all {
        Some(gallery) => Some(gallery.place.clone()),
        None => of_environment("FOOTLIGHT_GALLERY")?,
    };
    if let Some(Place::File(folder)) = &of_all {
        check_meant(folder)?;
    }
    match of_all {
        Some(Place::Artifact(reference)) if several => bail!(
            "there are several pipelines, and {reference} is the gallery of one: say of which, as in --gallery \
             {pipeline}={reference}"
        ),
        Some(Place::File(folder)) if several => Ok(Place::File(folder.join(pipeline))),
        Some(place) => Ok(place),
        None => Ok(Place::File(state()?.join("footlight").join(pipeline))),
    }
}

/// Refuses a folder that is not there, and would be made, where its path was meant as a reference, of one pipeline
/// perhaps: the host would serve with nobody in its gallery.
fn check_meant(folder: &Path) -> Result<()> {
    let text = folder.to_str().unwrap_or_default();
    let of_one = text.split_once('=').map(|(_, meant)| meant);
    let mut meant = of_one.into_iter().chain([text]);
    match meant.find_map(Reference::almost) {
        Some(advice) if !folder.is_dir() => bail!(
            "there is no folder {text} to keep members in: {advice}; for a new folder of that name write ./{text}"
        ),
        _ => Ok(()),
    }
}

/// Refuses galleries that nothing would be done with.
pub fn check_galleries(named: &[GalleryPlace], pipelines: &[&str]) -> Result<()> {
    let of_all: Vec<_> = named
        .iter()
        .filter(|gallery| gallery.pipeline.is_none())
        .collect();
    if let [one, other, ..] = of_all.as_slice() {
        bail!(
            "--gallery is given for all pipelines twice, as {} and as {}: give it once, or as NAME=REFERENCE",
            one.place,
            other.place
        );
    }
    for name in named
        .iter()
        .filter_map(|gallery| gallery.pipeline.as_deref())
    {
        if !pipelines.contains(&name) {
            bail!(
                "--gallery names the pipeline `{name}`, and this host runs {}",
                pipelines.join(", ")
            );
        }
    }
    Ok(())
}

/// The key of the site: that of the file that was named, else that of $FOOTLIGHT_SITE_KEY. On a cluster a file that is not
/// there is a Secret that there is not.
pub fn site_key(named: Option<&Path>, on_a_cluster: bool) -> Result<Option<Arc<SiteKey>>> {
    let named = named
        .map(Path::to_path_buf)
        .or_else(|| variable("FOOTLIGHT_SITE_KEY").map(PathBuf::from));
    let Some(path) = named.filter(|path| !on_a_cluster || path.exists()) else {
        return Ok(None);
    };
    Ok(Some(Arc::new(SiteKey::read(&path)?)))
}

/// A place that a variable names.
fn of_environment(name: &str) -> Result<Option<Place>> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    match value.to_str() {
        Some(text) => Ok(Some(text.parse()?)),
        // No reference is other than text.
        None => Ok(Some(Place::File(value.into()))),
    }
}

/// The state folder.
fn state() -> Result<PathBuf> {
    match variable("XDG_STATE_HOME").map(PathBuf::from) {
        Some(state) if state.is_absolute() => Ok(state),
        _ => match variable("HOME") {
            Some(home) => Ok(PathBuf::from(home).join(".local/state")),
            None => bail!("no place to keep members: set --gallery, FOOTLIGHT_GALLERY or HOME"),
        },
    }
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

    fn named(texts: &[&str]) -> Vec<GalleryPlace> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn several_pipelines_do_not_share_a_named_gallery() {
        let place = |name, several| {
            let place = gallery(&named(&["g"]), name, several).unwrap();
            place.to_string()
        };
        assert_eq!(place("a", false), "g");
        assert_eq!(place("a", true), "g/a");
        assert_eq!(place("b", true), "g/b");
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made_where_a_reference_was_meant() {
        for text in ["r.example/s/m", "door=r.example/s/m"] {
            let refused = gallery(&named(&[text]), "door", false).unwrap_err();
            let refused = refused.to_string();
            assert!(refused.contains("`r.example/s/m:latest`"), "{refused}");
            assert!(refused.contains(&format!("write ./{text}")), "{refused}");
        }
        for text in ["./r.example/s/m", "members", "/srv/m", "a=b/members"] {
            gallery(&named(&[text]), "door", false).unwrap();
        }
    }

    #[test]
    fn a_gallery_that_is_enrolled_elsewhere_is_of_one_pipeline() {
        let galleries = named(&["a=oci:site:a", "g"]);
        let place = |name| gallery(&galleries, name, true).unwrap().to_string();
        assert_eq!(
            (place("a"), place("b")),
            ("oci:site:a".into(), "g/b".into())
        );
        assert!(check_galleries(&galleries, &["a", "b"]).is_ok());
        let one = named(&["oci:site:a"]);
        assert!(gallery(&one, "a", false).is_ok());
        let error = gallery(&one, "a", true).unwrap_err().to_string();
        assert!(error.contains("--gallery a=oci:site:a"), "{error}");
        for (texts, words) in [(&["g", "h"], "twice"), (&["c=oci:site", "g"], "`c`")] {
            let error = check_galleries(&named(texts), &["a"]).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
