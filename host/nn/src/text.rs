use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// More than people write of a card or a pipeline; as much as is taken of one that comes over the network.
const LARGEST: u64 = 4 << 20;

/// Reads a file that people write: a model card, a pipeline file. Whoever named it may have named anything, and to open
/// a pipe waits, to read a device never ends.
///
/// # Errors
///
/// What the system says; and for what is no file, is larger than 4 MiB, or is no text in UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    let refused = |why: &str| Err(Error::new(ErrorKind::InvalidData, why));
    if !fs::metadata(path)?.is_file() {
        return refused("it is no file, but a folder, a device or a pipe");
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return refused("it is larger than 4 MiB, so it is something else");
    }
    String::from_utf8(bytes).or_else(|_| refused("it is no text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "a card").unwrap();
        assert_eq!(read_text(&file).unwrap(), "a card");
        for path in [Path::new("/dev/zero"), folder.path()] {
            let said = read_text(path).unwrap_err().to_string();
            assert!(said.contains("no file"), "{said}");
        }
        // Not of ASCII alone: where it is cut off, there may be half a character.
        fs::write(&file, "€".repeat(2 << 20)).unwrap();
        let said = read_text(&file).unwrap_err().to_string();
        assert!(said.contains("larger than 4 MiB"), "{said}");
    }
}
