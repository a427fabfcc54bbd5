//! `wasmtime serve` with its own wasi-nn, which runs the detection stage's work as a component of `wasi:http`.
//!
//! Footlight is asked for that stage alone. What can be chosen is chosen in the peer's favour: its component
//! is compiled before, its model is converted and simplified before.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use footlight_nn::{Backend, Card, OpenVino, cache_dir};
use serde_json::Value;

use super::{READY, SECTION, Side, install, rows, start};
use crate::frames::{self, Frame};
use crate::host::Host;
use crate::load;
use crate::measure::in_turns;
use crate::places::Places;
use crate::process::{Running, run as execute};
use crate::row::Row;

const STARTS: usize = 3;
/// The one that the toolchain of this repository builds.
const VERSION: &str = "48.0.8";
/// The least of its features that does: serving does not compile without the component model's async, though
/// the component has none of it.
const FEATURES: &str = "run,compile,serve,wasi-nn,component-model,component-model-async,cranelift,\
                        pooling-allocator,parallel-compilation,cache,logging";
/// How far boxes may be apart, in pixels of the frame.
const APART: f64 = 2.0;

/// A way to start it.
struct Way {
    what: &'static str,
    options: &'static [&'static str],
}

const WAYS: [Way; 2] = [
    Way {
        what: "wasmtime serve, detection alone",
        options: &[],
    },
    Way {
        what: "wasmtime serve with its instances reused, detection alone",
        // For ever: they are what holds the model.
        options: &[
            "--max-instance-reuse-count=1000000000",
            "--idle-instance-timeout=3600s",
        ],
    },
];

/// Measures.
pub fn run(places: &Places) -> Vec<Row> {
    let failed = |what: &str, error: &anyhow::Error| {
        Row::failed(SECTION, what, format!("could not be run: {error:#}"))
    };
    let parts = match Parts::make(places) {
        Ok(parts) => parts,
        Err(error) => return vec![failed("wasmtime serve", &error)],
    };
    let mut measured = Vec::new();
    for way in &WAYS {
        match against(places, &parts, way) {
            Ok(rows) => measured.extend(rows),
            Err(error) => measured.push(failed(way.what, &error)),
        }
    }
    measured
}

fn against(places: &Places, parts: &Parts, way: &Way) -> Result<Vec<Row>> {
    let frames = frames::usual(places)?;
    let one = frames.first().context("no frames")?;

    let start_ours = |_| start(|| first_of_ours(places, one));
    let start_theirs = |_| start(|| parts.serve(way)?.first(one));
    let starts = in_turns(STARTS, start_ours, start_theirs)?;

    let folder = tempfile::tempdir()?;
    let ours = host(places, folder.path())?;
    let theirs = parts.serve(way)?;
    theirs.first(one)?;
    same(&ours, &theirs, &frames)?;
    rows(
        way.what,
        (1.0, 1.0),
        &frames,
        starts,
        [
            Side {
                process: &ours.process,
                frames: ours.frames(),
            },
            Side {
                process: &theirs.process,
                frames: theirs.frames(),
            },
        ],
    )
}

fn host(places: &Places, folder: &Path) -> Result<Host> {
    let file = sources(places).join("faces.toml");
    Host::serving(places, &file, "faces", folder)
}

fn first_of_ours(places: &Places, frame: &Frame) -> Result<()> {
    let folder = tempfile::tempdir()?;
    load::first(&host(places, folder.path())?.frames(), frame, READY)?;
    Ok(())
}

fn sources(places: &Places) -> PathBuf {
    places.workspace.join("tests/bench/peers/wasmtime_serve")
}

/// What it takes to run it.
struct Parts {
    program: PathBuf,
    /// Holds the compiled component, the model, the library by the name it is looked for, and the log.
    folder: tempfile::TempDir,
    /// Where it looks for libraries.
    libraries: std::ffi::OsString,
}

impl Parts {
    fn make(places: &Places) -> Result<Parts> {
        let program = program(places)?;
        let folder = tempfile::tempdir()?;

        eprintln!("  building the component for wasmtime serve");
        execute(
            Command::new("cargo")
                .current_dir(&places.workspace)
                .args(["xtask", "stage"])
                .arg(sources(places)),
        )?;
        let component = places.stages.join("hostile/wasmtime-serve-guest.wasm");
        execute(
            Command::new(&program)
                .arg("compile")
                .arg(component)
                .arg("-o")
                .arg(folder.path().join("guest.cwasm")),
        )?;

        let python = install(places, "wasmtime_serve", "OpenVINO's converter")?;
        let card = Card::read(
            &places
                .workspace
                .join("models/retinaface-mobilenet-0.25.toml"),
        )?;
        execute(
            Command::new(python)
                .arg(sources(places).join("convert.py"))
                .arg(card.locate(&cache_dir())?)
                .arg(folder.path().join("retinaface")),
        )?;

        // The library that our host uses. A wheel has it only with its version in its name, and that is
        // not looked for.
        let openvino = OpenVino::load(None)?;
        let library = openvino.library().context("OpenVINO is no file")?;
        symlink(library, folder.path().join("libopenvino_c.so"))?;
        let beside = library.parent().context("OpenVINO is in no folder")?;
        let libraries = env::join_paths([folder.path(), beside])?;
        Ok(Parts {
            program,
            folder,
            libraries,
        })
    }

    fn serve(&self, way: &Way) -> Result<Theirs> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = self.folder.path();
        let model = folder.join("retinaface");
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--allow-precompiled", "--addr"])
            .arg(format!("127.0.0.1:{port}"))
            .arg(format!("-Scli,nn,nn-graph=openvino::{}", model.display()))
            .args(way.options)
            .arg(folder.join("guest.cwasm"))
            .env("LD_LIBRARY_PATH", &self.libraries);
        Ok(Theirs {
            process: Running::start(command, &folder.join("log"))?,
            port,
        })
    }
}

/// Builds it, once.
fn program(places: &Places) -> Result<PathBuf> {
    let folder = places.peers.join(format!("wasmtime-{VERSION}"));
    let program = folder.join("bin/wasmtime");
    if !program.is_file() {
        eprintln!("  installing wasmtime {VERSION}, which takes a quarter of an hour");
        fs::create_dir_all(&folder)?;
        execute(
            Command::new("cargo")
                .args(["install", "--quiet", "--locked", "--no-default-features"])
                .args(["--features", FEATURES, "--root"])
                .arg(&folder)
                .arg(format!("wasmtime-cli@{VERSION}")),
        )?;
    }
    Ok(program)
}

/// One that runs.
struct Theirs {
    process: Running,
    port: u16,
}

impl Theirs {
    fn frames(&self) -> String {
        format!("http://127.0.0.1:{}/frame", self.port)
    }

    fn first(&self, frame: &Frame) -> Result<()> {
        load::first(&self.frames(), frame, READY)?;
        Ok(())
    }
}

/// Both must find the same faces, or they do not do the same work.
fn same(ours: &Host, theirs: &Theirs, frames: &[Frame]) -> Result<()> {
    let agent = load::agent();
    for frame in frames {
        let mine = boxes(&load::post(&agent, &ours.frames(), frame)?)?;
        let other = boxes(&load::post(&agent, &theirs.frames(), frame)?)?;
        let near = |(mine, other): (&[f64; 4], &[f64; 4])| {
            mine.iter()
                .zip(other)
                .all(|(mine, other)| (mine - other).abs() <= APART)
        };
        if mine.len() != other.len() || !mine.iter().zip(&other).all(near) {
            bail!(
                "in a frame of {}, we find {mine:?} and it finds {other:?}",
                frame.name
            );
        }
    }
    Ok(())
}

/// Where the faces of an answer are, from left to right: left, top, width, height.
fn boxes(answer: &Value) -> Result<Vec<[f64; 4]>> {
    let faces = answer
        .get("faces")
        .and_then(Value::as_array)
        .context("the answer has no faces")?;
    let side = |bounds: &Value, place: usize, name: &str| {
        let value = bounds.get(place).or_else(|| bounds.get(name));
        value.and_then(Value::as_f64).context("a box lacks a side")
    };
    let mut found = Vec::new();
    for face in faces {
        let bounds = face.get("box").context("a face has no box")?;
        found.push([
            side(bounds, 0, "x")?,
            side(bounds, 1, "y")?,
            side(bounds, 2, "width")?,
            side(bounds, 3, "height")?,
        ]);
    }
    found.sort_by(|[a, ..], [b, ..]| a.total_cmp(b));
    Ok(found)
}
