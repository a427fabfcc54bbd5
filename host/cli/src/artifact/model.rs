//! `footlight model push` and `footlight model pull`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use footlight_artifacts::Artifact;
use footlight_nn::{Card, cache_dir, read_text, sha256_hex};
use serde_json::json;

use super::{note_origin, open, tell_pushed};
use crate::args::{ModelPushArgs, PullArgs};
use crate::exit::Outcome;
use crate::output;

/// Publishes a model with its card.
pub fn push(args: &ModelPushArgs) -> Result<Outcome> {
    let artifact = artifact(&args.card, args.file.as_deref())?;
    let annotations = args.about.annotation.iter().cloned().collect();
    let artifact = Artifact {
        annotations,
        ..artifact
    };
    let pushed = open(&args.artifacts)?.push(artifact, &args.target)?;
    tell_pushed(&pushed, args.json)?;
    Ok(Outcome::Done)
}

/// The artifact of a card and the model that it describes: the file that is named, else the one in the cache.
pub fn artifact(card: &Path, file: Option<&Path>) -> Result<Artifact> {
    let text = read_text(card)
        .with_context(|| format!("the model card {} cannot be read", card.display()))?;
    let parsed = Card::parse(&text).with_context(|| card.display().to_string())?;
    let model = match file {
        None => parsed.load(&cache_dir())?,
        Some(path) => {
            let model =
                fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let found = sha256_hex(&model);
            if found != parsed.sha256 {
                bail!(
                    "{} is not the model that {} describes: its sha256 is {found}, and the card has {}; correct \
                     the card, or give the other file",
                    path.display(),
                    card.display(),
                    parsed.sha256
                );
            }
            model
        }
    };
    Ok(Artifact::model(&text, model, Default::default()))
}

/// Fetches a model with its card.
pub fn pull(args: &PullArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let resolved = artifacts.resolve(&args.reference)?;
    note_origin(&resolved);
    let pinned = args.reference.pinned(resolved.digest);
    let model = artifacts.model(&pinned)?;
    let card = Card::parse(&model.card).with_context(|| pinned.to_string())?;
    let found = sha256_hex(&model.model);
    if found != card.sha256 {
        bail!(
            "{pinned} has a model with the sha256 {found}, and its card is of {}: it was not made by `footlight \
             model push`",
            card.sha256
        );
    }
    if let Some(folder) = &args.output {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // A name is its maker's, and not a path.
        let name: String = card
            .name
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        for (ending, bytes) in [("toml", model.card.as_bytes()), ("onnx", &model.model)] {
            let path = folder.join(format!("{name}.{ending}"));
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    if args.json {
        output::json(&json!({
            "reference": pinned.to_string(),
            "digest": resolved.digest.to_string(),
            "name": card.name,
            "sha256": card.sha256,
            "bytes": model.model.len(),
            "licence": card.licence,
            "signed-by": model.about.judgement.map(|judgement| judgement.by),
        }))?;
    } else {
        output::line(pinned)?;
    }
    Ok(Outcome::Done)
}
