//! What a stage's component wants of its host and gives to it.

use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

use crate::Error;

/// The names that a component imports and exports, as `wasi:nn/tensor@0.2.0-rc-2024-10-28`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// What it wants.
    pub imports: Vec<String>,
    /// What it gives.
    pub exports: Vec<String>,
}

impl Interface {
    /// Reads them out of a component. Its code is not looked at.
    pub fn of(component: &[u8]) -> Result<Self, Error> {
        let fails = |detail: String| Error::Content {
            what: "the stage's component".to_owned(),
            detail,
        };
        let broken = |error: wasmparser::BinaryReaderError| {
            fails(format!(
                "it is no WebAssembly component ({})",
                error.message()
            ))
        };
        if !component.starts_with(b"\0asm") {
            return Err(fails("it is not WebAssembly".to_owned()));
        }
        let mut interface = Self::default();
        // Components and modules within it have imports of their own.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(component) {
            match payload.map_err(broken)? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    return Err(fails(
                        "it is a WebAssembly module and no component yet; make one of it with `wasm-tools component \
                         new`"
                            .to_owned(),
                    ));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        interface
                            .imports
                            .push(import.map_err(broken)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        let export = export.map_err(broken)?;
                        // Types are exported beside what uses them.
                        if export.kind != ComponentExternalKind::Type {
                            interface.exports.push(export.name.name.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(interface)
    }
}
