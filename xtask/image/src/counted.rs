//! A writer that counts and digests.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// Counts and digests what is written through it.
pub struct Counted<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W> Counted<W> {
    pub fn new(inner: W) -> Counted<W> {
        Counted {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// The writer below, the digest in hexadecimal, and how many bytes there were.
    pub fn finish(self) -> (W, String, u64) {
        let digest = hexadecimal(&self.hasher.finalize());
        (self.inner, digest, self.bytes)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The digest of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
