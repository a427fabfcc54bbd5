//! A pipeline file that came as an artifact: all that it names came with it.

use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::pin::settle;
use crate::place::Place;
use footlight_artifacts::{Digest, Pipeline};
use std::collections::BTreeMap;

impl PipelineFile {
    /// The file of a pipeline that came as an artifact.
    ///
    /// # Errors
    /// As [`PipelineFile::parse`]; and where it names a file of this machine, a tag, or an artifact that is not among
    /// the parts that came with it. Whoever published it says what runs, and not what a host reads or asks.
    pub fn published(pipeline: &Pipeline) -> Result<Self, OpenError> {
        let mut file = Self::parse(&settle(&pipeline.file, &pipeline.home)?)?;
        for (name, stage) in &file.stages {
            check(&format!("stages.{name}"), &stage.component, &pipeline.parts)?;
        }
        for (name, model) in &file.models {
            check(&format!("models.{name}"), &model.card, &pipeline.parts)?;
        }
        file.home = Some(pipeline.home.clone());
        Ok(file)
    }
}

/// Whether a part is the one that came with the pipeline under its name.
fn check(part: &str, place: &Place, parts: &BTreeMap<String, Digest>) -> Result<(), OpenError> {
    let named = place.artifact().and_then(|reference| reference.digest());
    let what = match place {
        Place::File(_) => "a file of this machine",
        Place::Artifact(_) if named.is_none() => "a tag and no digest",
        Place::Artifact(_) if named != parts.get(part) => "no part that came with it",
        Place::Artifact(_) => return Ok(()),
    };
    Err(OpenError::new(format!(
        "[{part}] {place} is {what}, and a pipeline that was published names its own parts by their digests and \
         nothing else: publish it with `footlight pipeline push`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_artifacts::{Fetched, Origin};

    fn digest(content: &str) -> Digest {
        Digest::of(content.as_bytes())
    }

    /// What becomes of a pipeline with a stage and a model at these places, with the part `stages.s` and `models.m`.
    fn published(component: &str, card: &str) -> Result<PipelineFile, String> {
        let file = format!(
            "name = \"p\"\nsource = \"frame\"\nclasses.frame = {{kind = \"image\"}}\n\
             [stages.s]\ncomponent = \"{component}\"\ninput = \"frame\"\nyields = []\n\
             [models.m]\ncard = \"{card}\"\n"
        );
        let parts = [("stages.s", digest("s")), ("models.m", digest("m"))];
        let pipeline = Pipeline {
            about: Fetched {
                digest: digest("p"),
                annotations: BTreeMap::new(),
                origin: Origin::Reference,
                judgement: None,
            },
            file,
            parts: parts.map(|(name, digest)| (name.to_owned(), digest)).into(),
            home: format!("r.example/p@{}", digest("p")).parse().unwrap(),
        };
        PipelineFile::published(&pipeline).map_err(|error| error.to_string())
    }

    #[test]
    fn parts_that_came_with_it_are_taken_wherever_they_were_made() {
        let (stage, model) = (format!("@{}", digest("s")), format!("@{}", digest("m")));
        let file = published(&stage, &format!("r.example/models/m:1{model}")).unwrap();
        assert!(file.home.is_some());
        let component = file.stages["s"].component.to_string();
        assert_eq!(component, format!("r.example/p{stage}"));
    }

    #[test]
    fn nothing_else_is_read_or_asked_for() {
        let (stage, model) = (format!("@{}", digest("s")), format!("@{}", digest("m")));
        for (component, card, words) in [
            (
                &*stage,
                "/etc/hostname",
                ["models.m", "/etc/hostname is a file"],
            ),
            (&stage, "../m.toml", ["models.m", "../m.toml is a file"]),
            ("s.wasm", &model, ["stages.s", "s.wasm is a file"]),
            (
                "r.example/s:1",
                &model,
                ["stages.s", "r.example/s:1 is a tag"],
            ),
            (
                "oci:/srv/s:1",
                &model,
                ["stages.s", "oci:/srv/s:1 is a tag"],
            ),
            (&model, &model, ["stages.s", "no part that came with it"]),
            (&stage, &format!("oci:/srv{stage}"), ["models.m", "no part"]),
        ] {
            let said = published(component, card).unwrap_err();
            assert!(words.iter().all(|words| said.contains(words)), "{said}");
        }
    }
}
