//! What can be typed about artifacts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use footlight_artifacts::Reference;

const REFERENCES: &str = "\
A reference is REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST], or oci:PATH[:TAG] for an OCI layout, a folder or a
tar of one. Credentials are docker's own: `docker login REGISTRY`, or its credential helpers.";

const STAGE_PUSH_EXAMPLES: &str = "\
Examples:
  footlight stage push brightness.wasm registry.example/me/brightness:1.0
  footlight stage push brightness.wasm oci:stages:brightness

What was pushed is a WebAssembly artifact of the CNCF's layout, which wkg, oras and containerd can pull, too. A
component that wants an import no host grants is refused.";

const MODEL_PUSH_EXAMPLES: &str = "\
Examples:
  footlight model push models/fr-feature.toml registry.example/me/fr-feature:1.0
  footlight model push mine.toml registry.example/me/mine:1.0 --file mine.onnx

The model is the file that the card has the digest of: that of --file, else the one in the cache folder.";

const PIPELINE_PUSH_EXAMPLES: &str = "\
Examples:
  footlight pipeline push guests/members.toml registry.example/me/members:1.0
  footlight run registry.example/me/members:1.0

Pushes the pipeline file with all its stages and models, each named by digest, into one repository: one digest
says exactly what runs. Parts that the file names by reference are copied there.";

const PIPELINE_PULL_EXAMPLES: &str = "\
Examples:
  footlight pipeline pull registry.example/me/members:1.0
  footlight pipeline pull registry.example/me/members:1.0 --to oci:members.tar

Fetches the pipeline and all its parts into the store, so that a host runs it with the registry out of reach. With
--to it is copied to another place: a folder or tar to carry to where there is no network, or another registry.";

/// Examples.
pub const LOCK_EXAMPLES: &str = "\
Examples:
  footlight lock members.toml            each tag in it gets the digest that it has now
  footlight lock members.toml --check    ends with 1 where a reference has no digest

Comments and order stay as they are.";

/// Examples.
pub const KEYGEN_EXAMPLES: &str = "\
Examples:
  footlight keygen alice        writes alice.key and alice.pub
  footlight keygen --site site.key     a key that galleries travel encrypted with

The private key is encrypted with $FOOTLIGHT_PASSWORD, or with what is typed; the format is cosign's, which signs
with it, too.";

/// Examples.
pub const SIGN_EXAMPLES: &str = "\
Examples:
  footlight sign registry.example/me/brightness:1.0 --key alice.key

The signature is kept beside the artifact, as cosign keeps it: `cosign verify --key alice.pub` accepts it.";

/// Examples.
pub const VERIFY_EXAMPLES: &str = "\
Examples:
  footlight verify registry.example/me/brightness:1.0 --key alice.pub
  footlight verify registry.example/me/brightness:1.0 --trust policy.toml";

/// Where artifacts are kept, how registries are spoken to, and whom is trusted.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Artifacts")]
pub struct ArtifactArgs {
    /// Folder where artifacts are kept [default: $FOOTLIGHT_STORE, then `store` in the cache folder]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Registry that is spoken to without TLS, as those of this machine are; may be given several times
    /// [default: $FOOTLIGHT_PLAIN_HTTP, separated by commas]
    #[arg(long, value_name = "REGISTRY")]
    pub plain_http: Vec<String>,
    /// File with certificates to trust beside the system's; may be given several times
    #[arg(long, value_name = "FILE.pem")]
    pub ca: Vec<PathBuf>,
    /// Which keys may sign for which repositories [default: $FOOTLIGHT_TRUST; without either, unsigned
    /// artifacts are taken]
    #[arg(long, value_name = "POLICY.toml")]
    pub trust: Option<PathBuf>,
}

/// `footlight stage push`.
#[derive(Debug, Args)]
#[command(after_help = STAGE_PUSH_EXAMPLES, after_long_help = format!("{STAGE_PUSH_EXAMPLES}\n\n{REFERENCES}"))]
pub struct StagePushArgs {
    /// A component
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where it goes
    #[arg(value_name = "REFERENCE")]
    pub target: Reference,
    #[command(flatten)]
    pub about: AboutArgs,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What is said of an artifact.
#[derive(Debug, Clone, Default, Args)]
pub struct AboutArgs {
    /// Say something of it, as org.opencontainers.image.version=1.0; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = annotation)]
    pub annotation: Vec<(String, String)>,
}

/// `footlight stage pull` and `footlight model pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// What to fetch
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// Write it there, besides keeping it in the store: a stage as this file, a model and its card into this
    /// folder
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be done with a model.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Publish a model with its card
    Push(ModelPushArgs),
    /// Fetch a model with its card
    Pull(PullArgs),
}

/// `footlight model push`.
#[derive(Debug, Args)]
#[command(after_help = MODEL_PUSH_EXAMPLES)]
pub struct ModelPushArgs {
    /// The model's card
    #[arg(value_name = "CARD.toml")]
    pub card: PathBuf,
    /// Where it goes
    #[arg(value_name = "REFERENCE")]
    pub target: Reference,
    /// The model, where it is not in the cache folder
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub about: AboutArgs,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight pipeline push`.
#[derive(Debug, Args)]
#[command(after_help = PIPELINE_PUSH_EXAMPLES)]
pub struct PipelinePushArgs {
    /// A pipeline file
    #[arg(value_name = "PIPELINE.toml")]
    pub file: PathBuf,
    /// Where it goes
    #[arg(value_name = "REFERENCE")]
    pub target: Reference,
    #[command(flatten)]
    pub locations: super::LocationArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight pipeline pull`.
#[derive(Debug, Args)]
#[command(after_help = PIPELINE_PULL_EXAMPLES)]
pub struct PipelinePullArgs {
    /// What to fetch
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// Copy it there as well
    #[arg(long, value_name = "REFERENCE")]
    pub to: Option<Reference>,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight pipeline inspect`.
#[derive(Debug, Args)]
pub struct PipelineInspectArgs {
    /// The pipeline
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// Print its pipeline file, as a host reads it
    #[arg(long, conflicts_with = "json")]
    pub file: bool,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// A pipeline file
    #[arg(value_name = "PIPELINE.toml")]
    pub file: PathBuf,
    /// Change nothing, and fail where a reference has no digest
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
}

/// `footlight keygen`.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// What the files are called: NAME.key and NAME.pub
    #[arg(
        value_name = "NAME",
        required_unless_present = "site",
        conflicts_with = "site"
    )]
    pub name: Option<PathBuf>,
    /// Make a key of a site instead, which galleries travel encrypted with
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
}

/// `footlight sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// What to sign; a tag is resolved first
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// The private key: of `footlight keygen`, or of `cosign generate-key-pair`
    #[arg(long, value_name = "FILE.key")]
    pub key: PathBuf,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// What to verify
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// A public key that must have signed it; may be given several times, and one of them suffices
    #[arg(long, value_name = "FILE.pub", conflicts_with = "trust")]
    pub key: Vec<PathBuf>,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be done with the store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Read all of the store again, and drop what is damaged
    Check(StoreCheckArgs),
    /// Drop what was not used for long, and never what a host runs
    Collect(StoreCollectArgs),
}

/// `footlight store check`.
#[derive(Debug, Args)]
pub struct StoreCheckArgs {
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight store collect`.
#[derive(Debug, Args)]
pub struct StoreCollectArgs {
    /// Drop the least recently used until so many MiB are left
    #[arg(long, value_name = "MIB")]
    pub max_size: Option<u64>,
    /// Drop what was not used for so many days
    #[arg(long, value_name = "DAYS")]
    pub max_age: Option<u64>,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, such as org.opencontainers.image.version=1.0".to_owned()),
    }
}
