//! `footlight stage push` and `footlight stage pull`.

use std::fs;

use anyhow::{Context, Result, bail};
use footlight_artifacts::Artifact;
use serde_json::json;

use super::{note_origin, open, tell_pushed};
use crate::args::{PullArgs, StagePushArgs};
use crate::exit::Outcome;
use crate::inspect::look_into;
use crate::output;

/// Publishes a component that fits a host, as far as is seen without compiling it, and no other.
pub fn push(args: &StagePushArgs) -> Result<Outcome> {
    let component =
        fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    check(&component).with_context(|| format!("{} was not pushed", args.file.display()))?;
    let artifacts = open(&args.artifacts)?;
    let annotations = args.about.annotation.iter().cloned().collect();
    let pushed = artifacts.push(Artifact::stage(component, annotations)?, &args.target)?;
    tell_pushed(&pushed, args.json)?;
    Ok(Outcome::Done)
}

/// Fetches a stage, and refuses one that does not fit this host.
pub fn pull(args: &PullArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let resolved = artifacts.resolve(&args.reference)?;
    note_origin(&resolved);
    let pinned = args.reference.pinned(resolved.digest);
    let stage = artifacts.stage(&pinned)?;
    check(&stage.component).with_context(|| format!("{pinned} cannot be used"))?;
    if let Some(path) = &args.output {
        fs::write(path, &stage.component)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.json {
        output::json(&json!({
            "reference": pinned.to_string(),
            "digest": resolved.digest.to_string(),
            "component": stage.component_digest.to_string(),
            "bytes": stage.component.len(),
            "signed-by": stage.about.judgement.map(|judgement| judgement.by),
        }))?;
    } else {
        output::line(pinned)?;
    }
    Ok(Outcome::Done)
}

/// Whether this component fits a host, as far as is seen without compiling it; if not, why.
pub fn check(component: &[u8]) -> Result<()> {
    match look_into(component)?.misfit {
        None => Ok(()),
        Some(why) => bail!(why),
    }
}
