use serde::Deserialize;
use std::time::Duration;

/// What a stage may use for one item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// The instance's own memory, in bytes.
    #[serde(deserialize_with = "size")]
    pub guest_memory: u64,
    /// What it holds in the host in images and tensors at any one time, in bytes.
    #[serde(deserialize_with = "size")]
    pub host_memory: u64,
    /// Wall time for an item, inference included.
    #[serde(deserialize_with = "duration")]
    pub time: Duration,
    /// Items that it may yield from one item.
    pub items: u32,
    /// Bytes of one yielded item.
    #[serde(deserialize_with = "size")]
    pub item_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guest_memory: 64 << 20,
            host_memory: 256 << 20,
            time: Duration::from_secs(5),
            items: 64,
            item_bytes: 4 << 20,
        }
    }
}

/// Text that is not a size or a duration.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    /// Not a size.
    #[error("`{0}` is not a size: write a whole number and B, KiB, MiB or GiB, as in \"64 MiB\"")]
    Size(String),
    /// Not a duration.
    #[error(
        "`{0}` is not a duration: write a whole number above zero and ms, s or min, as in \"500 ms\""
    )]
    Duration(String),
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

fn size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_size(&text).ok_or_else(|| serde::de::Error::custom(LimitsError::Size(text)))
}

fn duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| serde::de::Error::custom(LimitsError::Duration(text)))
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
