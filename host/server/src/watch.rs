//! Looking for changes of what pipelines come from.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::attempt::Cause;
use crate::entry::Entry;
use crate::host::Host;
use crate::swap::Turn;

/// How often a source is asked whether it has changed.
const EVERY: Duration = Duration::from_secs(1);

/// Switches to what a pipeline's source has whenever it has changed, until the host stops.
pub(crate) async fn watch(host: Arc<Host>, entry: Arc<Entry>) {
    loop {
        sleep(EVERY).await;
        if host.stopping() {
            return;
        }
        let source = entry.source();
        let asked = source.clone();
        if !matches!(spawn_blocking(move || asked.changed()).await, Ok(true)) {
            continue;
        }
        let turn = Turn::wait(&host, &entry).await;
        // While this waited, somebody may have named another source; what it has is not wanted any more.
        if Arc::ptr_eq(&source, &entry.source()) {
            // What became of it is logged and kept; a change that is refused is tried again at the next one.
            let _ = turn.swap(source, Cause::Change).await;
        }
    }
}
