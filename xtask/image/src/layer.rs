//! What a layer is made of.
//!
//! Of a file only its bytes, its place and whether it can be executed get into the image: no times, no owners, and the
//! entries of a folder in the order of their names. So the same files are the same layer.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tar::{EntryType, Header};

use crate::error::{Doing, Result};

/// Something in a layer; paths in the image have no slash at their beginning, and the image's root is empty.
#[derive(Clone, Debug)]
pub enum Item {
    /// A file or a folder with all that is in it; it belongs to root.
    Copy {
        /// Where it is here.
        from: PathBuf,
        /// Its path in the image.
        to: PathBuf,
    },
    /// A file with this text.
    Text {
        /// Its path in the image.
        to: PathBuf,
        /// What it says.
        text: String,
    },
    /// An empty folder.
    Folder {
        /// Its path in the image.
        to: PathBuf,
        /// The number of the user and group that it belongs to.
        owner: u32,
        /// Who may do what in it.
        mode: u32,
    },
}

impl Item {
    /// A file or a folder with all that is in it.
    pub fn copy(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Item {
        Item::Copy {
            from: from.into(),
            to: to.into(),
        }
    }

    /// A file with this text.
    pub fn text(to: impl Into<PathBuf>, text: impl Into<String>) -> Item {
        Item::Text {
            to: to.into(),
            text: text.into(),
        }
    }

    /// An empty folder.
    pub fn folder(to: impl Into<PathBuf>, owner: u32, mode: u32) -> Item {
        Item::Folder {
            to: to.into(),
            owner,
            mode,
        }
    }

    pub(crate) fn add<W: Write>(&self, archive: &mut tar::Builder<W>) -> Result<()> {
        match self {
            Item::Copy { from, to } => copy(archive, from, to),
            Item::Text { to, text } => {
                file(archive, to, 0o644, text.len() as u64, text.as_bytes()).to("pack", to)
            }
            Item::Folder { to, owner, mode } => folder(archive, to, *owner, *mode).to("pack", to),
        }
    }
}

fn copy<W: Write>(archive: &mut tar::Builder<W>, from: &Path, to: &Path) -> Result<()> {
    let about = fs::symlink_metadata(from).to("read", from)?;
    if about.is_symlink() {
        let target = fs::read_link(from).to("read", from)?;
        let mut header = header(EntryType::Symlink, 0o777, 0);
        return archive
            .append_link(&mut header, to, &target)
            .to("pack", from);
    }
    if about.is_dir() {
        // The image's root is there already.
        if !to.as_os_str().is_empty() {
            folder(archive, to, 0, 0o755).to("pack", from)?;
        }
        for entry in sorted(from)? {
            let name = entry.file_name().unwrap_or_default();
            copy(archive, &entry, &to.join(name))?;
        }
        return Ok(());
    }
    let content = File::open(from).to("read", from)?;
    file(archive, to, mode(&about), about.len(), content).to("pack", from)
}

/// What is in a folder, in the order of the names.
pub(crate) fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    });
    let mut entries = entries.to("read", folder)?;
    entries.sort();
    Ok(entries)
}

fn mode(about: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    if about.permissions().mode() & 0o111 == 0 {
        0o644
    } else {
        0o755
    }
}

fn file<W: Write>(
    archive: &mut tar::Builder<W>,
    to: &Path,
    mode: u32,
    size: u64,
    content: impl io::Read,
) -> io::Result<()> {
    let mut header = header(EntryType::Regular, mode, size);
    archive.append_data(&mut header, to, content)
}

fn folder<W: Write>(
    archive: &mut tar::Builder<W>,
    to: &Path,
    owner: u32,
    mode: u32,
) -> io::Result<()> {
    let mut header = header(EntryType::Directory, mode, 0);
    header.set_uid(u64::from(owner));
    header.set_gid(u64::from(owner));
    archive.append_data(&mut header, to, io::empty())
}

/// Without a time, and root's.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
