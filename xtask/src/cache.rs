//! The folder, outside the source tree, that fetched things are kept in; the host reads it too.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};

/// How names of unfinished files and folders begin.
const UNFINISHED: &str = ".unfinished-";

/// The cache folder. What is in it under its final name is complete: it is written under another name first.
pub struct Cache {
    root: PathBuf,
}

/// Held while the cache is being changed.
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with the file")] File);

impl Cache {
    /// Finds the folder as the host does: `$FOOTLIGHT_CACHE`, else `footlight` in `$XDG_CACHE_HOME`, else in
    /// `~/.cache`.
    pub fn open() -> Result<Cache> {
        let set = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let root = set("FOOTLIGHT_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("footlight")))
            .or_else(|| set("HOME").map(|folder| folder.join(".cache/footlight")));
        let Some(root) = root else {
            bail!("no cache folder: set FOOTLIGHT_CACHE to a folder that may grow to 1 GB");
        };
        fs::create_dir_all(&root).with_context(|| {
            format!(
                "cannot make the cache folder {}: set FOOTLIGHT_CACHE to another",
                root.display()
            )
        })?;
        Ok(Cache {
            root: root.canonicalize()?,
        })
    }

    /// The folder itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the cache.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Waits until no other process changes the cache, and keeps others from it.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path(".lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!(
                    "waiting for another xtask that fills {}",
                    self.root.display()
                );
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).context("cannot lock the cache folder");
            }
        }
        self.remove_unfinished()?;
        Ok(Lock(file))
    }

    /// A folder for unfinished work, on the same file system as the cache; removed when dropped.
    pub fn scratch(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.root)
            .context("cannot write to the cache folder")
    }

    /// Writes a file so that it is there completely or not at all.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        write_atomically(folder, path, bytes)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// What an interrupted run left behind. Only the holder of the lock writes, so all of it is waste.
    fn remove_unfinished(&self) -> Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Writes a file by way of a temporary one in `folder`, which is made where it is missing.
pub fn write_atomically(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let temporary = NamedTempFile::new_in(folder)?;
    fs::write(temporary.path(), bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o644))?;
    }
    temporary.persist(path)?;
    Ok(())
}

/// The sha256 of a file's bytes, in hexadecimal; none where it cannot be read.
pub fn file_sha256(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hexadecimal(&hasher.finalize())),
            read => hasher.update(buffer.get(..read)?),
        }
    }
}

/// The sha256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
