//! Where a file comes from: one archive of one package, pinned.

use serde::Deserialize;

/// A package's archive. Cards of models and `packages.toml` have this table.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Source {
    /// Whose client fetches it.
    pub registry: Registry,
    /// The package's name there.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The archive's file name.
    pub archive: String,
    /// The archive's sha256, in hexadecimal.
    pub archive_sha256: String,
    /// The archive's size in bytes, where known; only for showing progress.
    pub archive_size: Option<u64>,
}

/// A package registry, which is only ever spoken to through its own client.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Registry {
    /// Python packages, by pip.
    Pypi,
    /// Node packages, by npm.
    Npm,
}
