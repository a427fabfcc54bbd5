//! How often.

use std::time::Duration;

/// Lets a number of things through in a second: as many at once, and in any span of time no more than in that span and
/// one second.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    rate: f64,
    level: f64,
    at: Duration,
}

impl Bucket {
    /// A full one, at a time since any beginning.
    pub(crate) fn new(rate: u32, at: Duration) -> Self {
        let rate = f64::from(rate);
        let level = rate;
        Self { rate, level, at }
    }

    /// Takes one, if there is one. Time that goes backwards stands still.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.level = (self.level + passed * self.rate).min(self.rate);
        self.at = self.at.max(now);
        let there = self.level >= 1.0;
        if there {
            self.level -= 1.0;
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_of_time_has_more_than_its_share_and_a_second_s() {
        let mut bucket = Bucket::new(10, Duration::ZERO);
        let steps: Vec<bool> = (0..10_000)
            .map(|ms| bucket.take(Duration::from_millis(ms)))
            .collect();
        for span in [1, 500, 1000, 5000, 10_000] {
            for window in steps.windows(span) {
                let taken = window.iter().filter(|taken| **taken).count();
                assert!(
                    taken as f64 <= 10.0 + span as f64 / 100.0 + 1e-6,
                    "{span}: {taken}"
                );
            }
        }
        let all = steps.iter().filter(|taken| **taken).count();
        assert!((108..=110).contains(&all), "{all}");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = Bucket::new(1, Duration::from_secs(9));
        assert!(bucket.take(Duration::from_secs(9)));
        assert!(!bucket.take(Duration::ZERO));
        assert!(!bucket.take(Duration::from_secs(9)));
        assert!(bucket.take(Duration::from_secs(10)));
    }
}
