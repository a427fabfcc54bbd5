//! Measures what the README claims. `cargo xtask bench` builds what this needs and calls it.
//!
//! Every comparison has both sides in one run, taking turns, so that what else the machine does meets
//! both. A section measures one thing and gives rows; `report` makes the page and the plots of them.

#![deny(unsafe_code)]

mod chart;
mod copies;
mod deploy;
mod frames;
mod host;
mod load;
mod measure;
mod native;
mod network;
mod peers;
mod placement;
mod places;
mod process;
mod report;
mod row;
mod scale;
mod start;
mod tax;
mod variants;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::places::Places;
use crate::row::{Results, Row};

/// A section: its name, and what measures it.
type Section = (&'static str, fn(&Places) -> Result<Vec<Row>>);

const SECTIONS: [Section; 8] = [
    ("tax", tax::run),
    ("start", start::run),
    ("copies", copies::run),
    ("variants", variants::run),
    ("scale", scale::run),
    ("peers", peers::run),
    ("deploy", deploy::run),
    ("placement", placement::run),
];

#[derive(Parser)]
#[command(
    about = "Measures Footlight against a native program and against what people would use instead"
)]
struct Arguments {
    /// Measure only this section; may be given several times
    #[arg(long, value_name = "NAME", value_parser = SECTIONS.map(|section| section.0))]
    only: Vec<String>,
    /// Write the rows to this file as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure nothing, and run one side of the section `tax` again and again, for a profiler
    #[arg(long, value_enum, value_name = "SIDE")]
    repeat: Option<tax::Side>,
    /// The workspace
    #[arg(long, value_name = "DIR")]
    workspace: PathBuf,
    /// The folder of the built stages
    #[arg(long, value_name = "DIR")]
    stages: PathBuf,
    /// The folder of the sample photos
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,
    /// Where other people's programs are installed for the comparison
    #[arg(long, value_name = "DIR")]
    peers: PathBuf,
    /// Where the root folders are that container images begin with; the programs for `deploy` are in PATH then
    #[arg(long, value_name = "DIR")]
    bases: Option<PathBuf>,
    /// The folder of larger test data, for `placement`
    #[arg(
        long,
        value_name = "DIR",
        env = "FOOTLIGHT_SHARED_DATA",
        hide_env = true
    )]
    data: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let places = Places {
        workspace: arguments.workspace,
        stages: arguments.stages,
        photos: arguments.photos,
        peers: arguments.peers,
        bases: arguments.bases,
        data: arguments.data,
    };
    if let Some(side) = arguments.repeat {
        return tax::repeat(&places, side);
    }
    let kept = places.workspace.join("docs/benchmarks.json");
    let mut results = Results::read(&kept)?;
    let mut measured = Vec::new();
    for (name, run) in SECTIONS {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|only| only == name) {
            continue;
        }
        eprintln!("== {name}");
        let rows = run(&places).with_context(|| format!("the section {name}"))?;
        for row in &rows {
            eprintln!("{row}");
        }
        results.replace(name, &rows)?;
        measured.extend(rows);
    }
    if measured.is_empty() {
        bail!("nothing was measured");
    }
    results.write(&kept)?;
    report::write(&places.workspace.join("docs"), &results)?;
    report::write_readme(&places.workspace.join("README.md"), &results)?;
    if let Some(file) = &arguments.json {
        fs::write(file, serde_json::to_vec_pretty(&measured)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
