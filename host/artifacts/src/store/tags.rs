//! Which digest each tag last led to, for the time when the registry cannot be asked.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::Store;
use crate::reference::{Location, Reference};
use crate::{Digest, Error};

impl Store {
    /// Notes where a tag led. It is written only when it changed: a host asks again and again.
    pub fn note_tag(&self, reference: &Reference, digest: &Digest) -> Result<(), Error> {
        if self.noted_tag(reference) == Some(*digest) {
            return Ok(());
        }
        self.replace(&self.record(reference), format!("{digest}\n").as_bytes())
    }

    /// Where the tag led when it was last asked for.
    pub fn noted_tag(&self, reference: &Reference) -> Option<Digest> {
        let text = fs::read_to_string(self.record(reference)).ok()?;
        text.trim_end().parse().ok()
    }

    /// Where a tag's digest is kept. The parts of a reference are made of few characters, `..` is none of them, and
    /// only the last part has a `:` in it: no two records collide, or one's file with another's folder.
    fn record(&self, reference: &Reference) -> PathBuf {
        let refs = self.folder().join("refs");
        let tag = reference.tag().unwrap_or("latest");
        match reference.location() {
            Location::Registry { host, repository } => {
                refs.join(host).join(format!("{repository}:{tag}"))
            }
            // No registry is called so. The path may be of any characters.
            Location::Layout { path } => {
                let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let name = Digest::of(absolute.as_os_str().as_encoded_bytes()).hex();
                refs.join("layout").join(format!("{name}:{tag}"))
            }
        }
    }

    /// Every record: its file, its tag and its digest.
    pub(super) fn tags(&self) -> io::Result<Vec<(PathBuf, String, Option<Digest>)>> {
        let mut tags = Vec::new();
        let mut folders = vec![self.folder().join("refs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = entry.file_name();
                if let Some((_, tag)) = name.to_string_lossy().rsplit_once(':') {
                    let digest = fs::read_to_string(&path)
                        .ok()
                        .and_then(|text| text.trim_end().parse().ok());
                    tags.push((path, tag.to_owned(), digest));
                }
            }
        }
        Ok(tags)
    }
}
