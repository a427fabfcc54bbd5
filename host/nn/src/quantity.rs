//! Sizes and durations, as operators write them in pipeline files: `"64 MiB"`, `"500 ms"`. For
//! `#[serde(deserialize_with)]`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

#[derive(Debug, thiserror::Error)]
enum Misspelt {
    #[error("`{0}` is not a size: write a whole number and B, KiB, MiB or GiB, as in \"64 MiB\"")]
    Size(String),
    #[error(
        "`{0}` is not a duration: write a whole number above zero and ms, s or min, as in \"500 ms\""
    )]
    Duration(String),
}

/// Bytes: a whole number and `B`, `KiB`, `MiB` or `GiB`.
///
/// # Errors
///
/// The deserializer's, with how it is written, for any other text.
pub fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_size(&text).ok_or_else(|| D::Error::custom(Misspelt::Size(text)))
}

/// A time: a whole number above zero and `ms`, `s` or `min`.
///
/// # Errors
///
/// The deserializer's, with how it is written, for any other text.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| D::Error::custom(Misspelt::Duration(text)))
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim()))
}

fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        _ => return None,
    };
    let milliseconds = number.checked_mul(factor).filter(|&ms| ms > 0)?;
    Some(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_have_units() {
        assert_eq!(parse_size("64 MiB"), Some(64 << 20));
        assert_eq!(parse_size("1B"), Some(1));
        assert_eq!(parse_duration("500 ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("2min"), Some(Duration::from_secs(120)));
        for text in [
            "",
            "64",
            "MiB",
            "-1 B",
            "1 MB",
            "1.5 GiB",
            "99999999999999 GiB",
        ] {
            assert_eq!(parse_size(text), None, "{text}");
        }
        for text in ["0 s", "1 h", "s", "99999999999999999999 s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
