//! Where the things are that the tests run: as `cargo xtask test` says, else where a build leaves them.

use std::env;
use std::path::{Path, PathBuf};

pub fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The source tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The build folder, which this program lies in: in `release/deps`.
fn target() -> PathBuf {
    let program = env::current_exe().unwrap();
    program
        .ancestors()
        .nth(3)
        .map_or_else(|| root().join("target"), Path::to_owned)
}

/// The host's binary.
pub fn program() -> PathBuf {
    variable("FOOTLIGHT_BIN").unwrap_or_else(|| target().join("release/footlight"))
}

/// The built stages; those of these tests are in its folder `hostile`.
pub fn stages() -> PathBuf {
    variable("FOOTLIGHT_STAGES").unwrap_or_else(|| target().join("stages"))
}

/// The folder of what was fetched.
pub fn cache() -> PathBuf {
    let base = || {
        Some(
            variable("XDG_CACHE_HOME")
                .or_else(|| Some(variable("HOME")?.join(".cache")))?
                .join("footlight"),
        )
    };
    variable("FOOTLIGHT_CACHE")
        .or_else(base)
        .unwrap_or_default()
}

/// The inference library's folder.
pub fn runtime() -> PathBuf {
    cache().join("runtime/openvino-2026.4.1")
}

/// Larger test data, which is not part of the project.
pub fn shared_data() -> Option<PathBuf> {
    let beside = root().parent().map(|folder| folder.join("shared/data"));
    variable("FOOTLIGHT_SHARED_DATA")
        .or(beside)
        .filter(|data| data.is_dir())
}

/// The pipeline that comes with the host.
pub fn members() -> PathBuf {
    root().join("guests/members.toml")
}
