//! One entry: a file of a mark, the length, the seal and the bytes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::folder;
use crate::key::{Key, SEAL};

/// How an entry of this layout begins.
const MARK: &[u8; 8] = b"FLSEAL1\n";

/// What stands before the bytes.
const HEADER: u64 = (MARK.len() + size_of::<u64>() + SEAL) as u64;

/// Why an entry is not given out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("it is no entry of this release's cache")]
    Foreign,
    #[error("it has {found} bytes of {wanted}: it was cut off or added to")]
    Length { wanted: u64, found: u64 },
    #[error("it is larger than the whole cache may be")]
    TooLarge,
    #[error("its seal does not fit: it was altered, renamed, or written with another key")]
    Seal,
}

/// Reads an entry to its end, and notes that it was used. None where there is none.
pub(crate) fn read(
    key: &Key,
    path: &Path,
    name: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, Flaw> {
    // Before it is opened, as to open what is no file may wait for ever.
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Flaw::Unreadable(error)),
    };
    if !about.is_file() {
        return Err(Flaw::Foreign);
    }
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Flaw::Unreadable(error)),
    };
    let bytes = unseal(key, &mut file, name, limit)?;
    // Not where the folder may only be read: there nothing is dropped either.
    let _ = file.set_modified(SystemTime::now());
    Ok(Some(bytes))
}

fn unseal(key: &Key, file: &mut File, name: &str, limit: u64) -> Result<Vec<u8>, Flaw> {
    let found = file.metadata().map_err(Flaw::Unreadable)?.len();
    if found < HEADER {
        return Err(Flaw::Foreign);
    }
    let mark: [u8; MARK.len()] = next(file)?;
    if mark != *MARK {
        return Err(Flaw::Foreign);
    }
    let length = u64::from_le_bytes(next(file)?);
    let seal: [u8; SEAL] = next(file)?;
    // Both before anything is reserved for the bytes.
    let wanted = length.saturating_add(HEADER);
    if wanted != found {
        return Err(Flaw::Length { wanted, found });
    }
    if length > limit {
        return Err(Flaw::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| Flaw::TooLarge)?);
    file.take(length)
        .read_to_end(&mut bytes)
        .map_err(Flaw::Unreadable)?;
    if !key.fits(&seal, name, &bytes) {
        return Err(Flaw::Seal);
    }
    Ok(bytes)
}

fn next<const N: usize>(file: &mut File) -> Result<[u8; N], Flaw> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).map_err(Flaw::Unreadable)?;
    Ok(bytes)
}

/// Writes an entry, in place of the one of that name.
pub(crate) fn write(
    key: &Key,
    folder: &Path,
    path: &Path,
    name: &str,
    bytes: &[u8],
) -> io::Result<()> {
    let length = (bytes.len() as u64).to_le_bytes();
    folder::write(
        folder,
        path,
        &[MARK, &length, &key.seal(name, bytes), bytes],
    )
}
