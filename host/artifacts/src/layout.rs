//! An OCI image layout as a repository: a folder with `index.json` and blobs.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::kind::media_type;
use crate::manifest::{Index, Manifest};
use crate::place::{Body, Content, Place, read_up_to};
use crate::referrers::{entry, in_layout};
use crate::{Descriptor, Digest, Error};

/// What a layout calls a manifest.
const NAME: &str = "org.opencontainers.image.ref.name";
const MARKER: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// No index of a layout is larger.
const INDEX_LIMIT: u64 = 16 << 20;

/// A layout's folder.
pub(crate) struct Layout {
    folder: PathBuf,
    name: String,
}

impl Layout {
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            name: format!("oci:{}", folder.display()),
        }
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    fn open(&self, digest: &Digest, what: &str) -> Result<File, Error> {
        let path = self.blob_path(digest);
        match File::open(&path) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.index()?;
                Err(Error::NotFound {
                    place: self.name.clone(),
                    what: format!("{what} {digest}"),
                })
            }
            Err(error) => Err(Error::disk(path, "read", &error)),
        }
    }

    fn index(&self) -> Result<Index, Error> {
        match File::open(self.folder.join("index.json")) {
            Ok(file) => read_index(&self.folder, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Layout {
                path: self.folder.clone(),
                detail: "there is no index.json in it".to_owned(),
            }),
            Err(error) => Err(Error::disk(&self.folder, "read", &error)),
        }
    }

    /// Makes an empty layout of a folder that is new or empty.
    fn prepare(&self) -> Result<(), Error> {
        let blobs = self.folder.join("blobs/sha256");
        if self.folder.join("index.json").is_file() && blobs.is_dir() {
            return Ok(());
        }
        let empty = fs::read_dir(&self.folder).map_or(true, |mut entries| entries.next().is_none());
        if !empty && !self.folder.join("oci-layout").is_file() {
            return Err(Error::Layout {
                path: self.folder.clone(),
                detail: "there are other files in it; name a new folder".to_owned(),
            });
        }
        let make = || {
            fs::create_dir_all(&blobs)?;
            fs::write(self.folder.join("oci-layout"), MARKER)?;
            if !self.folder.join("index.json").is_file() {
                write_whole(
                    &self.folder.join("index.json"),
                    &mut &Index::of(Vec::new()).bytes()[..],
                )?;
            }
            Ok(())
        };
        make().map_err(|error: io::Error| Error::disk(&self.folder, "written", &error))
    }
}

impl Place for Layout {
    fn name(&self) -> &str {
        &self.name
    }

    fn tagged(&self, tag: Option<&str>, limit: u64) -> Result<Vec<u8>, Error> {
        let digest = find(&self.name, &self.index()?, tag)?;
        self.manifest(&digest, limit)
    }

    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        let file = self.open(digest, "manifest")?;
        bounded(&self.name, &self.blob_path(digest), file, limit)
    }

    fn blob(&self, digest: &Digest, from: u64) -> Result<Body, Error> {
        let mut file = self.open(digest, "blob")?;
        file.seek(SeekFrom::Start(from))
            .map_err(|error| Error::disk(self.blob_path(digest), "read", &error))?;
        Ok(Body {
            from,
            reader: Box::new(file),
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
            path: self.folder.clone(),
            digest: *digest,
            detail,
        }
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        Ok(self.blob_path(digest).is_file())
    }

    fn put_blob(&self, content: &Content) -> Result<(), Error> {
        self.prepare()?;
        let path = self.blob_path(&content.digest);
        content
            .open()
            .and_then(|mut reader| write_whole(&path, &mut reader))
            .map_err(|error| Error::disk(&path, "written", &error))
    }

    fn put_manifest(
        &self,
        manifest: &[u8],
        media_type: &str,
        tag: Option<&str>,
    ) -> Result<(), Error> {
        self.prepare()?;
        let mut descriptor = Descriptor::of(media_type, manifest);
        let path = self.blob_path(&descriptor.digest);
        write_whole(&path, &mut &*manifest)
            .map_err(|error| Error::disk(&path, "written", &error))?;
        let about_another = entry(&self.name, manifest)?;
        let parsed = Manifest::parse(&self.name, manifest)?;
        descriptor.artifact_type = parsed.artifact_type().map(str::to_owned);
        match tag {
            Some(tag) => {
                let name = (NAME.to_owned(), tag.to_owned());
                descriptor.annotations.extend([name]);
            }
            None if about_another.is_none() => return Ok(()),
            None => {}
        }
        let fails = |error: io::Error| Error::disk(&self.folder, "written", &error);
        // One at a time, of any process, as each writes what the one before it wrote and more.
        let folder = File::open(&self.folder).map_err(fails)?;
        folder.lock().map_err(fails)?;
        let mut index = self.index()?;
        index.manifests.retain(|known| match tag {
            Some(_) => known.annotations.get(NAME).map(String::as_str) != tag,
            None => known.digest != descriptor.digest || known.annotations.contains_key(NAME),
        });
        index.manifests.push(descriptor);
        write_whole(&self.folder.join("index.json"), &mut &index.bytes()[..]).map_err(fails)
    }
}

/// Reads the index of a layout.
pub(crate) fn read_index(path: &Path, reader: impl Read) -> Result<Index, Error> {
    let fails = |detail: String| Error::Layout {
        path: path.to_owned(),
        detail,
    };
    let bytes = read_up_to(reader, INDEX_LIMIT)
        .map_err(|error| Error::disk(path, "read", &error))?
        .ok_or_else(|| fails("its index.json is too large".to_owned()))?;
    serde_json::from_slice(&bytes).map_err(|error| fails(format!("its index.json: {error}")))
}

/// The manifest with this tag; without one, the only manifest.
pub(crate) fn find(place: &str, index: &Index, tag: Option<&str>) -> Result<Digest, Error> {
    let named = |entry: &Descriptor| entry.annotations.get(NAME).cloned();
    if let Some(tag) = tag {
        let found = index
            .manifests
            .iter()
            .find(|entry| named(entry).as_deref() == Some(tag));
        return found
            .map(|entry| entry.digest)
            .ok_or_else(|| Error::NotFound {
                place: place.to_owned(),
                what: format!("tag `{tag}`"),
            });
    }
    let is_signature = |entry: &&Descriptor| {
        entry.artifact_type.as_deref() == Some(media_type::BUNDLE)
            || named(entry).is_some_and(|name| name.starts_with("sha256-"))
    };
    let entries: Vec<&Descriptor> = index
        .manifests
        .iter()
        .filter(|entry| !is_signature(entry))
        .collect();
    match entries.as_slice() {
        [only] => Ok(only.digest),
        several => {
            let tags: Vec<String> = several.iter().filter_map(|entry| named(entry)).collect();
            Err(Error::NotFound {
                place: place.to_owned(),
                what: format!(
                    "single artifact; say which, its tags are: {}",
                    tags.join(", ")
                ),
            })
        }
    }
}

/// Reads a manifest.
pub(crate) fn bounded(
    place: &str,
    path: &Path,
    reader: impl Read,
    limit: u64,
) -> Result<Vec<u8>, Error> {
    read_up_to(reader, limit)
        .map_err(|error| Error::disk(path, "read", &error))?
        .ok_or_else(|| Error::TooLong {
            place: place.to_owned(),
            what: "a manifest".to_owned(),
            size: limit,
        })
}

/// Writes a file at once and whole.
fn write_whole(path: &Path, reader: &mut dyn Read) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    io::copy(reader, &mut file)?;
    file.flush()?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
