//! Kubernetes.

pub mod check;
