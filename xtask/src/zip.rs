//! Reading files out of a zip archive, as wheels are.
//!
//! After PKWARE's "APPNOTE.TXT", as much of it as wheels use: one disk, sizes below 4 GiB, entries stored or
//! deflated. Checksums are not looked at, since archives are pinned by their sha256.

use std::io::Read;

use anyhow::{Context, Result, bail};
use flate2::read::DeflateDecoder;

const END: [u8; 4] = *b"PK\x05\x06";
const END_SIZE: usize = 22;
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const ENTRY_SIZE: usize = 46;
const LOCAL_SIZE: usize = 30;

/// A zip archive in memory.
pub struct Archive<'a> {
    bytes: &'a [u8],
}

/// What the central directory says about a file.
struct Entry<'a> {
    name: &'a [u8],
    method: usize,
    packed: usize,
    size: usize,
    header: usize,
}

impl<'a> Archive<'a> {
    /// An archive of these bytes.
    pub fn new(bytes: &'a [u8]) -> Archive<'a> {
        Archive { bytes }
    }

    /// A file's bytes; none where the archive has no file of that name.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let entry = self
            .entries()
            .context("the archive is no zip file, or is cut short")?;
        let Some(entry) = entry
            .into_iter()
            .find(|entry| entry.name == name.as_bytes())
        else {
            return Ok(None);
        };
        let packed = self
            .packed(&entry)
            .with_context(|| format!("{name} is cut short"))?;
        let mut bytes = Vec::with_capacity(entry.size);
        match entry.method {
            0 => bytes.extend_from_slice(packed),
            8 => {
                // One byte more than there should be, so that too many are noticed and never kept.
                let limit = u64::try_from(entry.size)?.saturating_add(1);
                DeflateDecoder::new(packed)
                    .take(limit)
                    .read_to_end(&mut bytes)?;
            }
            method => bail!("{name} is packed by method {method}, which is not known here"),
        }
        if bytes.len() != entry.size {
            bail!("{name} has another size than the archive says");
        }
        Ok(Some(bytes))
    }

    /// The central directory; none where it is broken.
    fn entries(&self) -> Option<Vec<Entry<'a>>> {
        // A comment of at most 65535 bytes may follow the end record.
        let last = self.bytes.len().checked_sub(END_SIZE)?;
        let first = last.saturating_sub(usize::from(u16::MAX));
        let end = (first..=last).rev().find(|&at| self.has(at, END))?;
        let count = self.number(end + 10, 2)?;
        let mut at = self.number(end + 16, 4)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            if !self.has(at, ENTRY) {
                return None;
            }
            let name = self.number(at + 28, 2)?;
            let rest = self.number(at + 30, 2)? + self.number(at + 32, 2)?;
            entries.push(Entry {
                name: self.slice(at + ENTRY_SIZE, name)?,
                method: self.number(at + 10, 2)?,
                packed: self.number(at + 20, 4)?,
                size: self.number(at + 24, 4)?,
                header: self.number(at + 42, 4)?,
            });
            at = at + ENTRY_SIZE + name + rest;
        }
        Some(entries)
    }

    /// A file's bytes as packed, which follow its own header.
    fn packed(&self, entry: &Entry) -> Option<&'a [u8]> {
        let names = self.number(entry.header + 26, 2)? + self.number(entry.header + 28, 2)?;
        self.slice(entry.header + LOCAL_SIZE + names, entry.packed)
    }

    fn has(&self, at: usize, signature: [u8; 4]) -> bool {
        self.slice(at, 4) == Some(&signature)
    }

    /// A little-endian number of so many bytes.
    fn number(&self, at: usize, bytes: usize) -> Option<usize> {
        let bytes = self.slice(at, bytes)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, &byte| number << 8 | usize::from(byte)),
        )
    }

    fn slice(&self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn number(value: usize, bytes: usize) -> Vec<u8> {
        value.to_le_bytes()[..bytes].to_vec()
    }

    /// An archive of files that are each stored (0) or deflated (8), with a comment at its end.
    fn archive(files: &[(&str, &[u8], usize)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for &(name, content, method) in files {
            let mut packed = content.to_vec();
            if method == 8 {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(content).unwrap();
                packed = encoder.finish().unwrap();
            }
            let sizes = [
                number(packed.len(), 4),
                number(content.len(), 4),
                number(name.len(), 2),
            ]
            .concat();
            let at = bytes.len();
            bytes.extend(
                [
                    b"PK\x03\x04".to_vec(),
                    vec![0; 14],
                    sizes.clone(),
                    number(3, 2),
                ]
                .concat(),
            );
            bytes.extend([name.as_bytes(), b"xyz", &packed].concat());
            directory.extend(
                [
                    ENTRY.to_vec(),
                    vec![0; 6],
                    number(method, 2),
                    vec![0; 8],
                    sizes,
                ]
                .concat(),
            );
            directory.extend([vec![0; 12], number(at, 4), name.as_bytes().to_vec()].concat());
        }
        let count = number(files.len(), 2);
        let at = number(bytes.len(), 4);
        bytes.extend(&directory);
        bytes.extend(
            [
                END.to_vec(),
                vec![0; 4],
                count.clone(),
                count,
                number(directory.len(), 4),
                at,
            ]
            .concat(),
        );
        bytes.extend([number(2, 2), b"hi".to_vec()].concat());
        bytes
    }

    #[test]
    fn stored_and_deflated_files_are_read() {
        let long = b"ab".repeat(5000);
        let bytes = archive(&[("a/stored", b"as it is", 0), ("a/deflated", &long, 8)]);
        let archive = Archive::new(&bytes);
        assert_eq!(archive.file("a/stored").unwrap().unwrap(), b"as it is");
        assert_eq!(archive.file("a/deflated").unwrap().unwrap(), long);
        assert_eq!(archive.file("a/other").unwrap(), None);
    }

    #[test]
    fn what_is_broken_is_refused() {
        let bytes = archive(&[("file", b"content", 0)]);
        for cut in [0, 10, bytes.len() - 10] {
            assert!(
                Archive::new(&bytes[..cut]).file("file").is_err(),
                "cut at {cut}"
            );
        }
        let error = Archive::new(&archive(&[("file", b"content", 12)]))
            .file("file")
            .unwrap_err();
        assert!(error.to_string().contains("method 12"));
    }
}
