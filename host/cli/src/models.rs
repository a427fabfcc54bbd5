//! `footlight models`: of a host, or of a pipeline file.

use std::path::Path;

use anyhow::Result;
use footlight_nn::{Card, CardTensor, Side, cache_dir};
use footlight_pipeline::PipelineFile;
use serde_json::{Value, json};

use crate::args::ModelsArgs;
use crate::client::{self, Client};
use crate::exit::Outcome;
use crate::{output, table};

/// Lists models.
pub fn models(args: &ModelsArgs) -> Result<Outcome> {
    let models = match &args.pipeline {
        Some(file) => of_file(file)?,
        None => client::list(&Client::new(&args.host)?.get("/v1/models")?, "models")?,
    };
    if args.json {
        output::json(&models)?;
    } else {
        output::line(as_table(&models))?;
    }
    Ok(Outcome::Done)
}

/// What the cards of a pipeline's models say. Nothing is loaded, so no inference library is needed.
fn of_file(path: &Path) -> Result<Vec<Value>> {
    let file = PipelineFile::read(path)?;
    let mut models = Vec::new();
    for (name, model) in &file.models {
        let card = Card::read(&file.folder.join(&model.card))?;
        let tensors = |list: &[CardTensor]| list.iter().map(tensor).collect::<Vec<_>>();
        models.push(json!({
            "name": name,
            "digest": card.sha256,
            "device": model.device,
            "inputs": tensors(&card.inputs),
            "outputs": tensors(&card.outputs),
            "licence": card.licence,
            "origin": card.origin,
            "training-data": card.training_data,
            "fetched": card.locate(&cache_dir()).is_ok(),
        }));
    }
    Ok(models)
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
            text(model.get("device")),
            tensors(model.get("inputs")),
            tensors(model.get("outputs")),
            text(licence),
        ]
    });
    let headings = ["model", "digest", "device", "inputs", "outputs", "licence"];
    table::table(&headings, &[], rows.collect())
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
            "name": "detector", "digest": "0123456789abcdef0123", "device": "CPU",
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
            "gallery",
        ] {
            assert!(text.contains(part), "{part} not in\n{text}");
        }
        assert!(!text.contains("0123456789abc"));
    }
}
