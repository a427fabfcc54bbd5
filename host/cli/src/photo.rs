//! A photo that is sent to a host.

use std::path::Path;

use crate::problem::Problem;

/// A photo, read.
pub struct Photo {
    /// Its name without folders.
    pub name: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

impl Photo {
    /// Reads a photo's file.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let bytes = std::fs::read(path).map_err(|error| {
            Problem::local(
                "photo not readable",
                format_args!("cannot read {}: {error}", path.display()),
            )
        })?;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self { name, bytes })
    }

    /// Its media type by its first bytes, as a name says little. What is neither is sent as a JPEG: the host
    /// then says what is wrong with the picture, rather than with a header that nobody has typed.
    pub fn media_type(&self) -> &'static str {
        match self.bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            _ => "image/jpeg",
        }
    }
}
