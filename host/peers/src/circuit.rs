//! Leaving alone, for a while, a peer that fails at what it is asked.

use std::time::{Duration, Instant};

/// So many failures in a row open it.
const FAILURES: u32 = 3;
/// For so long at first, and twice as long each time that it opens again without a success between.
const FIRST: Duration = Duration::from_millis(500);
/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(15);

/// Whether a peer is asked. Closed at first; open after failures in a row; after a while one is let through, which
/// closes it or opens it for longer.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    failures: u32,
    opened: u32,
    until: Option<Instant>,
}

impl Circuit {
    /// Whether something may be asked now. Where it is open and the while is over, that one alone.
    pub(crate) fn lets(&mut self, now: Instant) -> bool {
        match self.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // The next one waits for as long again, unless this one closes it.
                self.until = Some(now + self.pause());
                true
            }
        }
    }

    /// Whether something could be asked now.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.until = Some(now + self.pause());
            self.opened = self.opened.saturating_add(1);
        }
    }

    fn pause(&self) -> Duration {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.opened.min(16)));
        doubled.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn failures_in_a_row_open_it_and_one_success_closes_it() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        circuit.failed(now);
        circuit.failed(now);
        assert!(circuit.lets(now));
        circuit.succeeded();
        circuit.failed(now);
        circuit.failed(now);
        assert!(circuit.lets(now), "not in a row");
        circuit.failed(now);
        assert!(!circuit.lets(now) && circuit.is_open(now));
        assert!(!circuit.lets(now + 499 * MS));
        assert!(circuit.lets(now + 500 * MS), "one to try");
        assert!(!circuit.lets(now + 501 * MS), "and only one");
        circuit.succeeded();
        assert!(circuit.lets(now + 502 * MS));
    }

    #[test]
    fn it_stays_open_for_longer_each_time_and_not_for_ever() {
        let (mut circuit, mut now) = (Circuit::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..FAILURES {
            circuit.failed(now);
        }
        for _ in 0..8 {
            let opened = now;
            while !circuit.lets(now) {
                now += 10 * MS;
            }
            pauses.push(now - opened);
            circuit.failed(now);
        }
        assert_eq!(pauses.first(), Some(&FIRST));
        assert!(pauses.is_sorted() && pauses.last() <= Some(&(LONGEST + 10 * MS)));
        assert!(pauses.last() > Some(&(LONGEST / 2)));
    }
}
