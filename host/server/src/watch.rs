//! Looking for changes of what pipelines, and galleries that are followed, come from; and for what was left undone.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use footlight_pipeline::Source;
use tokio::sync::mpsc::{Sender, channel};

use crate::attempt::Cause;
use crate::entry::Entry;
use crate::follow;
use crate::host::Host;
use crate::swap::Turn;

/// How often sources are asked whether they have changed.
const EVERY: Duration = Duration::from_secs(1);

/// What has changed.
enum Changed {
    /// What a source has.
    Version(Arc<dyn Source>),
    /// Perhaps that what the source has can be taken now.
    Again(Arc<dyn Source>),
    /// The gallery that is followed.
    Gallery,
}

/// Switches to what the sources of pipelines have whenever one has changed, until the host stops.
pub(crate) async fn watch(host: Arc<Host>) {
    let (sender, mut receiver) = channel(1);
    let asked = Arc::downgrade(&host);
    // A thread of its own. Were the threads that work on frames asked in between, frames would be spread
    // over more of them, and each keeps memory for what it has worked on.
    let thread = thread::Builder::new().name("footlight-watch".to_owned());
    if let Err(error) = thread.spawn(move || look(&asked, &sender)) {
        tracing::error!(%error, "no thread to watch the pipelines with; they change only when told to");
    }
    while let Some((entry, changed)) = receiver.recv().await {
        let entry: Weak<Entry> = entry;
        let Some(entry) = entry.upgrade() else {
            // It is served no more.
            continue;
        };
        let (source, again) = match changed {
            Changed::Version(source) => (source, false),
            Changed::Again(source) => (source, true),
            Changed::Gallery => {
                follow::update(&host, &entry).await;
                continue;
            }
        };
        let turn = Turn::wait(&host, &entry).await;
        // While this waited, somebody may have named another source; what this one has is not wanted any
        // more.
        if Arc::ptr_eq(&source, &entry.source()) {
            // What became of it is logged and kept; one that is refused is tried again when it changes, or when the
            // reason may have passed.
            let _ = match again {
                true => turn.try_again(source).await,
                false => turn.swap(source, Cause::Change).await,
            };
        }
    }
}

/// Asks all sources again and again, for as long as somebody wants to know.
fn look(host: &Weak<Host>, changes: &Sender<(Weak<Entry>, Changed)>) {
    loop {
        thread::sleep(EVERY);
        // Held no longer than it takes to read the list: nothing of the host may end with this thread.
        let Some(pipelines) = host.upgrade().and_then(|host| served(&host)) else {
            return;
        };
        for entry in pipelines {
            for changed in entry
                .upgrade()
                .map(|entry| news(&entry))
                .unwrap_or_default()
            {
                if changes.blocking_send((entry.clone(), changed)).is_err() {
                    return;
                }
            }
        }
    }
}

/// All pipelines; none once the host stops.
fn served(host: &Host) -> Option<Vec<Weak<Entry>>> {
    let pipelines = host.pipelines().map(|entry| Arc::downgrade(&entry));
    (!host.stopping()).then(|| pipelines.collect())
}

/// What has changed of a pipeline. Members that could not be taken when they came are taken here.
fn news(entry: &Entry) -> Vec<Changed> {
    if entry.deployment.is_behind_members() {
        entry.take_members();
    }
    if !entry.watched {
        return Vec::new();
    }
    let gallery = entry.deployment.gallery_changed();
    let source = entry.source();
    let version = if source.changed() {
        Some(Changed::Version(source))
    } else {
        entry.due_again().then_some(Changed::Again(source))
    };
    gallery
        .then_some(Changed::Gallery)
        .into_iter()
        .chain(version)
        .collect()
}
