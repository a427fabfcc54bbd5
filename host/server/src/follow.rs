//! Taking a newer gallery, where members are enrolled on another host.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::spawn_blocking;

use crate::answer::milliseconds;
use crate::attempt::{self, Attempt, Cause, Outcome};
use crate::entry::Entry;
use crate::host::Host;

/// Takes the gallery that is there now, between two frames, or says why the one in place stays.
pub(crate) async fn update(host: &Arc<Host>, entry: &Arc<Entry>) {
    // The graphs of all versions change with it: none is opened meanwhile, and a host that ends waits for this.
    let turn = entry.turn.clone().lock_owned().await;
    if host.stopping() {
        return;
    }
    let entry = entry.clone();
    let done = spawn_blocking(move || {
        let _turn = turn;
        let span = tracing::info_span!("gallery", pipeline = entry.name);
        span.in_scope(|| take(&entry));
    });
    if let Err(error) = done.await {
        tracing::error!(%error, "taking a gallery panicked; this is a defect of the host");
    }
}

fn take(entry: &Entry) {
    let Some(following) = entry.deployment.following() else {
        return;
    };
    let began = Instant::now();
    let taken = entry.deployment.update_gallery();
    let source = following.reference.to_string();
    let ms = milliseconds(began.elapsed());
    let (outcome, version, reason) = match taken {
        Ok(update) => {
            let artifact = update.artifact.to_string();
            entry.count_members();
            tracing::info!(artifact, source, ms, "took a newer gallery");
            let outcome = match update.changed {
                true => Outcome::Switched,
                false => Outcome::Unchanged,
            };
            (outcome, Some(artifact), None)
        }
        Err(why) => {
            let reason = why.to_string();
            // What may pass is tried again at each look: said once, it stays in the listing.
            if entry.galleries.refusal().as_ref() == Some(&reason) {
                return;
            }
            tracing::error!(
                source,
                reason,
                "a gallery is refused; the one before it goes on"
            );
            (Outcome::Refused, None, Some(reason))
        }
    };
    entry.galleries.add(Attempt {
        at: attempt::now(),
        cause: Cause::Change,
        source,
        outcome,
        version,
        reason,
        milliseconds: ms,
    });
}
