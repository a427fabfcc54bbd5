//! A compiler that builds for `wasm32-unknown-unknown`, by the first way that works.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::process;
use crate::progress::Progress;

/// What stages are built for: nothing but the language, so that a component can import only what its world names.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// How cargo is to be run for [`TARGET`].
#[derive(Debug, Default)]
pub struct Toolchain {
    /// Environment variables.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// Arguments for `cargo build`.
    pub arguments: Vec<&'static str>,
}

impl Toolchain {
    /// Finds or fetches one: the target as installed; by `rustup target add`; from Debian's packages, into the cache.
    ///
    /// # Errors
    /// Where none of these works, with what each of them said.
    pub fn find(cache: &Cache, progress: &Progress) -> Result<Toolchain> {
        if let Some(toolchain) = present(cache) {
            return Ok(toolchain);
        }
        let _lock = cache.lock()?;
        // Another process may have fetched one while this one waited.
        if let Some(toolchain) = present(cache) {
            return Ok(toolchain);
        }
        let mut tried = vec![format!(
            "the installed Rust ({}) has no standard library for it",
            version()
        )];
        let step = progress.begin("adding", &format!("Rust's {TARGET} by rustup"), None);
        match add_by_rustup(cache) {
            Ok(()) => {
                step.done("added");
                return Ok(Toolchain::default());
            }
            Err(error) => tried.push(error.in_full()),
        }
        drop(step);
        match debian::fetch(cache, progress) {
            Ok(toolchain) => return Ok(toolchain),
            Err(error) => tried.push(format!("Debian's packages: {}", error.in_full())),
        }
        let tried: Vec<String> = tried
            .iter()
            .enumerate()
            .map(|(index, text)| format!("  {}. {text}", index + 1))
            .collect();
        Err(Error::Refused(format!(
            "stages cannot be built: no compiler for {TARGET}; install one with `rustup target add {TARGET}` where \
             rustup reaches its server, or your system's package of Rust for WebAssembly\n{}",
            tried.join("\n")
        )))
    }
}

/// One that is here already.
fn present(cache: &Cache) -> Option<Toolchain> {
    if is_installed() {
        Some(Toolchain::default())
    } else {
        debian::unpacked(cache)
    }
}

/// Whether the compiler that cargo uses has the target's standard library.
fn is_installed() -> bool {
    let Ok(folder) = process::output(rustc().args(["--print=target-libdir", "--target", TARGET]))
    else {
        return false;
    };
    let is_core = |name: &str| name.starts_with("libcore-") && name.ends_with(".rlib");
    Path::new(folder.trim()).read_dir().is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| is_core(&entry.file_name().to_string_lossy()))
    })
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn version() -> String {
    process::output(rustc().arg("--version"))
        .map_or_else(|_| "rustc".to_owned(), |text| text.trim().to_owned())
}

fn add_by_rustup(cache: &Cache) -> Result<()> {
    let scratch = cache.scratch()?;
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    process::run_quietly(&mut rustup, scratch.path(), || {})?;
    if !is_installed() {
        return Err(Error::Refused(format!(
            "`rustup target add {TARGET}` succeeded, but cargo uses another Rust ({})",
            version()
        )));
    }
    Ok(())
}
