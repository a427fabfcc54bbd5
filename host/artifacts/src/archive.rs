//! The tar of an OCI image layout as a repository.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;

use crate::layout::{Layout, bounded, find, read_index};
use crate::manifest::Index;
use crate::place::{Body, Content, Place};
use crate::referrers::in_layout;
use crate::{Descriptor, Digest, Error};

/// A layout's tar. It is read in place. What is put there goes into a folder beside it, which becomes a new tar in the
/// end.
pub(crate) struct Archive {
    path: PathBuf,
    name: String,
    /// Where each file begins, and how long it is.
    files: OnceLock<BTreeMap<PathBuf, (u64, u64)>>,
    unpacked: Mutex<Option<(TempDir, Layout)>>,
}

impl Archive {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            name: format!("oci:{}", path.display()),
            files: OnceLock::new(),
            unpacked: Mutex::default(),
        }
    }

    fn fails(&self, doing: &'static str) -> impl Fn(io::Error) -> Error {
        move |error| Error::disk(&self.path, doing, &error)
    }

    fn not_a_layout(&self, detail: &str) -> Error {
        Error::Layout {
            path: self.path.clone(),
            detail: detail.to_owned(),
        }
    }

    fn files(&self) -> Result<&BTreeMap<PathBuf, (u64, u64)>, Error> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let no_tar = |error: io::Error| self.not_a_layout(&format!("it is no tar ({error})"));
        let mut file = File::open(&self.path).map_err(self.fails("read"))?;
        let mut magic = [0; 2];
        if file.read(&mut magic).map_err(self.fails("read"))? == 2 && magic == [0x1f, 0x8b] {
            return Err(self.not_a_layout("it is compressed: unpack it with gunzip first"));
        }
        file.rewind().map_err(self.fails("read"))?;
        let mut files = BTreeMap::new();
        let mut tar = tar::Archive::new(file);
        for entry in tar.entries_with_seek().map_err(no_tar)? {
            let entry = entry.map_err(no_tar)?;
            if entry.header().entry_type().is_file() {
                let path = entry.path().map_err(no_tar)?;
                let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
                files.insert(path, (entry.raw_file_position(), entry.size()));
            }
        }
        Ok(self.files.get_or_init(|| files))
    }

    fn open(&self, path: &Path, from: u64) -> Result<Option<io::Take<File>>, Error> {
        let Some((begin, length)) = self.files()?.get(path) else {
            return Ok(None);
        };
        let from = from.min(*length);
        let mut file = File::open(&self.path).map_err(self.fails("read"))?;
        file.seek(SeekFrom::Start(begin + from))
            .map_err(self.fails("read"))?;
        Ok(Some(file.take(length - from)))
    }

    fn index(&self) -> Result<Index, Error> {
        let index = self
            .open(Path::new("index.json"), 0)?
            .ok_or_else(|| self.not_a_layout("there is no index.json in it"))?;
        read_index(&self.path, index)
    }

    fn open_blob(&self, digest: &Digest, from: u64, what: &str) -> Result<io::Take<File>, Error> {
        self.open(&blob_path(digest), from)?
            .ok_or_else(|| Error::NotFound {
                place: self.name.clone(),
                what: format!("{what} {digest}"),
            })
    }

    /// The folder that will be the tar, with all that the tar has now.
    fn change<T>(&self, change: impl FnOnce(&Layout) -> Result<T, Error>) -> Result<T, Error> {
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if unpacked.is_none() {
            let beside = self
                .path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let folder = tempfile::Builder::new()
                .prefix(".layout-")
                .tempdir_in(beside.unwrap_or(Path::new(".")))
                .map_err(self.fails("written"))?;
            if self.path.exists() {
                self.unpack(folder.path())?;
            }
            let layout = Layout::new(folder.path());
            *unpacked = Some((folder, layout));
        }
        match unpacked.as_ref() {
            Some((_, layout)) => change(layout),
            None => Err(self.not_a_layout("it could not be unpacked")),
        }
    }

    /// Only what a layout has is taken, wherever else a tar's paths may lead.
    fn unpack(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder.join("blobs/sha256")).map_err(self.fails("written"))?;
        for path in self.files()?.keys() {
            let is_blob = path
                .strip_prefix("blobs/sha256")
                .is_ok_and(|name| Digest::from_hex(&name.to_string_lossy()).is_some());
            let is_index = path == Path::new("index.json") || path == Path::new("oci-layout");
            if (is_blob || is_index)
                && let Some(mut from) = self.open(path, 0)?
            {
                let mut to = File::create_new(folder.join(path)).map_err(self.fails("written"))?;
                io::copy(&mut from, &mut to).map_err(self.fails("written"))?;
            }
        }
        Ok(())
    }
}

impl Place for Archive {
    fn name(&self) -> &str {
        &self.name
    }

    fn tagged(&self, tag: Option<&str>, limit: u64) -> Result<Vec<u8>, Error> {
        let digest = find(&self.name, &self.index()?, tag)?;
        self.manifest(&digest, limit)
    }

    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        let reader = self.open_blob(digest, 0, "manifest")?;
        bounded(&self.name, &self.path, reader, limit)
    }

    fn blob(&self, digest: &Digest, from: u64) -> Result<Body, Error> {
        Ok(Body {
            from,
            reader: Box::new(self.open_blob(digest, from, "blob")?),
        })
    }

    fn referrers(
        &self,
        digest: &Digest,
        artifact_type: &str,
        limit: u64,
    ) -> Result<Vec<Descriptor>, Error> {
        let read = |manifest: &Digest| self.manifest(manifest, limit);
        let index = self.index()?;
        Ok(in_layout(&self.name, &index, digest, artifact_type, read))
    }

    fn broken_off(&self, digest: &Digest, detail: String) -> Error {
        Error::CutShort {
            path: self.path.clone(),
            digest: *digest,
            detail,
        }
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        self.change(|layout| layout.has_blob(digest))
    }

    fn put_blob(&self, content: &Content) -> Result<(), Error> {
        self.change(|layout| layout.put_blob(content))
    }

    fn put_manifest(
        &self,
        manifest: &[u8],
        media_type: &str,
        tag: Option<&str>,
    ) -> Result<(), Error> {
        self.change(|layout| layout.put_manifest(manifest, media_type, tag))
    }

    /// The same content makes the same tar.
    fn finish(&self) -> Result<(), Error> {
        let Some((folder, _)) = self
            .unpacked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        else {
            return Ok(());
        };
        let pack = || {
            let blobs = folder.path().join("blobs/sha256");
            let mut paths: Vec<PathBuf> = vec!["oci-layout".into(), "index.json".into()];
            let mut names = fs::read_dir(&blobs)?
                .map(|entry| entry.map(|entry| Path::new("blobs/sha256").join(entry.file_name())))
                .collect::<io::Result<Vec<PathBuf>>>()?;
            names.sort();
            paths.append(&mut names);
            let beside = self
                .path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let file = tempfile::Builder::new()
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(beside.unwrap_or(Path::new(".")))?;
            let mut tar = tar::Builder::new(file);
            for path in paths {
                let from = File::open(folder.path().join(&path))?;
                let mut header = tar::Header::new_gnu();
                header.set_size(from.metadata()?.len());
                header.set_mode(0o644);
                header.set_mtime(0);
                tar.append_data(&mut header, &path, from)?;
            }
            let file = tar.into_inner()?;
            file.as_file().sync_all()?;
            file.persist(&self.path)?;
            Ok(())
        };
        pack().map_err(self.fails("written"))
    }
}

fn blob_path(digest: &Digest) -> PathBuf {
    Path::new("blobs/sha256").join(digest.hex())
}
