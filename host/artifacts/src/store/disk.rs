//! Having blobs reach the disk, beside what they are wanted for.
//!
//! To wait for the disk at each blob takes longer than to fetch a stage does, and nothing needs it: after a power cut
//! a blob that was not there yet is missing or damaged, which is found when it is read, and it is fetched again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use super::sync;

/// So many blobs wait for the disk at a time, each an open file; who brings one more waits as well.
const WAITING: usize = 64;

/// A thread that waits for the disk. Who drops the last of these waits until all is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<OnceLock<Option<Syncing>>>);

#[derive(Debug)]
struct Syncing {
    blobs: Option<SyncSender<Blob>>,
    thread: Option<JoinHandle<()>>,
}

/// A blob that has its name.
struct Blob {
    file: File,
    path: PathBuf,
}

impl Disk {
    /// Sees to it that a blob, and its name, reach the disk.
    pub fn reaches(&self, file: File, path: PathBuf) {
        let blob = Blob { file, path };
        let syncing = self.0.get_or_init(|| {
            let begun = Syncing::begin();
            begun
                .inspect_err(|error| tracing::debug!(%error, "no thread to wait for the disk"))
                .ok()
        });
        let sender = syncing.as_ref().and_then(|syncing| syncing.blobs.as_ref());
        let unsent = match sender {
            Some(sender) => sender.send(blob).err().map(|unsent| unsent.0),
            None => Some(blob),
        };
        if let Some(blob) = unsent {
            blob.settle();
        }
    }
}

impl Syncing {
    fn begin() -> io::Result<Self> {
        let (sender, receiver) = sync_channel::<Blob>(WAITING);
        let thread = thread::Builder::new()
            .name("footlight-disk".to_owned())
            .spawn(move || receiver.iter().for_each(Blob::settle))?;
        Ok(Self {
            blobs: Some(sender),
            thread: Some(thread),
        })
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        // That ends the thread, once it has done what it has.
        self.blobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Blob {
    fn settle(self) {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if let Err(error) = self.file.sync_all().and_then(|()| sync(folder)) {
            let blob = self.path.display();
            tracing::warn!(%blob, %error, "a blob may not have reached the disk; if not, it is fetched again");
        }
    }
}
