//! `footlight`: runs pipelines of sandboxed stages, and speaks to a host that does.
#![forbid(unsafe_code)]

mod annotate;
mod answer;
mod args;
mod author;
mod client;
mod doctor;
mod enroll;
mod evaluate;
mod exit;
mod inspect;
mod locate;
mod models;
mod output;
mod photo;
mod placement;
mod problem;
mod run;
mod submit;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, StageCommand};

fn main() -> ExitCode {
    exit::code(match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Enroll(args) => enroll::enroll(&args),
        Command::Members(args) => enroll::members(&args),
        Command::Forget(args) => enroll::forget(&args),
        Command::Submit(args) => submit::submit(&args),
        Command::Stage(StageCommand::New(args)) => author::new(&args),
        Command::Stage(StageCommand::Build(args)) => author::build(&args),
        Command::Stage(StageCommand::Inspect(args)) => inspect::inspect(&args),
        Command::Models(args) => models::models(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Evaluate(args) => evaluate::evaluate(&args),
    })
}
