//! An object of the cluster as what the versions of a pipeline come from.

use std::sync::{Arc, Mutex, PoisonError};

use footlight_pipeline::{Definition, NotAllowed, OpenError, Source, Sources};

/// What an object says now.
pub struct ObjectSource {
    name: String,
    now: Mutex<Definition>,
}

impl ObjectSource {
    /// Of this name, and saying this.
    pub fn new(name: &str, definition: Definition) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            now: Mutex::new(definition),
        })
    }

    /// Has it say this from now on.
    pub fn set(&self, definition: Definition) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = definition;
    }

    fn elsewhere(&self) -> NotAllowed {
        NotAllowed(format!(
            "what runs is said by the object `pipelines/{0}` of the cluster, for all hosts: change that, with `kubectl \
             edit pipeline {0}` or `kubectl apply`",
            self.name
        ))
    }
}

impl Source for ObjectSource {
    fn describe(&self) -> String {
        format!("pipelines/{}", self.name)
    }

    /// Whoever has set it knows.
    fn changed(&self) -> bool {
        false
    }

    fn load(&self) -> Result<Definition, OpenError> {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(now.clone())
    }
}

impl Sources for ObjectSource {
    fn named(&self, _: &str) -> Result<Arc<dyn Source>, NotAllowed> {
        Err(self.elsewhere())
    }

    fn may_roll_back(&self) -> Result<(), NotAllowed> {
        Err(self.elsewhere())
    }
}
