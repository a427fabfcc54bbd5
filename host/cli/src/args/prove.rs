//! What can be typed after `footlight prove`.

use clap::Args;
use footlight_pipeline::Place;

use super::LocationArgs;

/// Examples.
pub const PROVE_EXAMPLES: &str = "\
Examples:
  footlight prove guests/members-across-zones.toml
  footlight prove registry.example/me/members:1.0 --json | jq '.bounds'

Reads the pipeline file and its components; nothing is compiled or run. Ends with 1 where something could get out that
may not, where a frame would get stuck, or where a component reaches more than a stage may.";

/// `footlight prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// A pipeline file, or a reference to a pipeline
    #[arg(value_name = "PIPELINE")]
    pub pipeline: Place,
    #[command(flatten)]
    pub locations: LocationArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
