//! `footlight stage inspect`: what a component is and may do.

use std::path::Path;

use anyhow::{Context, Result, bail};
use footlight_artifacts::{Interface, Reference};
use footlight_nn::sha256_hex;
use footlight_pipeline::Place;
use footlight_sandbox::Inspection;
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::exit::Outcome;
use crate::{artifact, output, table};

/// Imports and exports are those of a stage, and the engine has no objection to its code. Whether there is room for its
/// memories and tables, for one, a host sees when it opens it.
const FITS: &str = "it fits, as far as is seen without compiling it";

/// Prints what a component is and may do. Fails where it does not fit a host of stages, as far as that is seen without
/// compiling it.
pub fn inspect(args: &InspectArgs) -> Result<Outcome> {
    let (name, bytes) = match &args.place {
        Place::File(path) => {
            let bytes = std::fs::read(path);
            let bytes = bytes.with_context(|| match path.to_str().and_then(Reference::almost) {
                Some(advice) => format!("cannot read {}; {advice}", path.display()),
                None => format!("cannot read {}", path.display()),
            })?;
            (name_of(path), bytes)
        }
        Place::Artifact(reference) => {
            let stage = artifact::open(&args.artifacts)?.stage(reference)?;
            (
                reference.pinned(stage.about.digest).to_string(),
                stage.component,
            )
        }
    };
    if let Some(why) = no_component(&bytes) {
        bail!("{} {why}", args.place);
    }
    let inspection =
        look_into(&bytes).with_context(|| format!("{} cannot be inspected", args.place))?;
    if args.json {
        output::json(&as_json(&name, &inspection))?;
    } else {
        output::line(as_text(&name, &inspection))?;
    }
    Ok(Outcome::failed_if(inspection.misfit.is_some()))
}

/// What a component is and may do, whether or not it is a stage. It is checked and not compiled, which for a stage in
/// Python takes half a minute.
pub fn look_into(component: &[u8]) -> Result<Inspection> {
    let Interface { imports, exports } = Interface::of_valid(component)?;
    Ok(Inspection::new(
        sha256_hex(component),
        component.len() as u64,
        imports.iter().map(String::as_str),
        exports.iter().map(String::as_str),
    ))
}

/// Why bytes are not even the beginning of a component, by the header of the binary format: the magic, then the
/// version and the layer, which is 0 for a core module and 1 for a component.
fn no_component(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => None,
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Some(
            "is a core WebAssembly module and not yet a component; `footlight stage build` makes components",
        ),
        _ => Some("is no WebAssembly; give the .wasm file of a component"),
    }
}

fn name_of(file: &Path) -> String {
    let name = file.file_stem().or(file.file_name());
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn is_wasi(name: &str) -> bool {
    name.starts_with("wasi:") && !name.starts_with("wasi:nn/")
}

/// The version of `footlight:stage` that the component is built for, by what it exports.
fn contract(inspection: &Inspection) -> Option<&str> {
    inspection.exports.iter().find_map(|export| {
        let (interface, version) = export.split_once('@')?;
        interface.starts_with("footlight:stage/").then_some(version)
    })
}

/// All that it may do. What it does not import it cannot reach.
fn abilities(inspection: &Inspection) -> Vec<&'static str> {
    let has = |start: &str| {
        let mut imports = inspection.imports.iter();
        imports.any(|import| import.name.starts_with(start))
    };
    let words = [
        (
            "footlight:stage/media",
            "looks at the image of its item through the host",
        ),
        ("wasi:nn/tensor", "reads and writes tensors"),
        (
            "wasi:nn/graph",
            "runs inference on graphs the pipeline names",
        ),
        ("footlight:stage/models", "reads their labels"),
        ("footlight:stage/settings", "reads its settings"),
        ("footlight:stage/log", "writes messages to the host's log"),
    ];
    let mut can: Vec<_> = words
        .into_iter()
        .filter(|(import, _)| has(import))
        .map(|(_, ability)| ability)
        .collect();
    if can.is_empty() {
        can.push("works on its item alone");
    }
    can
}

/// What is out of its reach.
pub fn limits(inspection: &Inspection) -> &'static str {
    if inspection.misfit.is_some() {
        "not known, as no host of stages runs it"
    } else if inspection.wants_wasi() {
        "no files, no network, no environment: behind its WASI imports are clocks and randomness only"
    } else {
        "no files, no network, no environment, no clock, no randomness"
    }
}

fn as_json(name: &str, inspection: &Inspection) -> Value {
    let imports: Vec<Value> = inspection
        .imports
        .iter()
        .map(|import| json!({"name": import.name, "meaning": import.meaning}))
        .collect();
    let wasi: Vec<&str> = wasi(inspection);
    json!({
        "name": name,
        "bytes": inspection.bytes,
        "digest": inspection.digest,
        "contract": contract(inspection),
        "fits": inspection.misfit.is_none(),
        "misfit": inspection.misfit,
        "exports": inspection.exports,
        "imports": imports,
        "wasi": wasi,
        "can": abilities(inspection),
        "cannot": limits(inspection),
    })
}

fn wasi(inspection: &Inspection) -> Vec<&str> {
    let names = inspection.imports.iter().map(|import| import.name.as_str());
    names.filter(|name| is_wasi(name)).collect()
}

fn as_text(name: &str, inspection: &Inspection) -> String {
    let mut lines = vec![
        format!("name      {name}"),
        format!(
            "size      {} ({})",
            table::plural(inspection.bytes, "byte", "bytes"),
            table::size(inspection.bytes)
        ),
        format!("digest    sha256:{}", inspection.digest),
    ];
    lines.push(match (&inspection.misfit, contract(inspection)) {
        (None, Some(version)) => {
            format!("world     footlight:stage/stage, version {version}: {FITS}")
        }
        (None, None) => format!("world     footlight:stage/stage: {FITS}"),
        (Some(why), _) => format!("world     does not fit footlight:stage/stage: {why}"),
    });
    for (index, line) in abilities(inspection).iter().enumerate() {
        lines.push(format!(
            "{}{line}",
            if index == 0 {
                "may do    "
            } else {
                "          "
            }
        ));
    }
    lines.push(format!("reaches   {}", limits(inspection)));
    lines.push(String::new());
    lines.push("exports".to_owned());
    lines.extend(indented(
        inspection.exports.iter().map(|name| (name.as_str(), "")),
    ));
    lines.push(String::new());
    lines.push("imports, which are all that it can reach".to_owned());
    let imports = inspection.imports.iter();
    lines.extend(indented(
        imports.map(|import| (import.name.as_str(), import.meaning)),
    ));
    lines.push(String::new());
    let wasi = wasi(inspection);
    if wasi.is_empty() {
        lines.push("WASI imports: none".to_owned());
    } else {
        lines.push(format!("WASI imports: {}", wasi.len()));
        lines.extend(indented(wasi.into_iter().map(|name| (name, ""))));
    }
    lines.join("\n")
}

/// Lines of a name and what it means, the meanings below each other.
fn indented<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        return vec!["  none".to_owned()];
    }
    let width = entries
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    let line =
        |(name, meaning): (&str, &str)| format!("  {name:width$}  {meaning}").trim_end().to_owned();
    entries.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use footlight_sandbox::Import;

    use super::*;

    fn inspection(imports: &[&str]) -> Inspection {
        let import = |name: &&str| Import {
            name: (*name).to_owned(),
            meaning: "does this",
        };
        Inspection {
            digest: "ab".repeat(32),
            bytes: 70_000,
            imports: imports.iter().map(import).collect(),
            exports: vec!["footlight:stage/processing@0.1.0".to_owned()],
            misfit: None,
        }
    }

    #[test]
    fn a_stage_without_wasi_is_said_to_have_none() {
        let text = as_text(
            "detect",
            &inspection(&["wasi:nn/tensor@0.2.0", "wasi:nn/graph@0.2.0"]),
        );
        assert!(text.contains("WASI imports: none"));
        assert!(text.contains("runs inference on graphs the pipeline names"));
        assert!(text.contains("no files, no network, no environment"));
        assert!(text.contains("version 0.1.0: it fits, as far as"));
        assert!(text.contains("70,000 bytes"));
    }

    #[test]
    fn what_is_no_component_is_told_from_its_header() {
        assert!(no_component(b"hello").is_some_and(|why| why.contains("no WebAssembly")));
        assert!(no_component(b"").is_some());
        assert!(no_component(b"\0asm\x01\0\0\0").is_some_and(|why| why.contains("core")));
        assert_eq!(no_component(b"\0asm\x0d\0\x01\0"), None);
    }

    #[test]
    fn wasi_imports_are_listed_plainly() {
        let stage = inspection(&["wasi:nn/tensor@0.2.0", "wasi:clocks/wall-clock@0.2.0"]);
        assert_eq!(
            as_json("x", &stage)["wasi"],
            json!(["wasi:clocks/wall-clock@0.2.0"])
        );
        let text = as_text("x", &stage);
        assert!(text.contains("WASI imports: 1\n  wasi:clocks/wall-clock@0.2.0"));
        assert!(text.contains("clocks and randomness only"));
    }

    #[test]
    fn a_component_that_is_no_stage_says_why() {
        let mut other = inspection(&[]);
        other.misfit = Some("it exports nothing".to_owned());
        assert!(
            as_text("x", &other).contains("does not fit footlight:stage/stage: it exports nothing")
        );
        assert_eq!(as_json("x", &other)["fits"], false);
    }
}
