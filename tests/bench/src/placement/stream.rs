//! A camera that sends a frame at each tick of its clock, as long as not too many are under way.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::scene::Scene;
use crate::load;
use crate::measure::{Spread, milliseconds};

/// What came of a stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// How many frames there were to send.
    due: usize,
    /// How long after it was due each frame that was sent was answered, in milliseconds.
    delays: Vec<f64>,
}

impl Stream {
    /// The share of the frames that were answered within a time, in percent.
    pub fn in_time(&self, within: Duration) -> f64 {
        let limit = milliseconds(within);
        let answered = self.delays.iter().filter(|delay| **delay <= limit).count();
        answered as f64 * 100.0 / self.due as f64
    }

    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        self.delays.is_empty()
    }

    /// The delays of those that were answered.
    pub fn delay(&self) -> Spread {
        Spread::of(self.delays.clone())
    }

    /// The better of two: more in time, or as many and sooner.
    pub fn better(self, other: Stream, within: Duration) -> Stream {
        let (mine, its) = (self.in_time(within), other.in_time(within));
        if mine > its || (mine == its && self.delay().median <= other.delay().median) {
            self
        } else {
            other
        }
    }
}

/// Sends so many frames, one each `every`, and leaves out those that come while `under_way` are not answered yet.
///
/// # Errors
/// A wrong answer.
pub fn stream(
    url: &str,
    scene: &Scene,
    every: Duration,
    due: usize,
    under_way: usize,
) -> Result<Stream> {
    let agents: Vec<_> = (0..under_way).map(|_| load::agent()).collect();
    for agent in &agents {
        scene.check(&load::post(agent, url, &scene.frame)?)?;
    }
    let idle = Mutex::new(agents);
    let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let delays = Mutex::new(Vec::new());
    let wrong = Mutex::new(None);
    let began = Instant::now();
    thread::scope(|scope| {
        for tick in 0..due {
            let at = began + every * u32::try_from(tick).unwrap_or(u32::MAX);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let Some(agent) = lock().pop() else {
                continue;
            };
            let (delays, wrong) = (&delays, &wrong);
            scope.spawn(move || {
                // A frame that was refused is one that was not answered.
                if let Ok(answer) = load::post(&agent, url, &scene.frame) {
                    let delay = milliseconds(at.elapsed());
                    match scene.check(&answer) {
                        Ok(()) => delays
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(delay),
                        Err(error) => {
                            *wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        }
                    }
                }
                lock().push(agent);
            });
        }
    });
    if let Some(error) = wrong.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let delays = delays.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Stream { due, delays })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(due: usize, delays: &[f64]) -> Stream {
        Stream {
            due,
            delays: delays.into(),
        }
    }

    #[test]
    fn a_frame_that_was_left_out_is_not_in_time() {
        let second = Duration::from_secs(1);
        assert_eq!(of(4, &[50.0, 999.0, 1001.0]).in_time(second), 50.0);
        assert_eq!(of(4, &[]).in_time(second), 0.0);
    }

    #[test]
    fn the_better_stream_has_more_in_time_or_is_sooner() {
        let second = Duration::from_secs(1);
        let better = |one: Stream, other: Stream| one.better(other, second).delays;
        assert_eq!(
            better(of(2, &[900.0, 900.0]), of(2, &[100.0])),
            [900.0, 900.0]
        );
        assert_eq!(better(of(2, &[900.0]), of(2, &[100.0])), [100.0]);
        assert_eq!(better(of(2, &[]), of(2, &[100.0])), [100.0]);
    }
}
