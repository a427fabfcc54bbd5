//! The key of a cache: made once, and only its owner's.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Error, folder};

/// How many bytes a key has.
const LENGTH: usize = 32;

/// The file of the key in a cache folder.
pub(crate) const FILE: &str = "key";

/// What a key on its way is called, until it has its name.
const UNFINISHED: &str = ".key-";

/// How many bytes a seal has.
pub(crate) const SEAL: usize = 32;

/// A key, ready to make and check seals.
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    /// The key of a folder. The first to ask makes it.
    pub(crate) fn open(folder: &Path) -> Result<Key, Error> {
        let path = folder.join(FILE);
        let key = match read(&path) {
            Err(Error::Key { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                if let Err(source) = make(folder, &path) {
                    // Another process may have been first: its key is this one's too.
                    if !path.exists() {
                        let (key, doing) = (path, "made");
                        return Err(Error::Key { key, doing, source });
                    }
                }
                read(&path)?
            }
            other => other?,
        };
        // From here on nobody makes one: what is left of others who tried is of no use.
        for leftover in folder::files(folder, |name| name.starts_with(UNFINISHED)) {
            let _ = fs::remove_file(leftover.path());
        }
        Ok(key)
    }

    /// The seal of an entry with this name.
    pub(crate) fn seal(&self, name: &str, bytes: &[u8]) -> [u8; SEAL] {
        self.over(name, bytes).finalize().into_bytes().into()
    }

    /// Whether a seal is the one of such an entry; takes as long for any other.
    pub(crate) fn fits(&self, seal: &[u8; SEAL], name: &str, bytes: &[u8]) -> bool {
        self.over(name, bytes).verify(seal.into()).is_ok()
    }

    /// With both lengths, so that no name and bytes run together to those of another entry.
    fn over(&self, name: &str, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"footlight sealed entry 1\n");
        for part in [name.as_bytes(), bytes] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

fn read(path: &Path) -> Result<Key, Error> {
    let fails = |source| Error::Key {
        key: path.to_owned(),
        doing: "read",
        source,
    };
    let damaged = || Error::DamagedKey {
        key: path.to_owned(),
    };
    // Before it is opened, as to open what is no file may wait for ever.
    if !fs::metadata(path).map_err(fails)?.is_file() {
        return Err(damaged());
    }
    let file = File::open(path).map_err(fails)?;
    let about = file.metadata().map_err(fails)?;
    let user = rustix::process::geteuid().as_raw();
    // Root may read and write everything anyway.
    if about.uid() != user && about.uid() != 0 {
        return Err(Error::ForeignKey {
            key: path.to_owned(),
            owner: about.uid(),
            user,
        });
    }
    if about.mode() & 0o077 != 0 {
        return Err(Error::OpenKey {
            key: path.to_owned(),
            mode: about.mode() & 0o7777,
        });
    }
    let mut bytes = Vec::with_capacity(LENGTH);
    file.take(LENGTH as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fails)?;
    if bytes.len() != LENGTH {
        return Err(damaged());
    }
    Hmac::new_from_slice(&bytes).map(Key).map_err(|_| damaged())
}

/// Makes a key, unless there is one by then.
fn make(folder: &Path, path: &Path) -> io::Result<()> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    // Readable by its owner only from the beginning.
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    folder::sync(folder)
}
