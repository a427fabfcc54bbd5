//! What can be typed after `footlight stage`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use footlight_authoring::Language;
use footlight_pipeline::Place;

use super::{ArtifactArgs, PullArgs, StagePushArgs};

const NEW_EXAMPLES: &str = "\
Examples:
  footlight stage new brightness
  footlight stage new brightness --lang python
  cd brightness && footlight stage build && footlight run pipeline.toml

What is written builds as it is: it measures how bright a picture is. It holds all that it needs, Footlight's
source tree is not.";

const BUILD_EXAMPLES: &str = "\
Examples:
  footlight stage build
  footlight stage build brightness -o stages/brightness.wasm
  footlight stage build --json | jq -r .digest

The folder's manifest says what the stage is written in: Cargo.toml Rust, pyproject.toml Python, package.json
JavaScript. What builds it is found, or fetched once into the cache folder by rustup, pip or npm. A component
that does not fit a host is refused, with the import or export that is wrong, and not written.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  footlight stage inspect target/stages/face-detection.wasm
  footlight stage inspect face-detection.wasm --json | jq -r .digest

Ends with 1 where the file is no stage, as far as is seen without compiling it: by imports, exports, and code
that this host's engine does not take.";

/// What can be done with a stage.
#[derive(Debug, Subcommand)]
pub enum StageCommand {
    /// Write a new stage that builds as it is, in Rust, Python or JavaScript
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArgs),
    /// Build a stage to a component and check that it fits a host
    #[command(after_help = BUILD_EXAMPLES)]
    Build(BuildArgs),
    /// Print a stage's size, digest, exports, and imports: all that it can reach, in words
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Publish a stage
    Push(StagePushArgs),
    /// Fetch a stage
    Pull(PullArgs),
}

/// `footlight stage new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The stage's name, which a folder of that name is made for; or the folder's path
    #[arg(value_name = "NAME")]
    pub folder: PathBuf,
    /// What it is written in: rust, python or js
    #[arg(long, value_name = "LANG", default_value_t = Language::Rust)]
    pub lang: Language,
}

/// `footlight stage build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The stage's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Where the component is written [default: NAME.wasm in the stage's folder]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight stage inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A WebAssembly component, or a reference to a stage
    #[arg(value_name = "FILE or REFERENCE")]
    pub place: Place,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
