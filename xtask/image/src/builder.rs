//! Layers, each a compressed tar, and what describes them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::counted::{Counted, sha256};
use crate::error::{Doing, Result};
use crate::layer::Item;

/// The one tag of a layout.
pub const TAG: &str = "latest";
/// The file beside a layout's own that says what the image is.
const ABOUT: &str = "about.json";
/// Where a layout keeps what has a digest.
pub(crate) const BLOBS: &str = "blobs/sha256";

/// A layout that is complete.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its folder.
    pub layout: PathBuf,
    /// The digest of its manifest, `sha256:...`: what an image is pinned by.
    pub digest: String,
    /// How large it is.
    pub sizes: Sizes,
}

/// How large an image is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// What a registry keeps and a link carries.
    pub compressed: u64,
    /// What a node's disk keeps.
    pub unpacked: u64,
}

#[derive(Serialize, Deserialize)]
struct About {
    digest: String,
    sizes: Sizes,
}

impl Image {
    /// The image of this folder, if it was finished.
    pub fn read(layout: &Path) -> Option<Image> {
        let about = fs::read(layout.join(ABOUT)).ok()?;
        let About { digest, sizes } = serde_json::from_slice(&about).ok()?;
        Some(Image {
            layout: layout.to_path_buf(),
            digest,
            sizes,
        })
    }
}

/// What a container of an image runs.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The command.
    pub command: Vec<String>,
    /// Variables, as `NAME=VALUE`.
    pub environment: Vec<String>,
    /// The folder that it starts in.
    pub folder: &'static str,
    /// The user and group that it runs as, as numbers; root where there is none.
    pub user: Option<u32>,
    /// What is said of the image, by keys of the OCI.
    pub labels: Vec<(&'static str, String)>,
}

/// An image that is being written.
#[derive(Debug)]
pub struct Builder {
    layout: PathBuf,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    descriptor: Value,
    /// The digest before compression.
    plain: String,
    sizes: Sizes,
}

impl Builder {
    /// Begins one in a folder, which is made; it must be empty.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn new(layout: &Path) -> Result<Builder> {
        let blobs = layout.join(BLOBS);
        fs::create_dir_all(&blobs).to("make", &blobs)?;
        Ok(Builder {
            layout: layout.to_path_buf(),
            layers: Vec::new(),
        })
    }

    /// Adds a layer.
    ///
    /// # Errors
    /// Where a file cannot be read, or the layer not written.
    pub fn layer(&mut self, items: &[Item]) -> Result<()> {
        let unfinished = self.layout.join("unfinished");
        let file = File::create(&unfinished).to("write", &unfinished)?;
        let packed = Counted::new(BufWriter::new(file));
        let packed = GzEncoder::new(packed, Compression::default());
        let mut archive = tar::Builder::new(Counted::new(packed));
        for item in items {
            item.add(&mut archive)?;
        }
        let write = || -> std::io::Result<_> {
            let (packed, plain, unpacked) = archive.into_inner()?.finish();
            let (mut file, digest, compressed) = packed.finish()?.finish();
            file.flush()?;
            fs::rename(&unfinished, self.layout.join(BLOBS).join(&digest))?;
            Ok((digest, compressed, plain, unpacked))
        };
        let (digest, compressed, plain, unpacked) = write().to("write", &unfinished)?;
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
    ///
    /// # Errors
    /// Where it cannot be written.
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
                "config": program.config(),
                "rootfs": { "type": "layers", "diff_ids": plain },
            }),
        )?;
        let layers: Vec<&Value> = self.layers.iter().map(|layer| &layer.descriptor).collect();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let mut manifest = self.blob(
            kind,
            &json!({
                "schemaVersion": 2,
                "mediaType": kind,
                "config": config,
                "layers": layers,
            }),
        )?;
        let digest = manifest.get("digest").and_then(Value::as_str);
        let digest = digest.unwrap_or_default().to_owned();
        if let Some(descriptor) = manifest.as_object_mut() {
            let tag = json!({ "org.opencontainers.image.ref.name": TAG });
            descriptor.insert("annotations".to_owned(), tag);
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
        let about = About { digest, sizes };
        self.write(ABOUT, &serde_json::to_value(&about)?)?;
        Ok(Image {
            layout: self.layout,
            digest: about.digest,
            sizes,
        })
    }

    /// Writes a document among the blobs; what refers to it.
    fn blob(&self, kind: &str, document: &Value) -> Result<Value> {
        let bytes = serde_json::to_vec(document)?;
        let digest = sha256(&bytes);
        self.write(&format!("{BLOBS}/{digest}"), document)?;
        Ok(json!({
            "mediaType": kind,
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
        }))
    }

    fn write(&self, name: &str, document: &Value) -> Result<()> {
        let file = self.layout.join(name);
        fs::write(&file, serde_json::to_vec(document)?).to("write", &file)
    }
}

impl Program {
    fn config(&self) -> Value {
        let mut config = json!({
            "Entrypoint": self.command,
            "Env": self.environment,
            "WorkingDir": self.folder,
        });
        if let Some(config) = config.as_object_mut() {
            if let Some(user) = self.user {
                config.insert("User".to_owned(), json!(format!("{user}:{user}")));
            }
            if !self.labels.is_empty() {
                let labels = self.labels.iter();
                let labels: Value = labels
                    .map(|(key, value)| ((*key).to_owned(), json!(value)))
                    .collect();
                config.insert("Labels".to_owned(), labels);
            }
        }
        config
    }
}
