//! `footlight gallery push` and `footlight gallery pull`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use footlight_artifacts::Artifact;
use footlight_gallery::{SealedAbout, SealedGallery};
use footlight_server::GALLERY_HEADER;
use serde_json::json;

use super::{note_origin, open, pushed_as_json};
use crate::args::{GalleryPullArgs, GalleryPushArgs};
use crate::client::{self, Client};
use crate::exit::Outcome;
use crate::{output, table};

/// Has a host encrypt its gallery, and publishes that.
pub fn push(args: &GalleryPushArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let client = Client::new(&args.host)?;
    let path = format!("/v1/pipelines/{}/gallery", client::segment(&args.pipeline));
    let (about, sealed) = client.get_bytes(&path, GALLERY_HEADER)?;
    let gallery = SealedGallery { about, sealed };
    let about = gallery
        .about()
        .with_context(|| format!("what {} sends is no gallery", client.base()))?;
    let artifact = Artifact::gallery(&gallery.about, gallery.sealed, BTreeMap::new());
    let pushed = artifacts.push(artifact, &args.target)?;
    if args.json {
        let mut said = pushed_as_json(&pushed);
        if let Some(fields) = said.as_object_mut() {
            fields.insert("gallery".to_owned(), json!(about));
        }
        output::json(&said)?;
    } else {
        output::line(pushed.reference.pinned(pushed.digest))?;
        output::note(sentence(&about));
    }
    Ok(Outcome::Done)
}

/// Fetches an encrypted gallery into the store, and copies it where that is asked for.
pub fn pull(args: &GalleryPullArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let resolved = artifacts.resolve(&args.reference)?;
    note_origin(&resolved);
    let pinned = args.reference.pinned(resolved.digest);
    let found = artifacts.gallery(&pinned)?;
    let gallery = SealedGallery {
        about: found.config,
        sealed: found.sealed,
    };
    let about = gallery.about().with_context(|| pinned.to_string())?;
    if let Some(to) = &args.to {
        artifacts.copy(&pinned, to)?;
    }
    if args.json {
        output::json(&json!({
            "reference": pinned.to_string(),
            "digest": resolved.digest.to_string(),
            "bytes": gallery.sealed.len(),
            "gallery": about,
            "signed-by": found.about.judgement.map(|judgement| judgement.by),
        }))?;
    } else {
        output::line(args.to.as_ref().unwrap_or(&pinned))?;
        output::note(sentence(&about));
    }
    Ok(Outcome::Done)
}

fn sentence(about: &SealedAbout) -> String {
    format!(
        "footlight: {} of {}, {} by the model {}, encrypted with the site's key {}",
        table::plural(about.members, "member", "members"),
        about.pipeline,
        table::plural(about.templates, "template", "templates"),
        table::short(&about.made_by),
        about.site_key
    )
}
