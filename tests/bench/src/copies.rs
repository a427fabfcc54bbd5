//! How many bytes are moved for a frame, as the host counts them.

use std::process::Command;

use anyhow::{Context, Result};
use footlight_pipeline::Pipeline;

use crate::frames;
use crate::measure::Spread;
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "copies";
const FRAMES: u64 = 20;

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let pipeline = places.open(None)?;
    let frame = frames::with_faces(places, 1, 0)?;
    // The first frame makes what is used again later.
    pipeline.process(frame.decode()?)?;
    let before = Moved::so_far(&pipeline)?;
    for _ in 0..FRAMES {
        pipeline.process(frame.decode()?)?;
    }
    let after = Moved::so_far(&pipeline)?;
    let each = |count: fn(&Moved) -> u64| {
        Spread::exact((count(&after) - count(&before)) as f64 / FRAMES as f64)
    };
    let inputs = f64::from((320 * 320 + 112 * 112) * 3 * 4);
    let row =
        |name: &str, count: fn(&Moved) -> u64| Row::alone(SECTION, name, "bytes", each(count));
    let written = each(|moved| moved.written);
    let mut rows = vec![
        row("pixels that entered a guest", |moved| moved.pixels).at_most(0.0),
        Row::both(
            SECTION,
            "tensors written from pixels, against their size",
            "bytes",
            [
                written,
                Spread::exact(inputs),
                Spread::exact(written.median / inputs),
            ],
        )
        .at_most(1.0)
        .noted("a frame of one face: 320 x 320 and 112 x 112 pixels, f32"),
        row("of these, copied once more for the library", |moved| {
            moved.copied_pixels
        })
        .at_most(0.0),
        row("results of inferences that a guest read", |moved| {
            moved.results
        }),
        row("tensors that a guest made", |moved| moved.made)
            .noted("the feature, brought to length 1 by its stage"),
    ];
    rows.push(against_upstream(places, written.median / inputs)?);
    Ok(rows)
}

/// How often the bytes of an input are written until the library computes with them, against
/// wasmtime-wasi-nn's backend for OpenVINO. How often that copies them is counted by a test of ours, which
/// fails where it is not so; a guest of it must have written them before.
fn against_upstream(places: &Places, ours: f64) -> Result<Row> {
    const IN_THE_GUEST: f64 = 1.0;
    const BY_THE_HOST: f64 = 2.0;
    const TEST: &str =
        "wasi-nn 4: OpenVINO's tensors are copied 2 times on their way in and 3 on their way out";
    let name = "times that an input tensor is written, against wasmtime-wasi-nn on OpenVINO";
    let mut command = Command::new("cargo");
    command
        .args(["test", "--release", "--manifest-path"])
        .arg(places.workspace.join("tests/upstream/Cargo.toml"))
        .args(["--", "--exact", TEST])
        .env("CARGO_TARGET_DIR", places.workspace.join("target"));
    let counted = command.output().context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&counted.stdout);
    if !counted.status.success() || !said.contains("1 passed") {
        let why = "its copies could not be counted: see `cargo test --release --manifest-path tests/upstream/Cargo.toml`";
        return Ok(Row::failed(SECTION, name, why));
    }
    let theirs = IN_THE_GUEST + BY_THE_HOST;
    let spreads = [ours, theirs, ours / theirs].map(Spread::exact);
    Ok(Row::both(SECTION, name, "times", spreads)
        .noted("there the guest writes it, and the host copies it twice; here it is written where it is computed with"))
}

/// Bytes moved since the pipeline was opened.
struct Moved {
    written: u64,
    pixels: u64,
    results: u64,
    made: u64,
    copied_pixels: u64,
}

impl Moved {
    fn so_far(pipeline: &Pipeline) -> Result<Moved> {
        let usage = pipeline.usage();
        let models = pipeline.models();
        let copied = |name: &str| {
            let model = models
                .get(name)
                .with_context(|| format!("no model {name}"))?;
            Ok::<_, anyhow::Error>(model.graph.copied())
        };
        Ok(Moved {
            written: usage.written_bytes(),
            pixels: usage.pixel_bytes_to_guests(),
            results: usage.result_bytes_to_guests(),
            made: usage.bytes_from_guests(),
            copied_pixels: copied("retinaface")? + copied("fr-feature")?,
        })
    }
}
