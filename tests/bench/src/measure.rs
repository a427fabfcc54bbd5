//! Taking turns, and what is made of many measurements.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The middle of many measurements and its quartiles.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// Half are below.
    pub median: f64,
    /// A quarter is below.
    pub low: f64,
    /// A quarter is above.
    pub high: f64,
}

impl Spread {
    /// Of these numbers, in any order.
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        Spread {
            median: quantile(&values, 0.5),
            low: quantile(&values, 0.25),
            high: quantile(&values, 0.75),
        }
    }

    /// A figure that was counted, and is the same each time.
    pub fn exact(value: f64) -> Spread {
        Spread {
            median: value,
            low: value,
            high: value,
        }
    }
}

/// The number that this share of them, 0 to 1, is below. They are in order.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let index = (share.clamp(0.0, 1.0) * last).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// How long something took.
pub fn time<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let began = Instant::now();
    let done = work()?;
    Ok((began.elapsed(), done))
}

/// Measures both sides in turns, `rounds` times, each going first as often as the other; what each gives
/// for a round is its figure. Returns ours, theirs, and the ratio of each round's two.
pub fn in_turns(
    rounds: usize,
    mut ours: impl FnMut(usize) -> Result<f64>,
    mut theirs: impl FnMut(usize) -> Result<f64>,
) -> Result<[Spread; 3]> {
    let (mut all_ours, mut all_theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let (mine, other) = if round % 2 == 0 {
            let mine = ours(round)?;
            (mine, theirs(round)?)
        } else {
            let other = theirs(round)?;
            (ours(round)?, other)
        };
        all_ours.push(mine);
        all_theirs.push(other);
        ratios.push(mine / other);
    }
    Ok([all_ours, all_theirs, ratios].map(Spread::of))
}

/// Milliseconds, with their fractions.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Microseconds, with their fractions.
pub fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
