//! The artifacts that pipeline files name by reference.

use footlight_artifacts::Artifacts;
use std::fmt;
use std::sync::LazyLock;

type Open = Box<dyn FnOnce() -> Result<Artifacts, String> + Send>;

/// Registries and the store on this machine, which are opened when something is first wanted of them: who
/// runs a pipeline of files needs neither.
pub struct Supply(LazyLock<Result<Artifacts, String>, Open>);

impl Supply {
    /// One that is opened by this.
    pub fn new(open: impl FnOnce() -> Result<Artifacts, String> + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(open)))
    }

    /// The artifacts.
    ///
    /// # Errors
    /// Why the store or what it needs cannot be used; the same at each call.
    pub fn get(&self) -> Result<&Artifacts, String> {
        LazyLock::force(&self.0).as_ref().map_err(Clone::clone)
    }
}

impl fmt::Debug for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Supply")
    }
}
