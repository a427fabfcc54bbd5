//! Asking again what may succeed a moment later.

use std::thread;
use std::time::Duration;

use crate::{Error, Patience};

/// How often something was tried, and how long the next pause is.
pub(crate) struct Tries<'a> {
    patience: &'a Patience,
    made: u32,
}

impl<'a> Tries<'a> {
    pub fn new(patience: &'a Patience) -> Self {
        Self { patience, made: 0 }
    }

    /// Forgets the tries so far: the last one came on.
    pub fn renew(&mut self) {
        self.made = 0;
    }

    /// After a failure: waits until it may be tried again, or gives the error back for good.
    pub fn again(&mut self, error: Error) -> Result<(), Error> {
        self.made += 1;
        let asked = match &error {
            Error::TooMany { after, .. } | Error::Unavailable { after, .. } => *after,
            _ => None,
        };
        let longest = self.patience.longest_pause;
        if !error.passes()
            || self.made >= self.patience.tries
            || asked.is_some_and(|pause| pause > longest)
        {
            return Err(error);
        }
        let doubled = self.patience.pause * 2_u32.saturating_pow(self.made - 1).min(1 << 10);
        let pause = asked.unwrap_or(doubled).min(longest);
        tracing::warn!(%error, tried = self.made, pause_ms = pause.as_millis() as u64, "trying again");
        thread::sleep(pause);
        Ok(())
    }
}

/// Does this until it succeeds or there is no use in it.
pub(crate) fn retry<T>(
    patience: &Patience,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut tries = Tries::new(patience);
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) => tries.again(error)?,
        }
    }
}

/// How long a `Retry-After` asks to wait: seconds, or a date.
pub(crate) fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value.trim()).ok()?;
    // Past already: now.
    Some(
        until
            .duration_since(std::time::SystemTime::now())
            .unwrap_or_default(),
    )
}
