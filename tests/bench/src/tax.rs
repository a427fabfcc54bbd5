//! What the sandbox costs: frame to verdict through three components, against the same work in one
//! native program.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use footlight_media::Image;
use footlight_pipeline::{Nowhere, Outcome, Pipeline};

use crate::frames::{self, Frame};
use crate::measure::{Spread, in_turns, milliseconds, time};
use crate::native::{Face, Laps, Native, PARTS};
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "tax";
/// Pairs of frames, one at a time.
const PAIRS: usize = 400;
/// Rounds with all cores busy, and the frames of each.
const ROUNDS: usize = 12;
const FRAMES: usize = 120;
/// The stages, each with the parts of the native program that are its work.
const STAGES: [(&str, Range<usize>); 3] = [("detect", 0..4), ("features", 4..6), ("verify", 6..7)];
/// Frames whose parts are timed.
const PARTS_OF: usize = 200;
/// Frames that a profiler looks at.
const FRAMES_PROFILED: usize = 1500;

/// One of the two sides.
#[derive(Clone, Copy, ValueEnum)]
pub enum Side {
    /// The pipeline of stages.
    Ours,
    /// The native program.
    Native,
}

/// Frames of one face through one side and nothing else, for a profiler to look at.
pub fn repeat(places: &Places, side: Side) -> Result<()> {
    let (pipeline, native) = sides(places)?;
    let frame = frames::with_faces(places, 1, 0)?;
    for _ in 0..FRAMES_PROFILED {
        let image = frame.decode()?;
        match side {
            Side::Ours => drop(pipeline.process(image)?),
            Side::Native => drop(native.process(&image)?),
        }
    }
    Ok(())
}

/// Both sides, with two members.
fn sides(places: &Places) -> Result<(Pipeline, Native)> {
    let pipeline = places.open(None)?;
    for name in ["obama", "biden"] {
        let photo = places.photos.join(format!("people/{name}.jpg"));
        let photo = Image::decode(&std::fs::read(&photo)?, &Default::default())?;
        pipeline.enrol(&name.parse()?, vec![(name.to_owned(), photo)], &Nowhere)?;
    }
    let native = Native::new(&pipeline.models())?;
    Ok((pipeline, native))
}

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let (pipeline, native) = sides(places)?;
    let frames = frames::usual(places)?;
    for frame in &frames {
        same(
            frame,
            &pipeline.process(frame.decode()?)?,
            &native.process(&frame.decode()?)?,
        )?;
    }
    let cores = thread::available_parallelism()?.get();
    let mut rows = vec![
        alone(&pipeline, &native, &frames)?,
        together(&pipeline, &native, &frames, cores)?,
    ];
    let one_face = frames.first().context("no frames")?;
    rows.extend(stages(&pipeline, &native, one_face)?);
    rows.extend(parts(&native, one_face)?);
    Ok(rows)
}

/// One frame at a time, decoding included.
fn alone(pipeline: &Pipeline, native: &Native, frames: &[Frame]) -> Result<Row> {
    let frame = |round: usize| {
        // Each frame is measured with either side first.
        let frame = frames.get(round / 2 % frames.len().max(1));
        frame.context("no frames")
    };
    let ours = |round| {
        Ok(milliseconds(
            time(|| Ok(pipeline.process(frame(round)?.decode()?)?))?.0,
        ))
    };
    let theirs = |round| {
        Ok(milliseconds(
            time(|| native.process(&frame(round)?.decode()?))?.0,
        ))
    };
    let spreads = in_turns(PAIRS, ours, theirs)?;
    Ok(
        Row::both(SECTION, "frame to verdict, one at a time", "ms", spreads)
            .at_most(1.03)
            .noted(format!(
                "{PAIRS} pairs over frames of 0, 1, 1 and 2 faces; median of the pairs' ratios"
            )),
    )
}

/// Where the tax is paid: each stage, against the parts of the native program that do its work.
fn stages(pipeline: &Pipeline, native: &Native, frame: &Frame) -> Result<Vec<Row>> {
    let mut times = vec![[Vec::new(), Vec::new(), Vec::new()]; STAGES.len()];
    for round in 0..PARTS_OF {
        let ours = || Ok::<_, anyhow::Error>(pipeline.process(frame.decode()?)?.stages);
        let theirs = || {
            let mut laps = Laps::default();
            native.timed(&frame.decode()?, &mut laps)?;
            Ok::<_, anyhow::Error>(laps)
        };
        let (ours, theirs) = if round % 2 == 0 {
            let ours = ours()?;
            (ours, theirs()?)
        } else {
            let theirs = theirs()?;
            (ours()?, theirs)
        };
        let theirs: Vec<Duration> = theirs.iter().map(|(_, took)| took).collect();
        for (times, (stage, parts)) in times.iter_mut().zip(STAGES) {
            let ours = ours.iter().find(|timing| timing.stage == stage);
            let ours = milliseconds(ours.context("a stage did not run")?.elapsed);
            let theirs = theirs.get(parts).context("no such part")?.iter().sum();
            let theirs = milliseconds(theirs);
            for (times, time) in times.iter_mut().zip([ours, theirs, ours / theirs]) {
                times.push(time);
            }
        }
    }
    let rows = times.into_iter().zip(STAGES).map(|(times, (stage, _))| {
        let spreads = times.map(Spread::of);
        Row::both(SECTION, format!("of it: the stage {stage}"), "ms", spreads)
    });
    Ok(rows.collect())
}

/// Where the time of a frame of one face goes, in the native program: what any sandbox leaves as it is.
fn parts(native: &Native, frame: &Frame) -> Result<Vec<Row>> {
    let mut decoding = Vec::new();
    let mut times = vec![Vec::new(); PARTS.len()];
    for _ in 0..PARTS_OF {
        let (took, image) = time(|| frame.decode())?;
        decoding.push(milliseconds(took));
        let mut laps = Laps::default();
        native.timed(&image, &mut laps)?;
        for (times, (_, took)) in times.iter_mut().zip(laps.iter()) {
            times.push(milliseconds(took));
        }
    }
    let parts = ["decoding"].into_iter().chain(PARTS);
    Ok(parts
        .zip([decoding].into_iter().chain(times))
        .map(|(part, times)| Row::alone(SECTION, format!("of it: {part}"), "ms", Spread::of(times)))
        .collect())
}

/// As many at a time as there are cores.
fn together(pipeline: &Pipeline, native: &Native, frames: &[Frame], cores: usize) -> Result<Row> {
    let ours = |_| {
        rate(cores, frames, |frame| {
            pipeline.process(frame.decode()?)?;
            Ok(())
        })
    };
    let theirs = |_| {
        rate(cores, frames, |frame| {
            native.process(&frame.decode()?)?;
            Ok(())
        })
    };
    let spreads = in_turns(ROUNDS, ours, theirs)?;
    Ok(Row::both(
        SECTION,
        format!("frames a second, {cores} at a time"),
        "frames/s",
        spreads,
    )
    .at_least(0.97)
    .noted(format!(
        "{ROUNDS} rounds of {FRAMES} frames a side; median of the rounds' ratios"
    )))
}

/// Frames a second with this many threads.
fn rate(
    threads: usize,
    frames: &[Frame],
    work: impl Fn(&Frame) -> Result<()> + Sync,
) -> Result<f64> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= FRAMES {
                            return Ok::<_, anyhow::Error>(());
                        }
                        work(frames.get(index % frames.len()).context("no frames")?)?;
                    }
                })
            })
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => done?,
                Err(_) => bail!("a worker panicked"),
            }
        }
        Ok(())
    })?;
    Ok(FRAMES as f64 / began.elapsed().as_secs_f64())
}

/// Both sides must have come to the same verdicts, or they did not do the same work.
fn same(frame: &Frame, ours: &Outcome, theirs: &[Face]) -> Result<()> {
    let faces = ours.answer.get("faces").and_then(|faces| faces.as_array());
    let faces = faces.context("the answer has no faces")?;
    let expected = frame
        .name
        .split(' ')
        .next()
        .and_then(|count| count.parse().ok());
    if Some(faces.len()) != expected || faces.len() != theirs.len() {
        bail!(
            "of {}, the stages found {}, the native program {}",
            frame.name,
            faces.len(),
            theirs.len()
        );
    }
    for (face, native) in faces.iter().zip(theirs) {
        let verdict = face.get("verdict").context("a face without a verdict")?;
        let similarity = verdict.get("similarity").and_then(|value| value.as_f64());
        let id = verdict.get("id").and_then(|id| id.as_str());
        let close = similarity
            .is_some_and(|similarity| (similarity - native.verdict.similarity).abs() < 1e-5);
        let left = face.get("box").and_then(|bounds| bounds.get("x")?.as_f64());
        let close = close
            && left.is_some_and(|left| (left - f64::from(native.detection.bounds.x)).abs() < 1e-3);
        if id != native.verdict.member.as_deref() || !close {
            bail!(
                "the stages say {verdict}, the native program {:?}",
                native.verdict
            );
        }
    }
    Ok(())
}
