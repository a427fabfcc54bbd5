//! `footlight submit`: photos to a host, verdicts to the terminal.

mod report;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::annotate;
use crate::answer::Answer;
use crate::args::SubmitArgs;
use crate::client::{self, Client};
use crate::exit::Outcome;
use crate::output;
use crate::photo::Photo;
use crate::problem::Problem;
use report::{Submitted, as_json, as_table};

/// Sends each photo, prints all verdicts, and draws them where asked for. Fails where a photo failed.
pub fn submit(args: &SubmitArgs) -> Result<Outcome> {
    let client = Client::new(&args.host)?;
    let target = target(&client, args.pipeline.pipeline.as_deref())?;
    let names = match &args.annotate {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            picture_names(folder, &args.photos)
        }
        None => Vec::new(),
    };
    let mut path = format!("/v1/pipelines/{}/frames", client::segment(&target.name));
    if let Some(stream) = &args.stream {
        path.push_str("?stream=");
        path.push_str(&client::segment(stream));
    }
    let mut all = Vec::with_capacity(args.photos.len());
    let mut pictures = names.into_iter();
    for photo in &args.photos {
        let picture = pictures.next();
        all.push(one(&client, &path, photo, picture.as_deref())?);
    }
    if args.json {
        output::json(&all.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        output::line(as_table(&all, &target.stages))?;
    }
    let mut failed = false;
    for submitted in &all {
        let photo = submitted.photo.display();
        if let Err(problem) = &submitted.result {
            failed = true;
            output::note(format_args!("footlight: {photo}: {problem}"));
        }
        if let Some(error) = &submitted.not_drawn {
            failed = true;
            output::note(format_args!("footlight: {photo}: {error:#}"));
        }
    }
    Ok(Outcome::failed_if(failed))
}

/// A pipeline of a host.
struct Target {
    name: String,
    /// Its stages in the order in which they run.
    stages: Vec<String>,
}

/// The pipeline of the host that was named; the only one, where none was.
fn target(client: &Client, named: Option<&str>) -> Result<Target> {
    let listed = client::list(&client.get("/v1/pipelines")?, "pipelines")?;
    choose(&listed, named).with_context(|| format!("at {}", client.base()))
}

fn choose(listed: &[Value], named: Option<&str>) -> Result<Target> {
    let name_of = |pipeline: &Value| {
        pipeline
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let names: Vec<String> = listed.iter().filter_map(name_of).collect();
    let fitting = |name: &String| named.is_none_or(|named| named == name);
    let mut chosen = listed
        .iter()
        .filter(|pipeline| name_of(pipeline).as_ref().is_some_and(fitting));
    match (chosen.next(), chosen.next(), named) {
        (Some(pipeline), None, _) => {
            let stages = pipeline
                .get("stages")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            Ok(Target {
                name: name_of(pipeline).unwrap_or_default(),
                stages: stages
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            })
        }
        (Some(_), Some(_), _) => bail!(
            "there are several pipelines; choose one with --pipeline: {}",
            names.join(", ")
        ),
        (None, _, Some(named)) => bail!(
            "there is no pipeline `{named}`; there is: {}",
            names.join(", ")
        ),
        (None, _, None) => bail!("there is no pipeline"),
    }
}

/// Sends a photo. Fails only where no host answers, as then no other photo need be tried.
fn one(client: &Client, path: &str, photo: &Path, picture: Option<&Path>) -> Result<Submitted> {
    let mut submitted = Submitted {
        photo: photo.to_path_buf(),
        result: Ok(Value::Null),
        answer: Answer::default(),
        not_drawn: None,
    };
    let read = match Photo::read(photo) {
        Ok(read) => read,
        Err(problem) => {
            submitted.result = Err(problem);
            return Ok(submitted);
        }
    };
    let text = match client.post_photo(path, &read) {
        Ok(text) => text,
        Err(error) => {
            submitted.result = Err(error.downcast::<Problem>()?);
            return Ok(submitted);
        }
    };
    submitted.result = serde_json::from_str(&text)
        .and_then(|value| {
            submitted.answer = serde_json::from_str(&text)?;
            Ok(value)
        })
        .map_err(|error| {
            Problem::local(
                "answer not understood",
                format_args!("the host's answer is not understood: {error}"),
            )
        });
    if let (Some(picture), Ok(_)) = (picture, &submitted.result) {
        let faces = submitted.answer.faces.as_deref().unwrap_or_default();
        submitted.not_drawn = annotate::write(&read.bytes, faces, picture).err();
    }
    Ok(submitted)
}

/// `FOLDER/<stem>.png` for each photo; where two photos share a stem, the later one gets a number.
fn picture_names(folder: &Path, photos: &[PathBuf]) -> Vec<PathBuf> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::with_capacity(photos.len());
    for photo in photos {
        let stem = photo.file_stem().map_or_else(
            || "photo".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        let mut name = stem.clone();
        let mut number = 2_u32;
        while !taken.insert(name.clone()) {
            name = format!("{stem}-{number}");
            number = number.saturating_add(1);
        }
        names.push(folder.join(format!("{name}.png")));
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_several_pipelines_one_must_be_chosen() {
        let two = [json!({"name": "a", "stages": ["x"]}), json!({"name": "b"})];
        let error = |listed: &[Value], named| choose(listed, named).err().unwrap().to_string();
        assert!(error(&two, None).contains("--pipeline: a, b"));
        assert!(error(&two, Some("c")).contains("no pipeline `c`; there is: a, b"));
        assert!(error(&[], None).contains("no pipeline"));
        assert_eq!(choose(&two, Some("a")).unwrap().stages, ["x"]);
        assert_eq!(choose(&two[1..], None).unwrap().name, "b");
    }

    #[test]
    fn photos_of_one_name_do_not_overwrite_each_other() {
        let photos = ["a/x.jpg".into(), "b/x.png".into(), "y.jpg".into()];
        let names = picture_names(Path::new("out"), &photos);
        assert_eq!(
            names,
            [
                Path::new("out/x.png"),
                Path::new("out/x-2.png"),
                Path::new("out/y.png")
            ]
        );
    }
}
