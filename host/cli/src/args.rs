//! What can be typed.

mod artifact;
mod gallery;
mod k8s;
mod peers;
mod pipeline;
mod prove;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use footlight_nn::quantity::duration;
use footlight_pipeline::Place;
use serde::de::IntoDeserializer;

pub use artifact::{
    ArtifactArgs, KeygenArgs, LockArgs, ModelCommand, ModelPushArgs, PipelineInspectArgs,
    PipelinePullArgs, PipelinePushArgs, PullArgs, SignArgs, StagePushArgs, StoreCheckArgs,
    StoreCollectArgs, StoreCommand, VerifyArgs,
};
pub use gallery::{GalleryCommand, GalleryPlace, GalleryPullArgs, GalleryPushArgs};
pub use k8s::{K8sCheckArgs, K8sCommand, K8sPipelineArgs};
pub use peers::PeerArgs;
pub use pipeline::{ChangeArgs, ListArgs, PipelineCommand, UseArgs};
pub use prove::ProveArgs;
pub use stage::{BuildArgs, InspectArgs, NewArgs, StageCommand};

/// Where a host listens where nothing else is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7420";
/// Where a host is looked for where nothing else is said.
pub const DEFAULT_HOST: &str = "http://127.0.0.1:7420";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something asked for was not done, or is not as it must be; standard error says what
  2  the command line is not one that footlight understands
  3  no host answers at the address";

const START: &str = "\
Start here:
  footlight run guests/members.toml          serve the pipeline at http://127.0.0.1:7420
  footlight enroll obama obama1.jpg          make somebody a member
  footlight submit party.jpg                 who of a photo is one
  footlight evaluate faces/ --pipeline guests/members.toml   how often it errs";

const RUN_EXAMPLES: &str = "\
Examples:
  footlight run guests/members.toml
  footlight run guests/members.toml --listen 0.0.0.0:8080 --gallery /var/lib/footlight/members
  footlight run guests/members.toml --gallery registry.example/site/members:current --site-key site.key
  footlight run members.yaml                               the object of a cluster, here
  RUST_LOG=debug footlight run guests/members.toml --log-format json

Prints `listening on http://ADDRESS` on standard output once every stage is loaded and the address is
bound. When the files of a pipeline change, the host switches to the new version between two frames; one
that does not work is refused, and `footlight pipeline list` says why. SIGTERM and Ctrl-C end it: frames
that it holds are finished first.";

const ENROLL_EXAMPLES: &str = "\
Examples:
  footlight enroll obama obama.jpg obama2.jpg
  footlight enroll anna.smith photos/anna/*.jpg --host http://10.0.0.5:7420

Each photo must show one face, large, sharp and turned to the camera. All photos are taken or none; they
replace what was known of the member before. The photos themselves are not kept.";

const SUBMIT_EXAMPLES: &str = "\
Examples:
  footlight submit party.jpg
  footlight submit *.jpg --annotate annotated
  footlight submit party.jpg --json | jq '.[0].answer.faces[].verdict'";

const MODELS_EXAMPLES: &str = "\
Examples:
  footlight models                           those of the host at http://127.0.0.1:7420
  footlight models guests/members.toml       those that a pipeline file names, without running it

Shows the device that each model really runs on, and what it is a fallback from. Models of a file are made
ready for that, which takes a second or two; ends with 1 where one cannot be.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  footlight doctor                           what this machine can run models on
  footlight doctor guests/members.toml       whether all that a pipeline needs is there
  footlight doctor --json | jq '.findings[] | select(.state == \"missing\")'

Looks, and tries each device with a small model; changes nothing. Ends with 1 where something that the
pipeline needs is missing; without a pipeline, where no model can run at all.";

const EVALUATE_EXAMPLES: &str = "\
Examples:
  footlight evaluate faces/ --pipeline guests/members.toml
  footlight evaluate faces/ --pipeline guests/members.toml --fmr 0.0001 --plot rates.svg
  footlight evaluate faces/ --pipeline guests/members.toml --scores scores.csv --json

DIR has a folder for each person, with that person's photos. Every photo is compared with every other: pairs
of one folder are of the same person, all others are of different people. No host need run.";

/// Runs pipelines of sandboxed WebAssembly stages on photos.
///
/// One command serves a pipeline over HTTP; the others speak to it, look into a stage, or measure how often
/// a pipeline takes one person for another.
#[derive(Debug, Parser)]
#[command(name = "footlight", version, after_help = START, after_long_help = format!("{START}\n\n{EXIT_CODES}"))]
#[command(propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve one or more pipelines over HTTP
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Make somebody a member, from photos, or replace a member's photos
    #[command(after_help = ENROLL_EXAMPLES)]
    Enroll(EnrollArgs),
    /// List the members
    Members(MembersArgs),
    /// Remove a member and all that is known of them
    Forget(ForgetArgs),
    /// Send photos to a running host and print who is a member
    #[command(after_help = SUBMIT_EXAMPLES)]
    Submit(SubmitArgs),
    /// Start a new stage, build it, publish it, fetch one, look into one
    #[command(subcommand)]
    Stage(StageCommand),
    /// Publish a pipeline; see which version a host runs, and change it between two frames
    #[command(subcommand, after_help = pipeline::CHANGE_EXAMPLES)]
    Pipeline(PipelineCommand),
    /// Print every way that data of a pipeline can take between zones, and why no image leaves its own
    #[command(after_help = prove::PROVE_EXAMPLES)]
    Prove(ProveArgs),
    /// Say what a Kubernetes cluster lacks for hosts to run on it, and make the object of a published pipeline
    #[command(subcommand)]
    K8s(K8sCommand),
    /// Publish a model with its card, or fetch one
    #[command(subcommand)]
    Model(ModelCommand),
    /// Publish the gallery of a host, encrypted, for other hosts of the site
    #[command(subcommand)]
    Gallery(GalleryCommand),
    /// Write the digests that tags lead to into a pipeline file
    #[command(after_help = artifact::LOCK_EXAMPLES)]
    Lock(LockArgs),
    /// Make a pair of keys to sign with, or the key of a site
    #[command(after_help = artifact::KEYGEN_EXAMPLES)]
    Keygen(KeygenArgs),
    /// Sign an artifact, as cosign does
    #[command(after_help = artifact::SIGN_EXAMPLES)]
    Sign(SignArgs),
    /// Verify who signed an artifact
    #[command(after_help = artifact::VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
    /// Check the store of artifacts, or drop what is not used
    #[command(subcommand)]
    Store(StoreCommand),
    /// List models: digest, device, tensors, licence
    #[command(after_help = MODELS_EXAMPLES)]
    Models(ModelsArgs),
    /// List inference libraries, devices and what else a host needs, and what to do about what is missing
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Measure how often a pipeline takes one person for another, on a folder of photos
    #[command(after_help = EVALUATE_EXAMPLES)]
    Evaluate(EvaluateArgs),
}

/// Where stages and inference libraries are found.
#[derive(Debug, Clone, Args)]
pub struct LocationArgs {
    /// Folder with stages; may be given several times [default: beside the pipeline file, then
    /// $FOOTLIGHT_STAGES, then the folder `stages` of the build]
    #[arg(long, value_name = "DIR")]
    pub stages: Vec<PathBuf>,
    #[command(flatten)]
    pub libraries: LibraryArgs,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
}

/// Where inference libraries are found.
#[derive(Debug, Clone, Default, Args)]
pub struct LibraryArgs {
    /// Folder with the OpenVINO library [default: $FOOTLIGHT_OPENVINO, then the cache folder, then the
    /// system's]
    #[arg(long, value_name = "DIR")]
    pub openvino: Option<PathBuf>,
    /// Folder with the ONNX Runtime library [default: $FOOTLIGHT_ONNXRUNTIME, then the cache folder, then
    /// the system's]
    #[arg(long, value_name = "DIR")]
    pub onnxruntime: Option<PathBuf>,
}

/// `footlight run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Pipeline files (TOML, or objects of Kubernetes in YAML), or references to pipelines in registries
    #[arg(required_unless_present = "kubernetes", value_name = "PIPELINE")]
    pub pipelines: Vec<Place>,
    /// Run what the Pipeline objects of the cluster say, in the namespace of this pod, as far as it is placed on this node
    #[arg(long, conflicts_with_all = ["pipelines", "peer", "only_stages"])]
    pub kubernetes: bool,
    /// Address and port to listen at; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    pub listen: SocketAddr,
    /// Folder where members are kept, or the reference of a gallery that is enrolled on another host, as
    /// NAME=REFERENCE where there are several pipelines; may be given several times [default:
    /// $FOOTLIGHT_GALLERY, else a folder of the pipeline's name in the state folder]
    #[arg(long, value_name = "DIR|REFERENCE")]
    pub gallery: Vec<GalleryPlace>,
    /// File with the key of the site, which galleries travel encrypted with [default: $FOOTLIGHT_SITE_KEY;
    /// without either, none leaves this host and none is taken]
    #[arg(long, value_name = "FILE")]
    pub site_key: Option<PathBuf>,
    #[command(flatten)]
    pub locations: LocationArgs,
    #[command(flatten)]
    pub peers: PeerArgs,
    /// Frames worked on at the same time [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub workers: Option<u16>,
    /// Largest request body accepted, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_body: Option<u64>,
    /// How long a host that is told to stop goes on to take frames, and says meanwhile that it is about to end (`/readyz`,
    /// and to other hosts): `3s` where something else has to learn first to send frames elsewhere [default: not at all]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub drain: Option<Duration>,
    /// Leave the pipelines as they are when their files change, until `footlight pipeline reload`, and a gallery
    /// that is enrolled elsewhere until the host is started anew
    ///
    /// Without this, a host looks once a second whether a pipeline file, or a component or card that it
    /// names, has changed, and switches to the new version between two frames. That is safe to have on: a
    /// version that cannot be opened or fails its probe is never switched to.
    #[arg(long)]
    pub no_watch: bool,
    /// How the log is written to standard error; RUST_LOG says how much of it
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Which host is spoken to.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// The host's address [default: $FOOTLIGHT_HOST, else http://127.0.0.1:7420]
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
}

/// Which pipeline of a host is meant.
#[derive(Debug, Args)]
pub struct PipelineArgs {
    /// The pipeline's name [default: the host's only one]
    #[arg(long, value_name = "NAME")]
    pub pipeline: Option<String>,
}

/// `footlight enroll`.
#[derive(Debug, Args)]
pub struct EnrollArgs {
    /// The member's name: 1 to 64 of a-z, A-Z, 0-9, dot, underscore and hyphen
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Photos (JPEG or PNG) of that person alone
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    #[command(flatten)]
    pub host: HostArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Print the host's answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight members`.
#[derive(Debug, Args)]
pub struct MembersArgs {
    #[command(flatten)]
    pub host: HostArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The member's name
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub host: HostArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
}

/// `footlight submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// Photos (JPEG or PNG)
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    #[command(flatten)]
    pub host: HostArgs,
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// The live stream that the photos are of: a host with too much to do works on the newest that waits, and answers
    /// those before it with an error
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// Print JSON: an array with {"photo", "answer"} or {"photo", "error"} for each photo
    #[arg(long)]
    pub json: bool,
    /// Write each photo as DIR/<name>.png with its faces, landmarks and verdicts drawn in
    #[arg(long, value_name = "DIR")]
    pub annotate: Option<PathBuf>,
}

/// `footlight models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Load the models of this pipeline file, instead of asking a host
    #[arg(value_name = "PIPELINE.toml", conflicts_with = "host")]
    pub pipeline: Option<PathBuf>,
    #[command(flatten)]
    pub host: HostArgs,
    #[command(flatten)]
    pub libraries: LibraryArgs,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Look for what this pipeline needs
    #[arg(value_name = "PIPELINE.toml")]
    pub pipeline: Option<PathBuf>,
    #[command(flatten)]
    pub locations: LocationArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder with a folder of photos for each person
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The pipeline whose stages compute the features
    #[arg(long, value_name = "PIPELINE.toml")]
    pub pipeline: PathBuf,
    #[command(flatten)]
    pub locations: LocationArgs,
    /// The false match rate to find a threshold for, as a fraction: 0.001 is one in a thousand
    #[arg(long, value_name = "RATE", default_value_t = 0.001, value_parser = rate)]
    pub fmr: f64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Write the similarity of every pair to a CSV file
    #[arg(long, value_name = "FILE.csv")]
    pub scores: Option<PathBuf>,
    /// Draw the score distributions and the error curves into an SVG file
    #[arg(long, value_name = "FILE.svg", value_parser = svg)]
    pub plot: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..1.0).contains(&rate) => Ok(rate),
        Ok(_) => Err("a rate is a fraction from 0 up to 1, such as 0.001 for 0.1 %".to_owned()),
        Err(_) => Err("not a number; write a fraction such as 0.001".to_owned()),
    }
}

/// A time, written as in a pipeline file.
fn time(text: &str) -> Result<Duration, serde::de::value::Error> {
    duration(text.into_deserializer())
}

fn svg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_svg = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
    if is_svg {
        Ok(path)
    } else {
        Err("the plot is written as SVG; give a file name that ends in .svg".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn refused(line: &[&str]) -> String {
        Cli::try_parse_from(line).unwrap_err().to_string()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_plot_that_is_no_svg_is_refused_with_what_to_do() {
        let line = [
            "footlight",
            "evaluate",
            "d",
            "--pipeline",
            "p.toml",
            "--plot",
            "rates.png",
        ];
        assert!(refused(&line).contains("ends in .svg"));
    }

    #[test]
    fn a_rate_in_per_cent_is_refused() {
        let line = [
            "footlight",
            "evaluate",
            "d",
            "--pipeline",
            "p.toml",
            "--fmr",
            "5",
        ];
        assert!(refused(&line).contains("fraction from 0 up to 1"));
    }

    #[test]
    fn models_are_of_a_file_or_of_a_host() {
        let line = [
            "footlight",
            "models",
            "p.toml",
            "--host",
            "http://127.0.0.1:1",
        ];
        assert!(refused(&line).contains("cannot be used with"));
    }

    #[test]
    fn a_time_has_a_unit() {
        let run = |drain| Cli::try_parse_from(["footlight", "run", "p.toml", "--drain", drain]);
        let Command::Run(args) = run("3s").unwrap().command else {
            panic!("not run")
        };
        assert_eq!(args.drain, Some(Duration::from_secs(3)));
        let said = run("3").err().unwrap().to_string();
        assert!(said.contains("500 ms"), "{said}");
    }

    #[test]
    fn run_listens_on_this_machine_alone_by_default() {
        let cli = Cli::try_parse_from(["footlight", "run", "p.toml"]).unwrap();
        let Command::Run(args) = cli.command else {
            panic!("not run")
        };
        assert!(args.listen.ip().is_loopback());
        assert_eq!(args.listen.port(), 7420);
    }
}
