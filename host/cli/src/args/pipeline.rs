//! What can be typed after `footlight pipeline`.

use clap::{Args, Subcommand};

use super::{HostArgs, PipelineInspectArgs, PipelinePullArgs, PipelinePushArgs};

/// Examples of what is done with a version.
pub const CHANGE_EXAMPLES: &str = "\
Examples:
  footlight pipeline list                    which version of each pipeline runs, and what was refused
  footlight pipeline reload members          have the host look at the pipeline's files now
  footlight pipeline rollback members        back to the version before; once more goes forward again

A version that cannot be opened or fails its probe is never switched to: the command ends with 1 and says
why, and the version that ran goes on. Frames that were begun finish on the version that they began with.";

/// What can be done with a pipeline of a host.
#[derive(Debug, Subcommand)]
pub enum PipelineCommand {
    /// List the pipelines of a host: the version that runs, where it came from, what was refused
    List(ListArgs),
    /// Switch to what the pipeline's source has now
    #[command(after_help = CHANGE_EXAMPLES)]
    Reload(ChangeArgs),
    /// Switch back to the version that ran before
    #[command(after_help = CHANGE_EXAMPLES)]
    Rollback(ChangeArgs),
    /// Switch to what another source has, which versions come from thereafter
    #[command(after_help = CHANGE_EXAMPLES)]
    Use(UseArgs),
    /// Publish a pipeline with all its stages and models
    Push(PipelinePushArgs),
    /// Fetch a pipeline with all its parts
    Pull(PipelinePullArgs),
    /// Print what a pipeline is made of, by digest
    Inspect(PipelineInspectArgs),
}

/// `footlight pipeline list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub host: HostArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight pipeline reload` and `rollback`.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// The pipeline's name
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub host: HostArgs,
    /// Print the host's answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight pipeline use`.
#[derive(Debug, Args)]
pub struct UseArgs {
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Where the version is: a reference, or the file that the host was started with
    #[arg(value_name = "SOURCE")]
    pub source: String,
}
