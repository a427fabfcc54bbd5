//! What can be typed after `footlight k8s`.

use clap::{Args, Subcommand};
use footlight_artifacts::Reference;

use super::ArtifactArgs;

/// The namespace that the manifests are for.
const NAMESPACE: &str = "footlight";

const CHECK_EXAMPLES: &str = "\
Examples:
  footlight k8s check
  footlight k8s check --context lab
  footlight k8s check --json | jq '.findings[] | select(.state == \"missing\")'

Asks the API server of the kubeconfig ($KUBECONFIG, else ~/.kube/config), or on a cluster its own; reads, and changes
nothing. What you may not read is said to be unchecked. Ends with 1 where something that hosts need is missing.";

const PIPELINE_EXAMPLES: &str = "\
Examples:
  footlight k8s pipeline registry.example/me/members:1.0 | kubectl apply -f -
  footlight k8s pipeline registry.example/me/members:1.0 > members.yaml && footlight prove members.yaml

The object has every part by its digest. Where a stage may run by labels of nodes, or only with a GPU, is written into its
`placement`.";

/// What to do with a cluster.
#[derive(Debug, Subcommand)]
pub enum K8sCommand {
    /// Say what a cluster lacks for hosts to run pipelines on it, and what to do about it
    #[command(after_help = CHECK_EXAMPLES)]
    Check(K8sCheckArgs),
    /// Print the object that has hosts of a cluster run a published pipeline
    #[command(after_help = PIPELINE_EXAMPLES)]
    Pipeline(K8sPipelineArgs),
}

/// `footlight k8s check`.
#[derive(Debug, Args)]
pub struct K8sCheckArgs {
    /// The namespace of the hosts
    #[arg(long, short, value_name = "NS", default_value = NAMESPACE)]
    pub namespace: String,
    /// The context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight k8s pipeline`.
#[derive(Debug, Args)]
pub struct K8sPipelineArgs {
    /// The pipeline, on a registry that the nodes reach by the same name
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// The namespace of the hosts
    #[arg(long, short, value_name = "NS", default_value = NAMESPACE)]
    pub namespace: String,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
}
