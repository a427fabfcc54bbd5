//! The tasks of this workspace: fetch what is needed, build the stages, show a demonstration, test.
//!
//! It is the first thing that a newcomer waits for, so it depends on little: it knows packages, cargo and the
//! host's command line, and of the host's crates the one that builds stages, which depends on little too.

#![forbid(unsafe_code)]

mod bench;
mod build;
mod client;
mod debian;
mod demo;
mod digest;
mod download;
mod e2e;
mod fetch;
mod folder;
mod image;
mod languages;
mod model;
mod prerequisites;
mod python_literal;
mod quantize;
mod source;
mod stages;
mod test;
mod tools;
mod unpack;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use footlight_authoring::{Cache, Progress};

use crate::fetch::Purpose;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Tasks of the Footlight workspace"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Shows members told from strangers on real photos; exits 0 only if every verdict is right
    Demo {
        /// Leave the host up afterwards, until Ctrl-C
        #[arg(long)]
        serve: bool,
        /// Print the results as JSON on standard output
        #[arg(long)]
        json: bool,
    },
    /// Runs every test of the workspace
    Test {
        /// Passed on to `cargo test`, for example `-p footlight-nn` or `-- --nocapture`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measures the host against a native program and against what people would use instead
    Bench {
        /// Measure only this section (tax, start, copies, variants, scale, peers, deploy, placement); may be given several times
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Write the rows to this file as well
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Runs the hosts on a Kubernetes cluster, and tests that they serve and survive
    E2e(e2e::Options),
    /// Builds the host's container image: the binary, the inference library, and what both are linked to
    Image(image::Options),
    /// Fetches the inference runtime, the models and the sample photos that the host and the demonstration use
    Fetch,
    /// Fetches the registry and the clients that tests use, and prints the variables that tell `cargo test` where they are
    Tools,
    /// Makes the feature model with 8-bit integers, whose card is models/fr-feature-int8.toml
    Quantize,
    /// Builds every stage of the workspace, the hostile ones of the tests too, and prints their sizes
    Stages,
    /// Builds a crate, in this workspace or elsewhere, to a stage and prints where it is
    Stage {
        /// The crate's folder
        path: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let cache = Cache::open()?;
    let progress = Progress::on_stderr();
    match task {
        Task::Demo { serve, json } => {
            fetch::all(&workspace, &cache, &progress, Purpose::Running)?;
            return demo::run(
                &workspace,
                &cache,
                &progress,
                &demo::Options { serve, json },
            );
        }
        Task::Test { arguments } => {
            fetch::all(&workspace, &cache, &progress, Purpose::Testing)?;
            return test::run(&workspace, &cache, &progress, &arguments);
        }
        Task::Bench { only, json } => {
            fetch::all(&workspace, &cache, &progress, Purpose::Running)?;
            return bench::run(
                &workspace,
                &cache,
                &progress,
                &bench::Options { only, json },
            );
        }
        Task::E2e(options) => {
            fetch::all(&workspace, &cache, &progress, Purpose::Testing)?;
            return e2e::run(&workspace, &cache, &progress, &options);
        }
        Task::Image(options) => {
            fetch::all(&workspace, &cache, &progress, Purpose::Running)?;
            image::run(&workspace, &cache, &progress, &options)?;
        }
        Task::Fetch => fetch::all(&workspace, &cache, &progress, Purpose::Running)?,
        Task::Quantize => {
            fetch::all(&workspace, &cache, &progress, Purpose::Running)?;
            quantize::run(&workspace, &cache, &progress)?;
        }
        Task::Tools => {
            for (variable, program) in tools::for_tests(&cache, &progress) {
                println!("export {variable}={}", program.display());
            }
        }
        Task::Stages => stages::print(&stages::build_all(&workspace, &cache, &progress)?),
        Task::Stage { path } => {
            let stage = stages::build_one(&workspace, &cache, &progress, &path)?;
            println!("{}", stage.file.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
