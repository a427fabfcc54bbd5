//! How it grows: with clients, with faces in a frame, with members in the gallery.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use footlight_gallery::{Gallery, MemberId, Quality, Template};

use crate::frames::{self, Frame};
use crate::host::Host;
use crate::load;
use crate::measure::{Spread, milliseconds, time};
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "scale";
const CLIENTS: [usize; 4] = [1, 2, 4, 8];
const FACES: [usize; 5] = [0, 1, 2, 5, 10];
const GALLERIES: [usize; 3] = [10, 1_000, 100_000];
const ROUNDS: usize = 5;
const FRAMES: usize = 60;

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let mut rows = clients(places)?;
    rows.extend(faces(places)?);
    rows.extend(galleries(places)?);
    Ok(rows)
}

/// Over HTTP, as applications send frames.
fn clients(places: &Places) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let host = Host::start(places, folder.path())?;
    host.enrol("obama", &places.photos.join("people/obama.jpg"))?;
    let frames = frames::usual(places)?;
    load::send(&host.frames(), 2, &frames, FRAMES)?;
    let mut rates = vec![Vec::new(); CLIENTS.len()];
    let mut times = vec![Vec::new(); CLIENTS.len()];
    for _ in 0..ROUNDS {
        for ((clients, rates), times) in CLIENTS.into_iter().zip(&mut rates).zip(&mut times) {
            let load = load::send(&host.frames(), clients, &frames, FRAMES)?;
            rates.push(load.rate);
            times.extend(load.times);
        }
    }
    let mut rows = Vec::new();
    for ((clients, rates), mut times) in CLIENTS.into_iter().zip(rates).zip(times) {
        let who = if clients == 1 {
            "1 client".to_owned()
        } else {
            format!("{clients} clients")
        };
        times.sort_by(f64::total_cmp);
        let at = |share| Spread::exact(crate::measure::quantile(&times, share));
        rows.push(Row::alone(
            SECTION,
            format!("{who}: frames a second"),
            "frames/s",
            Spread::of(rates),
        ));
        rows.push(Row::alone(
            SECTION,
            format!("{who}: time of a frame, median"),
            "ms",
            at(0.5),
        ));
        rows.push(Row::alone(
            SECTION,
            format!("{who}: time of a frame, 99th percentile"),
            "ms",
            at(0.99),
        ));
    }
    Ok(rows)
}

/// Decoding to verdicts, in one thread.
fn faces(places: &Places) -> Result<Vec<Row>> {
    let pipeline = places.open(None)?;
    let frames = FACES
        .into_iter()
        .map(|count| frames::with_faces(places, count, 0))
        .collect::<Result<Vec<Frame>>>()?;
    let mut times = vec![Vec::new(); frames.len()];
    let mut beyond = 0;
    for _ in 0..FRAMES {
        for ((frame, times), count) in frames.iter().zip(&mut times).zip(FACES) {
            let (took, outcome) = time(|| Ok(pipeline.process(frame.decode()?)?))?;
            times.push(milliseconds(took));
            let stages = |name: &str| {
                outcome
                    .stages
                    .iter()
                    .filter(|stage| stage.stage == name)
                    .map(|stage| stage.items)
                    .sum::<u64>()
            };
            anyhow::ensure!(
                stages("features") == count as u64,
                "{} faces were found in a frame of {count}",
                stages("features")
            );
            if count == 0 {
                beyond += stages("features") + stages("verify");
            }
        }
    }
    let mut rows: Vec<Row> = FACES
        .into_iter()
        .zip(times)
        .map(|(count, times)| {
            let name = if count == 1 {
                "1 face".to_owned()
            } else {
                format!("{count} faces")
            };
            Row::alone(
                SECTION,
                format!("{name}: time of a frame"),
                "ms",
                Spread::of(times),
            )
        })
        .collect();
    rows.push(
        Row::alone(
            SECTION,
            "items beyond detection for a frame with no face",
            "items",
            Spread::exact(beyond as f64),
        )
        .at_most(0.0),
    );
    Ok(rows)
}

/// A frame of one face, against galleries of many members with a template each.
fn galleries(places: &Places) -> Result<Vec<Row>> {
    let frame = frames::with_faces(places, 1, 0)?;
    let digest = places
        .open(None)?
        .models()
        .get("fr-feature")
        .context("no model fr-feature")?
        .digest
        .clone();
    let mut rows = Vec::new();
    for count in GALLERIES {
        let folder = tempfile::tempdir()?;
        fill(&folder.path().join("gallery.redb"), &digest, count)?;
        let (opened, pipeline) = time(|| places.open(Some(folder.path())))?;
        pipeline.process(frame.decode()?)?;
        let mut verify = Vec::new();
        let mut whole = Vec::new();
        for _ in 0..FRAMES {
            let (took, outcome) = time(|| Ok(pipeline.process(frame.decode()?)?))?;
            whole.push(milliseconds(took));
            let stages = outcome
                .stages
                .iter()
                .filter(|stage| stage.stage == "verify");
            verify.push(stages.map(|stage| milliseconds(stage.elapsed)).sum());
        }
        rows.push(Row::alone(
            SECTION,
            format!("{count} templates: verification of a face"),
            "ms",
            Spread::of(verify),
        ));
        rows.push(Row::alone(
            SECTION,
            format!("{count} templates: time of a frame"),
            "ms",
            Spread::of(whole),
        ));
        rows.push(Row::alone(
            SECTION,
            format!("{count} templates: opening the pipeline"),
            "s",
            Spread::exact(opened.as_secs_f64()),
        ));
    }
    Ok(rows)
}

/// A gallery of members whose templates point anywhere.
fn fill(file: &std::path::Path, digest: &str, count: usize) -> Result<()> {
    let gallery = Gallery::open(file, digest, 512)?;
    let enrolled = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let members = (0..count).map(|index| {
        let feature = (0..512).map(|_| random(&mut seed)).collect();
        let id: MemberId = format!("member-{index}").parse()?;
        let quality = Quality {
            face_pixels: 100.0,
            turn: 0.0,
            sharpness: 100.0,
            score: 1.0,
        };
        let template = Template {
            feature,
            quality,
            enrolled,
        };
        Ok((id, vec![template]))
    });
    gallery.put_all(members.collect::<Result<Vec<_>>>()?)?;
    Ok(())
}

/// A number from -1 to 1 (xorshift; Marsaglia, 2003).
fn random(seed: &mut u64) -> f32 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
}
