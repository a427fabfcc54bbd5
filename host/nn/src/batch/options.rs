use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use crate::quantity;

/// How inferences are put together, as a pipeline file says it for a model:
/// `batch = { max = 8, wait = "2 ms" }`.
///
/// One inference of a shape is under way at a time, so that where the library works on several at once
/// ([`OpenVino::with_streams`](crate::OpenVino::with_streams)), more is lost than won.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BatchOptions {
    /// The most rows that are put together. A caller that brings more has them computed by themselves.
    pub max: NonZeroU32,
    /// How long the first waits for others, however idle the device is. Where it is not said, nobody
    /// waits for more to come: those that come while an inference is under way are the next one.
    #[serde(default, deserialize_with = "quantity::duration")]
    pub wait: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_from_a_pipeline_file() {
        let read = toml::from_str::<BatchOptions>;
        let options = read("max = 8\nwait = \"2 ms\"").unwrap();
        assert_eq!(options.max.get(), 8);
        assert_eq!(options.wait, Duration::from_millis(2));
        assert_eq!(read("max = 8").unwrap().wait, Duration::ZERO);
        for wrong in ["", "max = 0", "max = 8\nwait = 2", "max = 8\nlinger = 1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("max = 8\nwait = \"2\"").unwrap_err().to_string();
        assert!(error.contains("`2` is not a duration"), "{error}");
    }
}
