//! Why a cluster cannot be used.

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A host on a cluster must know where it is.
    #[error(
        "{0} is not set: on Kubernetes a host is told its node, pod and namespace by NODE_NAME, POD_NAME and \
         POD_NAMESPACE, as the manifests in k8s/ do"
    )]
    NotTold(&'static str),
    /// There is no API server to be found.
    #[error(
        "no cluster is found: {0}; within a pod its service account's token must be mounted \
         (automountServiceAccountToken), elsewhere name a kubeconfig in $KUBECONFIG"
    )]
    NoCluster(String),
    /// What was last known cannot be kept.
    #[error("what is known of the cluster cannot be kept in {path}: {why}")]
    Kept {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
}
