//! The files of a cache folder, and how one gets there whole.

use std::fs::{self, DirEntry, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What a file on its way is called, until it has its name.
const UNFINISHED: &str = ".writing-";

/// Writes a file that appears under its name whole or not at all. It is not waited for until it is on the disk: a
/// power cut may leave a name without its bytes, whose seal then does not fit, and it is made again.
pub(crate) fn write(folder: &Path, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)?;
    // Held for as long as this process lives: by that others know that the file is not a leftover. A file
    // system without locks has none that are recognised.
    let _ = file.as_file().lock();
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

/// Has the names in a folder reach the disk.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The files in a folder with such a name; none where it cannot be read.
pub(crate) fn files(folder: &Path, named: impl Fn(&str) -> bool) -> Vec<DirEntry> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(&named))
        .collect()
}

/// Removes what killed processes have left half-written.
pub(crate) fn tidy(folder: &Path) {
    for leftover in files(folder, |name| name.starts_with(UNFINISHED)) {
        if abandoned(&leftover).unwrap_or(false) {
            let _ = fs::remove_file(leftover.path());
        }
    }
}

/// Whether nobody writes to it any more.
fn abandoned(file: &DirEntry) -> io::Result<bool> {
    let about = file.metadata()?;
    // A process that has just made its file may not hold the lock yet, but has not written then either; an
    // empty file takes no room until it goes.
    if about.len() == 0 && about.modified()? + Duration::from_secs(60) > SystemTime::now() {
        return Ok(false);
    }
    Ok(File::open(file.path())?.try_lock().is_ok())
}
