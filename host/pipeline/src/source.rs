//! Where the versions of a pipeline come from.

use crate::deployment::Definition;
use crate::error::OpenError;
use std::sync::Arc;

/// Where the versions of a pipeline come from: a file, a tag in a registry.
pub trait Source: Send + Sync {
    /// The source as people write it: a path, a reference.
    fn describe(&self) -> String;

    /// Whether it may have another version than when this was last asked, or than was last loaded. A host
    /// that watches asks about once a second, on a thread that may wait; a source that is far away answers
    /// no where it is too soon to look again. One that cannot be reached has nothing new.
    fn changed(&self) -> bool;

    /// The version that it has now, which is no change any more: a host that was told to load it and then
    /// to go back stays back.
    ///
    /// # Errors
    /// Why there is none, in the words of whoever is to correct it.
    fn load(&self) -> Result<Definition, OpenError>;
}

/// The sources that somebody may name who speaks to a host over the network. What a host may read is its
/// operator's choice, not a caller's.
pub trait Sources: Send + Sync {
    /// The source of this name.
    ///
    /// # Errors
    /// Why a caller may not have it, and what to do.
    fn named(&self, name: &str) -> Result<Arc<dyn Source>, NotAllowed>;

    /// Whether a caller may have the host go back to the version before.
    ///
    /// # Errors
    /// Why not, and what to do.
    fn may_roll_back(&self) -> Result<(), NotAllowed> {
        Ok(())
    }
}

/// Why a caller may not name a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(pub String);

/// No source may be named but the one that the operator started the host with.
pub struct OperatorsOnly(Arc<dyn Source>);

impl OperatorsOnly {
    /// For a host that was started with this source.
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self(source)
    }
}

impl Sources for OperatorsOnly {
    fn named(&self, name: &str) -> Result<Arc<dyn Source>, NotAllowed> {
        let own = self.0.describe();
        if name == own {
            return Ok(self.0.clone());
        }
        let shown: String = name.chars().take(200).collect();
        Err(NotAllowed(format!(
            "{shown:?} is not where this pipeline comes from: the host's operator started it with {own:?}. Whoever \
             only speaks to a host cannot make it read other files; change that one and reload, or have the \
             operator start the host with the other"
        )))
    }
}
