//! Whether the machine has something else to do.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// For how long it is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// A share of the processors' time that a quiet machine may need for itself, in percent.
const QUIET: f64 = 5.0;

/// What to say of a run on a machine that is not quiet, before anything is started.
pub fn busy() -> Result<Option<String>> {
    let before = times()?;
    thread::sleep(LOOK);
    let busy = share(before, times()?);
    Ok((busy > QUIET).then(|| {
        format!("preliminary: {busy:.0} % of the processors' time went to something else before it began")
    }))
}

/// Time of all processors: idle, and all.
fn times() -> Result<(u64, u64)> {
    read(&fs::read_to_string("/proc/stat")?).context("/proc/stat has no line of all processors")
}

/// The sums of the first line: the fourth number and the fifth are idle time (proc(5)); the ninth and the tenth are in the
/// first two already.
fn read(stat: &str) -> Option<(u64, u64)> {
    let numbers = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Option<Vec<u64>> = numbers
        .split_whitespace()
        .take(8)
        .map(|number| number.parse().ok())
        .collect();
    let numbers = numbers?;
    let idle = numbers.get(3)? + numbers.get(4)?;
    Some((idle, numbers.iter().sum()))
}

/// The share of the time that was not idle, in percent.
fn share(before: (u64, u64), after: (u64, u64)) -> f64 {
    let idle = after.0.saturating_sub(before.0) as f64;
    let all = after.1.saturating_sub(before.1).max(1) as f64;
    (1.0 - idle / all) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_not_idle_is_busy() {
        let before = "cpu  100 0 50 800 50 0 0 0 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        let after = "cpu  130 0 60 850 60 0 0 0 120 0\n";
        let (before, after) = (read(before).unwrap(), read(after).unwrap());
        assert_eq!(before, (850, 1000));
        assert_eq!(share(before, after).round(), 40.0);
        assert_eq!(read("intr 1 2\n"), None);
    }
}
