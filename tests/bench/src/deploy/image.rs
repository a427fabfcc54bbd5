//! A container image, as an OCI layout: folders become layers, each a compressed tar.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The one tag of a layout.
pub const TAG: &str = "latest";
/// The file beside a layout's own that says how large it is.
const SIZES: &str = "sizes.json";

/// A layout that is complete.
pub struct Image {
    /// Its folder.
    pub layout: PathBuf,
    /// How large it is.
    pub sizes: Sizes,
}

/// How large an image is, in bytes.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Sizes {
    /// What a registry keeps and a link carries.
    pub compressed: u64,
    /// What a node's disk keeps.
    pub unpacked: u64,
}

impl Image {
    /// The image of this folder, if it was finished.
    pub fn read(layout: &Path) -> Option<Image> {
        let sizes = fs::read(layout.join(SIZES)).ok()?;
        Some(Image {
            layout: layout.to_path_buf(),
            sizes: serde_json::from_slice(&sizes).ok()?,
        })
    }
}

/// What a container of an image runs.
pub struct Program {
    /// The command.
    pub command: Vec<String>,
    /// Variables, as `NAME=VALUE`.
    pub environment: Vec<String>,
    /// The folder that it starts in.
    pub folder: &'static str,
}

/// An image that is being written.
pub struct Builder {
    layout: PathBuf,
    layers: Vec<Layer>,
}

struct Layer {
    descriptor: Value,
    /// The digest before compression.
    plain: String,
    sizes: Sizes,
}

impl Builder {
    /// Begins one in a folder that is there and empty.
    pub fn new(layout: &Path) -> Result<Builder> {
        fs::create_dir_all(layout.join("blobs/sha256"))?;
        Ok(Builder {
            layout: layout.to_path_buf(),
            layers: Vec::new(),
        })
    }

    /// Adds a layer of files and folders, each with its path in the image (empty for the root).
    pub fn layer(&mut self, contents: &[(&Path, &str)]) -> Result<()> {
        let unfinished = self.layout.join("unfinished");
        let file = BufWriter::new(File::create(&unfinished)?);
        let packed = GzEncoder::new(Counted::new(file), Compression::default());
        let mut archive = tar::Builder::new(Counted::new(packed));
        archive.follow_symlinks(false);
        archive.sparse(false);
        for (from, inside) in contents {
            add(&mut archive, from, inside).with_context(|| from.display().to_string())?;
        }
        let (packed, plain, unpacked) = archive.into_inner()?.finish();
        let (mut file, digest, compressed) = packed.finish()?.finish();
        file.flush()?;
        fs::rename(&unfinished, self.layout.join("blobs/sha256").join(&digest))?;
        self.layers.push(Layer {
            descriptor: json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": format!("sha256:{digest}"),
                "size": compressed,
            }),
            plain: format!("sha256:{plain}"),
            sizes: Sizes {
                compressed,
                unpacked,
            },
        });
        Ok(())
    }

    /// Writes what describes the layers.
    pub fn finish(self, program: &Program) -> Result<Image> {
        let plain: Vec<&str> = self
            .layers
            .iter()
            .map(|layer| layer.plain.as_str())
            .collect();
        let config = self.blob(
            "application/vnd.oci.image.config.v1+json",
            &json!({
                "architecture": "amd64",
                "os": "linux",
                "config": {
                    "Entrypoint": program.command,
                    "Env": program.environment,
                    "WorkingDir": program.folder,
                },
                "rootfs": { "type": "layers", "diff_ids": plain },
            }),
        )?;
        let layers: Vec<&Value> = self.layers.iter().map(|layer| &layer.descriptor).collect();
        let mut manifest = self.blob(
            "application/vnd.oci.image.manifest.v1+json",
            &json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": config,
                "layers": layers,
            }),
        )?;
        if let Some(descriptor) = manifest.as_object_mut() {
            descriptor.insert(
                "annotations".to_owned(),
                json!({ "org.opencontainers.image.ref.name": TAG }),
            );
        }
        self.write(
            "index.json",
            &json!({ "schemaVersion": 2, "manifests": [manifest] }),
        )?;
        self.write("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }))?;
        let sizes = Sizes {
            compressed: self.layers.iter().map(|layer| layer.sizes.compressed).sum(),
            unpacked: self.layers.iter().map(|layer| layer.sizes.unpacked).sum(),
        };
        self.write(SIZES, &serde_json::to_value(sizes)?)?;
        Ok(Image {
            layout: self.layout,
            sizes,
        })
    }

    /// Writes a document among the blobs; what refers to it.
    fn blob(&self, kind: &str, document: &Value) -> Result<Value> {
        let bytes = serde_json::to_vec(document)?;
        let digest = footlight_nn::sha256_hex(&bytes);
        fs::write(self.layout.join("blobs/sha256").join(&digest), &bytes)?;
        Ok(json!({
            "mediaType": kind,
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
        }))
    }

    fn write(&self, name: &str, document: &Value) -> Result<()> {
        fs::write(self.layout.join(name), serde_json::to_vec(document)?)?;
        Ok(())
    }
}

fn add<W: Write>(archive: &mut tar::Builder<W>, from: &Path, inside: &str) -> Result<()> {
    if !from.is_dir() {
        return Ok(archive.append_path_with_name(from, inside)?);
    }
    if inside.is_empty() {
        // The image's root is there already.
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            add_inside(archive, &entry.path(), Path::new(&entry.file_name()))?;
        }
        return Ok(());
    }
    Ok(archive.append_dir_all(inside, from)?)
}

fn add_inside<W: Write>(archive: &mut tar::Builder<W>, from: &Path, inside: &Path) -> Result<()> {
    if from.is_dir() && !from.is_symlink() {
        archive.append_dir_all(inside, from)?;
    } else {
        archive.append_path_with_name(from, inside)?;
    }
    Ok(())
}

/// Counts and digests what is written through it.
struct Counted<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W> Counted<W> {
    fn new(inner: W) -> Counted<W> {
        Counted {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// The writer below, the digest in hexadecimal, and how many bytes there were.
    fn finish(self) -> (W, String, u64) {
        let digest = self.hasher.finalize();
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn a_layout_is_what_its_digests_say() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::write(root.join("usr/bin/tool"), "tool").unwrap();
        std::os::unix::fs::symlink("usr/bin", root.join("bin")).unwrap();
        let layout = folder.path().join("layout");
        let mut builder = Builder::new(&layout).unwrap();
        builder.layer(&[(&root, "")]).unwrap();
        builder
            .layer(&[
                (&root.join("usr/bin/tool"), "app/tool"),
                (&root.join("usr"), "app/usr"),
            ])
            .unwrap();
        let program = Program {
            command: vec!["tool".to_owned()],
            environment: Vec::new(),
            folder: "/app",
        };
        let sizes = builder.finish(&program).unwrap().sizes;

        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"]
                .as_str()
                .unwrap()
                .strip_prefix("sha256:")
                .unwrap();
            let bytes = fs::read(layout.join("blobs/sha256").join(digest)).unwrap();
            assert_eq!(footlight_nn::sha256_hex(&bytes), digest);
            assert_eq!(descriptor["size"], bytes.len());
            bytes
        };
        let document = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let index = document(&fs::read(layout.join("index.json")).unwrap());
        let manifest = document(&blob(&index["manifests"][0]));
        let config = document(&blob(&manifest["config"]));
        let (mut compressed, mut unpacked) = (0, 0);
        let mut names = Vec::new();
        for (number, layer) in manifest["layers"].as_array().unwrap().iter().enumerate() {
            let packed = blob(layer);
            let mut plain = Vec::new();
            GzDecoder::new(packed.as_slice())
                .read_to_end(&mut plain)
                .unwrap();
            let digest = format!("sha256:{}", footlight_nn::sha256_hex(&plain));
            assert_eq!(config["rootfs"]["diff_ids"][number], digest.as_str());
            (compressed, unpacked) = (compressed + packed.len(), unpacked + plain.len());
            for entry in tar::Archive::new(plain.as_slice()).entries().unwrap() {
                let entry = entry.unwrap();
                let kind = entry.header().entry_type();
                names.push((
                    entry.path().unwrap().display().to_string(),
                    kind.is_symlink(),
                ));
            }
        }
        assert_eq!(
            (sizes.compressed, sizes.unpacked),
            (compressed as u64, unpacked as u64)
        );
        assert!(names.contains(&("bin".to_owned(), true)), "{names:?}");
        for file in ["usr/bin/tool", "app/tool", "app/usr/bin/tool"] {
            assert!(names.contains(&(file.to_owned(), false)), "{names:?}");
        }
        assert_eq!(Image::read(&layout).unwrap().sizes.unpacked, sizes.unpacked);
    }
}
