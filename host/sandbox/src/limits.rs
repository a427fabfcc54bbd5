use std::time::Duration;

use footlight_nn::quantity;
use serde::Deserialize;

/// What a stage may use for one item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// The instance's own memory, in bytes.
    #[serde(deserialize_with = "quantity::size")]
    pub guest_memory: u64,
    /// What it holds in the host in images and tensors at any one time, in bytes.
    #[serde(deserialize_with = "quantity::size")]
    pub host_memory: u64,
    /// Wall time for an item, inference included.
    #[serde(deserialize_with = "quantity::duration")]
    pub time: Duration,
    /// Items that it may yield from one item.
    pub items: u32,
    /// Bytes of one yielded item.
    #[serde(deserialize_with = "quantity::size")]
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
