//! Artifacts on the command line: publishing, fetching, signing, and the store they are kept in.

mod gallery;
mod keys;
mod lock;
mod model;
mod pipeline;
mod progress;
mod stage;
mod store;
mod trust;

pub use gallery::{pull as pull_gallery, push as push_gallery};
pub use keys::{keygen, sign, verify};
pub use lock::lock;
pub use model::{pull as pull_model, push as push_model};
pub use pipeline::{inspect as inspect_pipeline, pull as pull_pipeline, push as push_pipeline};
pub use stage::{pull as pull_stage, push as push_stage};
pub use store::{check, collect};

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use footlight_artifacts::{Artifacts, Judge, Options, Origin, Progress, Pushed, Resolved};
use footlight_nn::cache_dir;
use footlight_pipeline::Supply;
use serde_json::{Value, json};

use crate::args::ArtifactArgs;
use crate::output;
use progress::Bars;
use trust::Trust;

/// What `args` say, opened; bytes that move are shown.
pub fn open(args: &ArtifactArgs) -> Result<Artifacts> {
    open_with(args, policy(args)?, Arc::new(Bars::new()))
}

/// The same for a host: it is opened when it is wanted, and the log alone tells what it does.
pub fn supply(args: &ArtifactArgs) -> Result<Arc<Supply>> {
    let (args, judge) = (args.clone(), policy(args)?);
    Ok(Arc::new(Supply::new(move || {
        open_with(&args, judge, Arc::new(())).map_err(|error| format!("{error:#}"))
    })))
}

/// The trust policy: the one that was named, else that of $FOOTLIGHT_TRUST. A host that was told of one which it
/// cannot read runs nothing.
pub fn policy(args: &ArtifactArgs) -> Result<Option<Arc<dyn Judge>>> {
    let named = args.trust.clone().or_else(|| variable("FOOTLIGHT_TRUST"));
    let Some(path) = named else { return Ok(None) };
    Ok(Some(Arc::new(Trust::read(&path)?)))
}

fn open_with(
    args: &ArtifactArgs,
    judge: Option<Arc<dyn Judge>>,
    progress: Arc<dyn Progress>,
) -> Result<Artifacts> {
    let options = Options {
        plain_http: plain_http(args),
        extra_root_certificates: args.ca.clone(),
        judge,
        progress,
        ..Options::default()
    };
    let folder = args.store.clone().or_else(|| variable("FOOTLIGHT_STORE"));
    let folder = folder.unwrap_or_else(|| cache_dir().join("store"));
    Artifacts::open(&folder, options).context("the store cannot be used")
}

/// The registries without TLS: those that were named, else those of $FOOTLIGHT_PLAIN_HTTP.
fn plain_http(args: &ArtifactArgs) -> Vec<String> {
    if !args.plain_http.is_empty() {
        return args.plain_http.clone();
    }
    let named = env::var("FOOTLIGHT_PLAIN_HTTP").unwrap_or_default();
    let named = named.split(',').map(str::trim);
    named
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Says that the registry could not be asked, where that is so.
pub fn note_origin(resolved: &Resolved) {
    if let Origin::Store(why) = &resolved.origin {
        output::note(format_args!(
            "footlight: taken from the store, as the tag last led: {why}"
        ));
    }
}

/// Prints what became of a push.
fn tell_pushed(pushed: &Pushed, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(&pushed_as_json(pushed));
    }
    output::line(pushed.reference.pinned(pushed.digest))
}

fn pushed_as_json(pushed: &Pushed) -> Value {
    json!({
        "reference": pushed.reference.pinned(pushed.digest).to_string(),
        "digest": pushed.digest.to_string(),
        "bytes-sent": pushed.bytes_sent,
        "bytes-there": pushed.bytes_there,
    })
}
