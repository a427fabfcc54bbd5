//! What a test needs beyond the source tree.

use crate::kubectl;
use crate::schemas;
use libtest_mimic::{Completion, Trial};
use std::env;

/// A thing that a test cannot do without.
#[derive(Clone, Copy)]
pub enum Need {
    /// A cluster, with the image and the pipeline in its registry.
    Cluster,
    /// A client of Kubernetes.
    Kubectl,
    /// What a newer Kubernetes says of its objects.
    Schemas,
}

/// Why a test cannot be done here, which it found out by itself.
pub struct CannotBeDone(pub String);

/// A test, which fails by panicking.
pub type Test = fn() -> Result<(), CannotBeDone>;

/// A test that is ignored, with the reason, where something it needs is not there, or where it found out itself that it
/// cannot be done here.
pub fn trial(name: &str, needs: &'static [Need], test: Test) -> Trial {
    Trial::ignorable_test(name, move || {
        let done = match needs.iter().find_map(|need| need.missing()) {
            Some(reason) => Err(reason),
            None => test().map_err(|CannotBeDone(reason)| reason),
        };
        Ok(match done {
            Ok(()) => Completion::Completed,
            Err(reason) => Completion::ignored_with(reason),
        })
    })
}

impl Need {
    fn missing(self) -> Option<String> {
        match self {
            Need::Cluster => {
                let lacks = env::var("FOOTLIGHT_CLUSTER_LACKS");
                let lacks = lacks.unwrap_or_else(|_| "run `cargo xtask e2e`".to_owned());
                env::var_os("FOOTLIGHT_CLUSTER_KUBECONFIG")
                    .is_none()
                    .then(|| format!("there is no cluster: {lacks}"))
            }
            Need::Kubectl => kubectl::programs()
                .is_empty()
                .then(|| "there is no kubectl: `cargo xtask test` fetches one".to_owned()),
            Need::Schemas => schemas::missing(),
        }
    }
}
