//! `footlight`: runs pipelines of sandboxed stages, and speaks to a host that does.
#![forbid(unsafe_code)]

mod annotate;
mod answer;
mod args;
mod artifact;
mod author;
mod client;
mod doctor;
mod enroll;
mod evaluate;
mod exit;
mod inspect;
mod k8s;
mod kubernetes;
mod locate;
mod models;
mod opener;
mod output;
mod peers;
mod photo;
mod pipeline;
mod placement;
mod problem;
mod prove;
mod run;
mod starting;
mod submit;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::{
    Cli, Command, GalleryCommand, K8sCommand, ModelCommand, PipelineCommand, StageCommand,
    StoreCommand,
};

fn main() -> ExitCode {
    exit::code(match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Enroll(args) => enroll::enroll(&args),
        Command::Members(args) => enroll::members(&args),
        Command::Forget(args) => enroll::forget(&args),
        Command::Submit(args) => submit::submit(&args),
        Command::Stage(command) => match command {
            StageCommand::New(args) => author::new(&args),
            StageCommand::Build(args) => author::build(&args),
            StageCommand::Inspect(args) => inspect::inspect(&args),
            StageCommand::Push(args) => artifact::push_stage(&args),
            StageCommand::Pull(args) => artifact::pull_stage(&args),
        },
        Command::Model(ModelCommand::Push(args)) => artifact::push_model(&args),
        Command::Model(ModelCommand::Pull(args)) => artifact::pull_model(&args),
        Command::Gallery(GalleryCommand::Push(args)) => artifact::push_gallery(&args),
        Command::Gallery(GalleryCommand::Pull(args)) => artifact::pull_gallery(&args),
        Command::Lock(args) => artifact::lock(&args),
        Command::Keygen(args) => artifact::keygen(&args),
        Command::Sign(args) => artifact::sign(&args),
        Command::Verify(args) => artifact::verify(&args),
        Command::Store(StoreCommand::Check(args)) => artifact::check(&args),
        Command::Store(StoreCommand::Collect(args)) => artifact::collect(&args),
        Command::Pipeline(command) => match command {
            PipelineCommand::List(args) => pipeline::list(&args),
            PipelineCommand::Reload(args) => pipeline::reload(&args),
            PipelineCommand::Rollback(args) => pipeline::roll_back(&args),
            PipelineCommand::Use(args) => pipeline::use_source(&args),
            PipelineCommand::Push(args) => artifact::push_pipeline(&args),
            PipelineCommand::Pull(args) => artifact::pull_pipeline(&args),
            PipelineCommand::Inspect(args) => artifact::inspect_pipeline(&args),
        },
        Command::Prove(args) => prove::prove(&args),
        Command::K8s(K8sCommand::Check(args)) => k8s::check(&args),
        Command::K8s(K8sCommand::Pipeline(args)) => k8s::pipeline(&args),
        Command::Models(args) => models::models(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Evaluate(args) => evaluate::evaluate(&args),
    })
}
