//! Code that was compiled at an earlier start.

use footlight_sealed::Sealed;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Compiled components, by what they were compiled from and for.
pub(crate) struct Kept {
    sealed: Arc<Sealed>,
    /// A hash of all that must be equal where code is made and where it runs: wasmtime's version, the
    /// processor, the engine's settings.
    compatibility: u64,
}

impl Kept {
    pub(crate) fn new(sealed: Arc<Sealed>, engine: &Engine) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self {
            sealed,
            compatibility: hasher.finish(),
        }
    }

    fn key(&self, digest: &str) -> String {
        format!("component-{digest}-{:016x}", self.compatibility)
    }

    /// The code of the component with this digest, where it is kept.
    #[allow(unsafe_code)]
    pub(crate) fn get(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let code = self.sealed.get(&self.key(digest))?;
        // SAFETY: these are bytes that `Component::serialize` gave, whole and unchanged: `put` alone sealed
        // them, under a key that only this host's user can read, and `Sealed::get` has checked the seal of
        // just these bytes, in memory that nobody else writes to.
        let component = unsafe { Component::deserialize(engine, code) };
        component
            .inspect_err(
                |error| tracing::debug!(%error, digest, "kept code does not fit this host"),
            )
            .ok()
    }

    /// Keeps a component's code for the next start. Where that fails, the next start compiles.
    pub(crate) fn put(&self, digest: &str, component: &Component) {
        match component.serialize() {
            Ok(code) => self.sealed.put(&self.key(digest), &code),
            Err(error) => tracing::debug!(%error, digest, "code cannot be kept"),
        }
    }
}
