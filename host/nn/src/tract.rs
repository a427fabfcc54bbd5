//! The backend on tract.

mod convert;
mod graph;
mod load;
mod plans;

use std::path::Path;
use std::sync::Arc;

use tracing::debug;

use crate::contain::contain;
use crate::{Backend, Error, Graph, onnx};

/// As in `Cargo.lock`; the library itself does not tell.
const VERSION: &str = "0.23.9";

/// tract, which is written in Rust and a part of the host: nothing has to be found or loaded.
///
/// It computes on the processor (`cpu`), each inference with the thread that asks for it, and knows
/// fewer operations than the other backends and no `bf16`. What it cannot compute it says when a model
/// is compiled, unless only the sizes of an input make it impossible.
///
/// A model whose inputs may have any size is made ready anew for each size, which takes a good part of
/// a second; the sizes used last stay ready. An inference ends at its deadline after the operation that
/// it is at, and making ready does not end before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tract;

impl Tract {
    /// The library, which is always there.
    pub fn new() -> Tract {
        Tract
    }
}

impl Backend for Tract {
    fn name(&self) -> &str {
        "tract"
    }

    fn version(&self) -> String {
        VERSION.to_owned()
    }

    fn library(&self) -> Option<&Path> {
        None
    }

    fn devices(&self) -> Result<Vec<String>, Error> {
        Ok(vec!["cpu".to_owned()])
    }

    fn compile(&self, model: &[u8], device: &str) -> Result<Arc<dyn Graph>, Error> {
        let names = onnx::read(model)?;
        if !["cpu", "auto"].contains(&device.to_lowercase().as_str()) {
            let asked: String = device.chars().take(32).collect();
            return Err(Error::not_found(format!(
                "tract {VERSION}: the device `{asked}` was asked for, and there is only cpu; ask for it, \
                 or for another backend"
            )));
        }
        let graph = contain("tract", || {
            graph::TractGraph::new(load::load(model, &names)?)
        })?;
        debug!("model compiled by tract");
        Ok(Arc::new(graph))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_built_in() {
        let lock: toml::Table = include_str!("../../../Cargo.lock").parse().unwrap();
        let packages = lock.get("package").and_then(toml::Value::as_array).unwrap();
        let text = |package: &toml::Value, key| package.get(key)?.as_str().map(str::to_owned);
        let versions: Vec<String> = packages
            .iter()
            .filter(|package| text(package, "name").as_deref() == Some("tract-onnx"))
            .filter_map(|package| text(package, "version"))
            .collect();
        assert_eq!(versions, [VERSION]);
    }
}
