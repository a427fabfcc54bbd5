use serde::Serialize;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The version of `footlight:stage` that this host speaks, as (major, minor).
const CONTRACT: (u64, u64) = (0, 1);

/// What a component is and may do, read from the component itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// sha256 of the component's bytes, in hex.
    pub digest: String,
    /// Size of the component in bytes.
    pub bytes: u64,
    /// All that it imports, which is all that it can reach.
    pub imports: Vec<Import>,
    /// The names of its exports.
    pub exports: Vec<String>,
    /// Whether it fits the world `footlight:stage/stage`: none, or why not.
    pub misfit: Option<String>,
}

/// An import and what it lets a component do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The interface's name with its version.
    pub name: String,
    /// What it may do with it, in words.
    pub meaning: &'static str,
}

impl Inspection {
    pub(crate) fn new(engine: &Engine, component: &Component, digest: String, bytes: u64) -> Self {
        let ty = component.component_type();
        let imports = ty.imports(engine).map(|(name, _)| name.to_owned());
        let exports = ty.exports(engine).map(|(name, _)| name.to_owned());
        Self::of_names(imports.collect(), exports.collect(), digest, bytes)
    }

    /// That of a component whose imports and exports were read without compiling it.
    pub fn of_names(
        imports: Vec<String>,
        exports: Vec<String>,
        digest: String,
        bytes: u64,
    ) -> Self {
        let imports = imports.into_iter().map(|name| Import {
            meaning: meaning(&name).unwrap_or("nothing: no host of stages gives it"),
            name,
        });
        let mut inspection = Self {
            digest,
            bytes,
            imports: imports.collect(),
            exports,
            misfit: None,
        };
        inspection.misfit = check(&inspection).err();
        inspection
    }

    /// Whether it imports anything of WASI beside wasi-nn.
    pub fn wants_wasi(&self) -> bool {
        self.imports.iter().any(|import| is_wasi(&import.name))
    }
}

/// Whether a component is a stage that this host can run; if not, why, in the author's words.
pub(crate) fn check(inspection: &Inspection) -> Result<(), String> {
    let ours = |name: &&str| name.starts_with("footlight:stage/");
    let names = inspection.imports.iter().map(|import| import.name.as_str());
    let exports = inspection.exports.iter().map(String::as_str);
    for name in names.clone().chain(exports.clone()).filter(ours) {
        check_version(name)?;
    }
    if let Some(name) = names.clone().find(|name| meaning(name).is_none()) {
        return Err(format!(
            "the component imports `{name}`, which no stage may have: \
             a stage imports wasi:nn, footlight:stage and, with nothing behind it, WASI 0.2"
        ));
    }
    if !exports
        .clone()
        .any(|name| name.starts_with("footlight:stage/processing@"))
    {
        return Err(
            "the component does not export `footlight:stage/processing`: it does not implement the world `stage`"
                .to_owned(),
        );
    }
    Ok(())
}

/// Within one minor version of 0.x a host takes every stage; see `wit/stage.wit`.
fn check_version(name: &str) -> Result<(), String> {
    let (major, minor) = CONTRACT;
    let version = name.rsplit_once('@').map_or("", |(_, version)| version);
    let mut parts = version.split('.').map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(a)), Some(Ok(b))) if (a, b) == (major, minor) => Ok(()),
        _ => Err(format!(
            "the component is built for `{name}`, and this host speaks footlight:stage {major}.{minor}: \
             build the stage against wit/ of this host, or run a host of that version"
        )),
    }
}

fn is_wasi(name: &str) -> bool {
    name.starts_with("wasi:") && !name.starts_with("wasi:nn/")
}

fn meaning(name: &str) -> Option<&'static str> {
    let interface = name
        .split_once('@')
        .map_or(name, |(interface, _)| interface);
    Some(match interface {
        "wasi:nn/tensor" => "makes tensors and reads their numbers",
        "wasi:nn/graph" => "opens the graphs that the pipeline file gives it, by name",
        "wasi:nn/inference" => "runs inference on them",
        "wasi:nn/errors" => "reads why inference failed",
        "footlight:stage/values" => "nothing: names of types only",
        "footlight:stage/media" => {
            "has the host resample the image that it was given; pixels stay in the host"
        }
        "footlight:stage/processing" => "nothing: names of types only",
        "footlight:stage/settings" => "reads its settings in the pipeline file",
        "footlight:stage/models" => {
            "reads the labels of the graphs that the pipeline file gives it"
        }
        "footlight:stage/log" => "writes messages to the host's log",
        "wasi:clocks/wall-clock" => "reads the time of day",
        "wasi:clocks/monotonic-clock" => "measures time and waits, within its time limit",
        "wasi:random/random" | "wasi:random/insecure" | "wasi:random/insecure-seed" => {
            "gets random numbers"
        }
        "wasi:io/poll" | "wasi:io/streams" | "wasi:io/error" => {
            "nothing of its own: waits for what other imports give"
        }
        "wasi:cli/environment" => "sees an empty environment and no arguments",
        "wasi:cli/stdin" => "reads an empty input",
        "wasi:cli/stdout" | "wasi:cli/stderr" => "writes lines to the host's log",
        "wasi:cli/exit" => "may give up",
        "wasi:filesystem/types" | "wasi:filesystem/preopens" => "sees no files",
        name if name.starts_with("wasi:cli/terminal-") => "sees no terminal",
        name if name.starts_with("wasi:sockets/") => "reaches no network",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(imports: &[&str], exports: &[&str]) -> Inspection {
        Inspection {
            digest: String::new(),
            bytes: 0,
            imports: imports
                .iter()
                .map(|name| Import {
                    name: (*name).to_owned(),
                    meaning: "",
                })
                .collect(),
            exports: exports.iter().map(|name| (*name).to_owned()).collect(),
            misfit: None,
        }
    }

    #[test]
    fn a_stage_of_this_contract_is_accepted() {
        let stage = inspection(
            &[
                "footlight:stage/media@0.1.0",
                "wasi:nn/tensor@0.2.0-rc-2024-10-28",
            ],
            &["footlight:stage/processing@0.1.3"],
        );
        assert_eq!(check(&stage), Ok(()));
    }

    #[test]
    fn what_is_refused_is_named() {
        let newer = inspection(&[], &["footlight:stage/processing@0.2.0"]);
        assert!(check(&newer).is_err_and(|why| why.contains("0.2.0") && why.contains("0.1")));
        let http = inspection(
            &["wasi:http/outgoing-handler@0.2.0"],
            &["footlight:stage/processing@0.1.0"],
        );
        assert!(check(&http).is_err_and(|why| why.contains("wasi:http/outgoing-handler")));
        let nothing = inspection(&[], &["run"]);
        assert!(check(&nothing).is_err_and(|why| why.contains("footlight:stage/processing")));
    }
}
