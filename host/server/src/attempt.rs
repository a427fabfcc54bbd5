//! What became of attempts to change a pipeline's version, or its gallery.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many attempts are remembered.
const KEPT: usize = 8;

/// An attempt to change a pipeline's version, or to take a newer gallery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// When it ended, in seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// What it was made for.
    pub cause: Cause,
    /// Where the version came from: a path, a reference.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The digest of the version, or of the gallery's artifact, where there was one to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took: to read, compile and probe the version, while the one before it went on.
    pub milliseconds: f64,
}

/// What an attempt was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The source has changed.
    Change,
    /// Somebody asked for it.
    Request,
    /// Somebody asked for the version before.
    Rollback,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The version runs from the next frame on, or the gallery is searched.
    Switched,
    /// It is the one that runs.
    Unchanged,
    /// It could not be opened or failed its probe, and the one that ran goes on.
    Refused,
}

impl Outcome {
    /// The outcome as a word, for labels and logs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Switched => "switched",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// The last attempts.
#[derive(Default)]
pub(crate) struct History(Mutex<VecDeque<Attempt>>);

impl History {
    /// Remembers an attempt, and forgets the oldest where there are too many.
    pub(crate) fn add(&self, attempt: Attempt) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.truncate(KEPT - 1);
        attempts.push_front(attempt);
    }

    /// Why the last one was refused, if it was.
    pub(crate) fn refusal(&self) -> Option<String> {
        let attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.front()?.reason.clone()
    }

    /// Those that are remembered, the last one first.
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        let attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.iter().cloned().collect()
    }
}

/// Now, in seconds since 1970-01-01T00:00:00Z.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempts_are_kept_the_newest_first() {
        let history = History::default();
        for at in 0..20 {
            history.add(Attempt {
                at,
                cause: Cause::Change,
                source: String::new(),
                outcome: Outcome::Unchanged,
                version: None,
                reason: None,
                milliseconds: 0.0,
            });
        }
        let kept: Vec<u64> = history.attempts().iter().map(|a| a.at).collect();
        assert_eq!(kept, [19, 18, 17, 16, 15, 14, 13, 12]);
    }
}
