//! `footlight models`: of a host, or of a pipeline file.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use footlight_nn::{Card, CardTensor, Model, Side, cache_dir};
use footlight_pipeline::{Locations, OpenError, PipelineFile};
use serde_json::{Value, json};

use crate::args::ModelsArgs;
use crate::client::{self, Client};
use crate::exit::Outcome;
use crate::{artifact, locate, output, placement, table};

/// Lists models. Fails where one of a file cannot run.
pub fn models(args: &ModelsArgs) -> Result<Outcome> {
    let models = match &args.pipeline {
        Some(file) => of_file(file, args)?,
        None => client::list(&Client::new(&args.host)?.get("/v1/models")?, "models")?,
    };
    if args.json {
        output::json(&models)?;
    } else {
        output::line(as_table(&models))?;
    }
    Ok(Outcome::failed_if(
        models.iter().any(|model| model.get("error").is_some()),
    ))
}

/// The models of a pipeline file, made ready as a host would: what their cards say, and where they run.
fn of_file(path: &Path, args: &ModelsArgs) -> Result<Vec<Value>> {
    let file = PipelineFile::read(path)?;
    let locations = Locations {
        cache: cache_dir(),
        artifacts: Some(artifact::supply(&args.artifacts)?),
        ..Locations::default()
    };
    let opened =
        footlight_pipeline::models(&file, &locations, &locate::runtimes(&args.libraries, None));
    let models = file.models.iter().zip(opened);
    Ok(models
        .map(|((name, section), (_, opened))| {
            let written = |path| Card::read(&file.folder.join(path)).ok().map(Arc::new);
            let card = match &opened {
                Ok(model) => model.card.clone(),
                Err(_) => section.card.file().and_then(written),
            };
            let mut model = json!({"name": name, "asked": section.device.to_string()});
            if let Some(card) = &card {
                add(&mut model, of_card(card));
            }
            add(&mut model, of_opened(name, opened));
            model
        })
        .collect())
}

fn of_card(card: &Card) -> Value {
    let tensors = |list: &[CardTensor]| list.iter().map(tensor).collect::<Vec<_>>();
    json!({
        "digest": card.sha256,
        "inputs": tensors(&card.inputs),
        "outputs": tensors(&card.outputs),
        "licence": card.licence,
        "origin": card.origin,
        "training-data": card.training_data,
        "fetched": card.locate(&cache_dir()).is_ok(),
    })
}

/// Where a model runs, or why it does not. What the table has no room for goes to standard error.
fn of_opened(name: &str, opened: Result<Model, OpenError>) -> Value {
    match opened {
        Ok(Model { placement, .. }) => {
            placement::note(name, &placement);
            let mut model = json!({
                "library": placement.library.to_string(),
                "device": placement.device,
            });
            if placement.is_fallback() {
                let passed = placement.passed_over.iter();
                let devices = passed.map(|passed| passed.device.to_string());
                add(
                    &mut model,
                    json!({"fallback-from": devices.collect::<Vec<_>>()}),
                );
            }
            model
        }
        Err(error) => {
            output::note(format_args!("footlight: {error}"));
            json!({"error": error.to_string()})
        }
    }
}

/// Adds the fields of one object to another.
fn add(to: &mut Value, fields: Value) {
    if let (Value::Object(to), Value::Object(fields)) = (to, fields) {
        to.extend(fields);
    }
}

/// As a host describes a tensor: a side that varies is null.
fn tensor(tensor: &CardTensor) -> Value {
    let side = |side: &Side| match side {
        Side::Fixed(size) => json!(size),
        Side::Named(_) => Value::Null,
    };
    json!({
        "name": tensor.name,
        "type": tensor.element.to_string(),
        "shape": tensor.shape.iter().map(side).collect::<Vec<_>>(),
    })
}

fn as_table(models: &[Value]) -> String {
    let rows = models.iter().map(|model| {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("-").to_owned();
        let licence = model
            .get("licence")
            .or_else(|| model.get("card").and_then(|card| card.get("licence")));
        vec![
            text(model.get("name")),
            table::short(&text(model.get("digest"))),
            device(model),
            tensors(model.get("inputs")),
            tensors(model.get("outputs")),
            text(licence),
        ]
    });
    let headings = ["model", "digest", "device", "inputs", "outputs", "licence"];
    table::table(&headings, &[], rows.collect())
}

/// Where a model runs.
fn device(model: &Value) -> String {
    let text = |key| model.get(key).and_then(Value::as_str);
    let passed = model.get("fallback-from").and_then(Value::as_array);
    let passed: Vec<&str> = passed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match (text("library"), text("device"), text("asked")) {
        (Some(library), Some(device), _) => placement::words(library, device, &passed),
        (_, _, Some(asked)) => format!("none: {asked} was asked for"),
        _ => "-".to_owned(),
    }
}

/// Tensors below each other, each as `input f32 [1, 3, ?, ?]`.
fn tensors(list: Option<&Value>) -> String {
    let lines = list
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|tensor| {
            let text = |key: &str| {
                tensor
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or("?")
                    .to_owned()
            };
            let shape = tensor
                .get("shape")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let sides: Vec<String> = shape
                .map(|side| {
                    side.as_u64()
                        .map_or_else(|| "?".to_owned(), |side| side.to_string())
                })
                .collect();
            format!("{} {} [{}]", text("name"), text("type"), sides.join(", "))
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_all_that_a_model_takes_and_gives() {
        let model = json!({
            "name": "detector", "digest": "0123456789abcdef0123", "library": "openvino", "device": "cpu",
            "inputs": [{"name": "input", "type": "f32", "shape": [1, 3, null, null]}],
            "outputs": [{"name": "loc", "type": "f32", "shape": [1, null, 4]},
                        {"name": "conf", "type": "f32", "shape": [1, null, 2]}],
            "licence": "MIT"});
        let text = as_table(&[model, json!({"name": "gallery"})]);
        for part in [
            "0123456789ab ",
            "input f32 [1, 3, ?, ?]",
            "loc f32 [1, ?, 4]",
            "conf f32",
            "MIT",
            "openvino/cpu ",
            "gallery",
        ] {
            assert!(text.contains(part), "{part} not in\n{text}");
        }
        assert!(!text.contains("0123456789abc"));
    }

    #[test]
    fn a_device_is_told_from_a_fallback_and_from_none() {
        let shown = |model| device(&model);
        let fallback = json!({"library": "openvino", "device": "cpu", "fallback-from": ["cuda:0"]});
        assert_eq!(shown(fallback), "openvino/cpu, a fallback from cuda:0");
        let failed = json!({"asked": "cuda:0", "error": "it is not there"});
        assert_eq!(shown(failed), "none: cuda:0 was asked for");
    }
}
