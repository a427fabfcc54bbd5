//! Where a model runs, and what was asked for.

use std::fmt;
use std::sync::Arc;

use crate::{DeviceSpec, Error, Graph, Library};

/// A model that is ready to run, and where.
#[derive(Clone)]
pub struct Compiled {
    /// The model.
    pub graph: Arc<dyn Graph>,
    /// Where it runs.
    pub placement: Placement,
}

/// Where a model runs. Shown as `openvino/cpu`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The library that runs it.
    pub library: Library,
    /// The device, by the library's own name: `cpu`, `gpu.0`.
    pub device: String,
    /// What was asked for first.
    pub asked: DeviceSpec,
    /// What was asked for before what was taken, in that order. Empty where nothing had to be passed over.
    pub passed_over: Vec<PassedOver>,
}

/// A device that was asked for and could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The device, as it was asked for.
    pub device: DeviceSpec,
    /// Why.
    pub reason: Error,
}

impl Placement {
    /// Whether it is another device than the one asked for first.
    pub fn is_fallback(&self) -> bool {
        !self.passed_over.is_empty()
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.library, self.device)
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.device, self.reason)
    }
}
