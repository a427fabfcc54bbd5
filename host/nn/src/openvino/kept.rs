//! What OpenVINO made of models at an earlier start.
//!
//! OpenVINO has a cache of its own: a folder of files, which it reads without question. To load such a file is
//! to trust it, so they are kept sealed, and OpenVINO gets the one that it needs in a folder that is there
//! only while it compiles.

use std::fs;
use std::sync::Arc;

use footlight_sealed::Sealed;
use openvino::{CompiledModel, Core, DeviceType, InferenceError, RwPropertyKey};
use tracing::debug;

use crate::sha256_hex;

/// Compiled models, by key. An entry is the name of OpenVINO's file, a line feed, and the file.
pub(super) struct Kept {
    sealed: Arc<Sealed>,
}

/// The key of a model, compiled by this version for this device.
pub(super) fn key(version: &str, device: &str, model: &[u8]) -> String {
    let origin = format!("{version}\n{device}\n{}", sha256_hex(model));
    format!("openvino-{}", sha256_hex(origin.as_bytes()))
}

impl Kept {
    pub(super) fn new(sealed: Arc<Sealed>) -> Kept {
        Kept { sealed }
    }

    /// Compiles with what is kept under the key, and keeps what is made. Whatever goes wrong with that costs
    /// time and nothing else.
    pub(super) fn compile(
        &self,
        core: &mut Core,
        device: &str,
        key: &str,
        compile: impl Fn(&mut Core) -> Result<CompiledModel, InferenceError>,
    ) -> Result<CompiledModel, InferenceError> {
        let folder = match Folder::open(core, device) {
            Ok(folder) => folder,
            Err(error) => {
                debug!(%error, device, "compiled models are not kept");
                return compile(core);
            }
        };
        let known = self.sealed.get(key);
        if let Some(entry) = &known {
            folder.fill(entry);
        }
        let compiled = compile(core);
        folder.close(core, device);
        if compiled.is_ok() {
            // OpenVINO may not like what it got, and have written another.
            match folder.made().find(|made| Some(made) != known.as_ref()) {
                Some(made) => self.sealed.put(key, &made),
                None => debug!(model = key, device, "compiled at an earlier start"),
            }
        }
        compiled
    }
}

/// The folder that OpenVINO has for its cache while it compiles one model. No other user can look into it.
struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes the folder and tells OpenVINO of it.
    fn open(core: &mut Core, device: &str) -> Result<Folder, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().to_str().ok_or("its name is not text")?;
        core.set_property(&DeviceType::from(device), &RwPropertyKey::CacheDir, path)
            .map_err(|error| error.to_string())?;
        Ok(Folder(folder))
    }

    /// What is compiled from now on is kept nowhere.
    fn close(&self, core: &mut Core, device: &str) {
        let device = DeviceType::from(device);
        if let Err(error) = core.set_property(&device, &RwPropertyKey::CacheDir, "") {
            debug!(%error, "openvino keeps the name of a folder that is gone");
        }
    }

    /// Writes the file of an entry. Without it OpenVINO compiles.
    fn fill(&self, entry: &[u8]) {
        let file = entry
            .iter()
            .position(|byte| *byte == b'\n')
            .and_then(|end| {
                let (name, file) = entry.split_at_checked(end)?;
                Some((str::from_utf8(name).ok()?, file.get(1..)?))
            });
        if let Some((name, file)) = file
            && let Err(error) = fs::write(self.0.path().join(name), file)
        {
            debug!(%error, "a compiled model cannot be handed to openvino");
        }
    }

    /// The files that are there now, as entries.
    fn made(&self) -> impl Iterator<Item = Vec<u8>> {
        let files = fs::read_dir(self.0.path()).into_iter().flatten().flatten();
        files.filter_map(|file| {
            let name = file.file_name();
            let name = name.to_str().filter(|name| name.ends_with(".blob"))?;
            let file = fs::read(file.path()).ok()?;
            Some([name.as_bytes(), b"\n", &file].concat())
        })
    }
}
