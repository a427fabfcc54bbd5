use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{Batched, Card, Graph, Placement};

/// A model that stages may ask for by name.
#[derive(Clone)]
pub struct Model {
    /// The name that stages know it by.
    pub name: String,
    /// The SHA-256 digest of its file, in hexadecimal: its version.
    pub digest: String,
    /// The model, ready to run.
    pub graph: Arc<dyn Graph>,
    /// The same graph, where its callers share inferences.
    pub batched: Option<Arc<Batched>>,
    /// Where it runs, and what was asked for.
    pub placement: Placement,
    /// What the rows of its output mean; empty where they have no names.
    pub labels: Arc<[String]>,
    /// Its card; none for a model that the host made itself.
    pub card: Option<Arc<Card>>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .field("placement", &self.placement)
            .field("labels", &self.labels.len())
            .finish_non_exhaustive()
    }
}

/// The models of a pipeline. A model is replaced while others run: who took a [`Snapshot`] before
/// keeps the old one until done, who takes one after gets the new one, and nobody waits.
#[derive(Debug, Default)]
pub struct Registry {
    current: ArcSwap<Snapshot>,
}

impl Registry {
    /// A registry without models.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// The models as they are now. One is taken for each frame, so that every stage that works on it
    /// sees the same versions, and labels belong to the graph they were made for.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Adds a model, or replaces the one of the same name.
    pub fn put(&self, model: Model) {
        let model = Arc::new(model);
        self.current.rcu(|current| {
            let mut models = current.models.clone();
            models.insert(model.name.clone(), Arc::clone(&model));
            Snapshot { models }
        });
    }
}

/// The models of a registry at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    models: BTreeMap<String, Arc<Model>>,
}

impl Snapshot {
    /// The model of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Model>> {
        self.models.get(name)
    }

    /// All models, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.values()
    }

    /// How many models there are.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }
}
