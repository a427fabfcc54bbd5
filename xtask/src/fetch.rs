//! Everything that the host needs and the source tree does not hold.

use anyhow::{Context, Result};
use footlight_authoring::{Cache, Progress};

use crate::folder::{self, Folder};
use crate::model::{self, Model};
use crate::prerequisites;
use crate::source::Source;
use crate::workspace::Workspace;

enum Item {
    Folder(Folder),
    Model(Model),
}

/// What things are fetched for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run the host and the demonstration.
    Running,
    /// To test, with every backend.
    Testing,
}

/// Makes sure that the runtimes, the models and the photos are in the cache as pinned. What is there is not fetched
/// again, so nothing needs a network then.
///
/// # Errors
/// Where a prerequisite is missing or something cannot be fetched, with what to do.
pub fn all(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    purpose: Purpose,
) -> Result<()> {
    let _lock = cache.lock()?;
    let mut items: Vec<Item> = folder::wanted()?
        .into_iter()
        .filter(|folder| purpose == Purpose::Testing || !folder.only_for_tests)
        .map(Item::Folder)
        .collect();
    items.extend(
        model::wanted(&workspace.root.join("models"))?
            .into_iter()
            .map(Item::Model),
    );

    let (present, missing): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| item.is_present(cache));
    for item in &present {
        progress.cached(&item.summary());
    }
    prerequisites::check(
        &missing
            .iter()
            .map(|item| item.source().registry)
            .collect::<Vec<_>>(),
    )?;
    for item in &missing {
        item.fill(cache, progress).with_context(|| item.summary())?;
    }
    Ok(())
}

impl Item {
    fn summary(&self) -> String {
        match self {
            Item::Folder(folder) => folder.summary.clone(),
            Item::Model(model) => format!("model {}", model.name),
        }
    }

    fn source(&self) -> &Source {
        match self {
            Item::Folder(folder) => &folder.source,
            Item::Model(model) => &model.source.archive,
        }
    }

    fn is_present(&self, cache: &Cache) -> bool {
        match self {
            Item::Folder(folder) => folder.is_present(cache),
            Item::Model(model) => model.is_present(cache),
        }
    }

    fn fill(&self, cache: &Cache, progress: &Progress) -> Result<()> {
        match self {
            Item::Folder(folder) => folder.fill(cache, progress),
            Item::Model(model) => model.fill(cache, progress),
        }
    }
}
