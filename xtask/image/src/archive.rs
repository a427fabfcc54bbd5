//! A layout as one file, as `skopeo`, `oras`, `ctr` and `docker load` take it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::builder::{BLOBS, Image};
use crate::error::{Doing, Result};
use crate::layer::Item;

/// Writes an image as a tar.
///
/// # Errors
/// Where the layout cannot be read or the file not written.
pub fn write(image: &Image, file: &Path) -> Result<()> {
    let mut archive = tar::Builder::new(BufWriter::new(File::create(file).to("write", file)?));
    // What says what it is comes first, so that a reader need not seek.
    for name in ["oci-layout", "index.json", BLOBS] {
        Item::copy(image.layout.join(name), name).add(&mut archive)?;
    }
    let finish = || archive.into_inner()?.flush();
    finish().to("write", file)
}
