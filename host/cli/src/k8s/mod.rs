//! `footlight k8s`: what a cluster lacks, and the object of a pipeline.

mod object;
mod report;

use anyhow::{Context, Result, bail};
use footlight_artifacts::Location;
use footlight_cluster::check::{self as cluster, State};
use footlight_pipeline::{PipelineFile, settle};
use serde_json::json;
use tokio::runtime;

use crate::args::{K8sCheckArgs, K8sPipelineArgs};
use crate::exit::Outcome;
use crate::{artifact, output};

/// Lists what is there and what is not. Fails where something that is needed is missing.
pub fn check(args: &K8sCheckArgs) -> Result<Outcome> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let context = args.context.as_deref();
    let findings = runtime.block_on(cluster::check_current(context, &args.namespace))?;
    let failed = findings
        .iter()
        .any(|finding| finding.state == State::Missing);
    if args.json {
        output::json(
            &json!({"ready": !failed, "namespace": args.namespace, "findings": findings}),
        )?;
    } else {
        output::line(report::text(&findings))?;
    }
    Ok(Outcome::failed_if(failed))
}

/// Prints the object of a published pipeline, with all parts by digest.
pub fn pipeline(args: &K8sPipelineArgs) -> Result<Outcome> {
    let reference = &args.reference;
    if let Location::Layout { .. } = reference.location() {
        bail!(
            "{reference} is a folder of this machine, and nodes fetch from a registry: publish it with `footlight \
             pipeline push`"
        );
    }
    let artifacts = artifact::open(&args.artifacts)?;
    let resolved = artifacts.resolve(reference)?;
    artifact::note_origin(&resolved);
    let pinned = reference.pinned(resolved.digest);
    let pipeline = artifacts.pipeline(&pinned)?;
    // Hosts refuse what names anything but its own parts; so is it here, before it is on a cluster.
    let file = PipelineFile::published(&pipeline).with_context(|| pinned.to_string())?;
    let text = settle(&pipeline.file, &pipeline.home).with_context(|| pinned.to_string())?;
    let object = object::of(&text, &file.name, &args.namespace)?;
    output::line(format_args!("# {pinned}\n{}", object.trim_end()))?;
    Ok(Outcome::Done)
}
