//! What is said once, and not each time that it happens.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// For so long it is not said again that a host is refused for the same reason: it tries every few seconds.
const SAID_FOR: Duration = Duration::from_secs(600);
/// The most refusals that are kept in mind for that.
const REFUSALS: usize = 256;

/// The refusals that were said already, with when.
#[derive(Default)]
pub(crate) struct Said(BTreeMap<(Option<IpAddr>, String), Instant>);

impl Said {
    /// Whether it is to be said that somebody is refused.
    pub(crate) fn anew(&mut self, who: Option<IpAddr>, why: &str, now: Instant) -> bool {
        self.0
            .retain(|_, said| now.duration_since(*said) < SAID_FOR);
        let key = (who, why.to_owned());
        if self.0.contains_key(&key) {
            return false;
        }
        if self.0.len() >= REFUSALS {
            self.0.clear();
        }
        self.0.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_once_and_again_after_a_while() {
        let (mut said, now) = (Said::default(), Instant::now());
        let one = Some([10, 0, 0, 1].into());
        assert!(said.anew(one, "it has expired", now));
        assert!(!said.anew(one, "it has expired", now + Duration::from_secs(1)));
        assert!(said.anew(one, "it is of nobody", now));
        assert!(said.anew(None, "it has expired", now));
        assert!(said.anew(one, "it has expired", now + SAID_FOR));
        for number in 0..10_000 {
            said.anew(one, &number.to_string(), now);
        }
        assert!(said.0.len() <= REFUSALS);
    }
}
