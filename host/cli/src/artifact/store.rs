//! `footlight store check` and `footlight store collect`.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use footlight_artifacts::Keep;
use indicatif::HumanBytes;
use serde_json::json;

use super::open;
use crate::args::{StoreCheckArgs, StoreCollectArgs};
use crate::exit::Outcome;
use crate::{output, table};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads all of the store again.
pub fn check(args: &StoreCheckArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let report = artifacts.verify_all()?;
    let damaged: Vec<String> = report.damaged.iter().map(ToString::to_string).collect();
    if args.json {
        output::json(&json!({
            "store": artifacts.folder(),
            "blobs": report.blobs,
            "bytes": report.bytes,
            "damaged": damaged,
            "foreign": report.foreign,
        }))?;
    } else {
        output::line(format_args!(
            "{}: {}, {}; {} damaged",
            artifacts.folder().display(),
            table::plural(report.blobs as u64, "blob", "blobs"),
            HumanBytes(report.bytes),
            damaged.len()
        ))?;
        for digest in &damaged {
            output::note(format_args!(
                "footlight: {digest} was damaged, and is fetched again when it is wanted"
            ));
        }
        for path in &report.foreign {
            output::note(format_args!("footlight: {} is no blob", path.display()));
        }
    }
    Ok(Outcome::failed_if(!damaged.is_empty()))
}

/// Drops what was not used for long.
pub fn collect(args: &StoreCollectArgs) -> Result<Outcome> {
    let artifacts = open(&args.artifacts)?;
    let keep = Keep {
        max_bytes: args
            .max_size
            .map(|mebibytes| mebibytes.saturating_mul(1 << 20)),
        max_age: args
            .max_age
            .map(|days| DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX))),
        ..Keep::default()
    };
    let collected = artifacts.collect(&keep, &HashSet::new())?;
    if args.json {
        output::json(&json!({
            "dropped": collected.dropped,
            "freed": collected.freed,
            "kept": collected.kept,
            "bytes": collected.bytes,
            "in-use": collected.in_use,
        }))?;
    } else {
        output::line(format_args!(
            "dropped {}, {}; {} left, of which hosts use {}",
            table::plural(collected.dropped as u64, "blob", "blobs"),
            HumanBytes(collected.freed),
            HumanBytes(collected.bytes),
            HumanBytes(collected.in_use)
        ))?;
    }
    Ok(Outcome::Done)
}
