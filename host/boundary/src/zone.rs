//! Names of zones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A zone, by its name: what a Kubernetes label may have as its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);

/// Text that is no name of a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of a zone: 1 to 63 of a-z, A-Z, 0-9, dot, underscore and hyphen, with a letter or a digit \
     at both ends"
)]
pub struct InvalidZone(String);

impl Zone {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, InvalidZone> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidZone;

    fn try_from(text: String) -> Result<Self, InvalidZone> {
        let inside = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        let end = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let (first, last) = (text.bytes().next(), text.bytes().next_back());
        if text.len() <= 63 && end(first) && end(last) && text.bytes().all(inside) {
            return Ok(Self(text));
        }
        // It may come from a certificate: what is shown of it stays short and printable.
        Err(InvalidZone(
            text.chars()
                .take(64)
                .flat_map(char::escape_default)
                .collect(),
        ))
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_named_as_a_label_is_valued() {
        for name in ["site", "eu-central-1a", "A.b_c", "7"] {
            assert_eq!(name.parse::<Zone>().unwrap().as_str(), name);
        }
        let long = "z".repeat(64);
        for name in ["", "-a", "a-", "a b", "a/b", "ä", &long] {
            let error = name.parse::<Zone>().unwrap_err().to_string();
            assert!(error.contains("is not the name of a zone"), "{error}");
        }
        let odd = "a\n\u{1b}[31m".parse::<Zone>().unwrap_err().to_string();
        assert!(!odd.contains('\n') && !odd.contains('\u{1b}'), "{odd}");
    }
}
