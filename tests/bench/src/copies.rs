//! How many bytes are moved for a frame, as the host counts them.

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
    Ok(vec![
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
    ])
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
