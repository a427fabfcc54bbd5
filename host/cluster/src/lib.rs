//! Kubernetes.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod member_file;
mod members;

pub use members::ClusterMembers;
