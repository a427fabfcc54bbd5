//! What a stage's component wants of its host and gives to it.

use wasmparser::{
    BinaryReaderError, ComponentExternalKind, Encoding, Parser, Payload, Validator, WasmFeatures,
};

use crate::Error;

/// What a host's engine does of WebAssembly: all of version 3 but garbage collection, exceptions and threads, which it is
/// built without.
const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::COMPONENT_MODEL)
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS);

/// The names that a component imports and exports, as `wasi:nn/tensor@0.2.0-rc-2024-10-28`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// What it wants.
    pub imports: Vec<String>,
    /// What it gives.
    pub exports: Vec<String>,
}

impl Interface {
    /// Reads them out of a component that is whole and well-formed in all its parts, its code included, with nothing in
    /// it that a host's engine does not do. That takes hundredths of what compiling it takes.
    pub fn of_valid(component: &[u8]) -> Result<Self, Error> {
        let interface = Self::of(component)?;
        let checked = Validator::new_with_features(FEATURES).validate_all(component);
        checked.map_err(|error| broken(&error))?;
        Ok(interface)
    }

    /// Reads them out of a component. Its code is not looked at: who runs it compiles it, which does that.
    pub fn of(component: &[u8]) -> Result<Self, Error> {
        if !component.starts_with(b"\0asm") {
            return Err(fails("it is not WebAssembly".to_owned()));
        }
        let mut interface = Self::default();
        // Components and modules within it have imports of their own.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(component) {
            match payload.map_err(|error| broken(&error))? {
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
                            .push(import.map_err(|error| broken(&error))?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        let export = export.map_err(|error| broken(&error))?;
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

fn fails(detail: String) -> Error {
    Error::Content {
        what: "the stage's component".to_owned(),
        detail,
    }
}

fn broken(error: &BinaryReaderError) -> Error {
    fails(format!(
        "it is no WebAssembly component ({}, at byte {})",
        error.message(),
        error.offset()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component whose code is this function.
    fn component(function: &str) -> Vec<u8> {
        let text = format!(
            r#"(component
                (import "test:host/log" (instance))
                (core module (func {function}))
                (instance $none)
                (export "test:stage/run" (instance $none)))"#
        );
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn code_that_is_not_valid_is_refused_without_compiling_it() {
        let good = component("(result i32) i32.const 1");
        let interface = Interface::of_valid(&good).unwrap();
        assert_eq!(interface.imports, ["test:host/log"]);
        assert_eq!(interface.exports, ["test:stage/run"]);
        // Its result is missing.
        let bad = component("(result i32)");
        assert_eq!(Interface::of(&bad).unwrap(), interface);
        let said = Interface::of_valid(&bad).unwrap_err().to_string();
        assert!(
            said.contains("type mismatch") && said.contains("at byte"),
            "{said}"
        );
    }
    #[test]
    fn code_that_a_host_does_not_take_is_refused() {
        let shared = component(") (memory 1 1 shared) (func");
        let said = Interface::of_valid(&shared).unwrap_err().to_string();
        assert!(said.contains("threads"), "{said}");
    }
}
