//! What a machine must have before anything is fetched or built.

use std::env::consts;
use std::process::Command;

use anyhow::{Result, bail};
use footlight_authoring::process::runs;

use crate::source::Registry;

/// Looks for all of it, and for the clients of those registries that something is to be fetched from.
///
/// # Errors
/// One line for each thing that is missing, with how to get it.
pub fn check(registries: &[Registry]) -> Result<()> {
    let mut missing = Vec::new();
    if (consts::OS, consts::ARCH) != ("linux", "x86_64") {
        missing.push(format!(
            "Linux on x86_64: this is {} on {}, and only x86_64 Linux has a pinned inference runtime",
            consts::OS,
            consts::ARCH
        ));
    }
    if cfg!(not(target_env = "gnu")) {
        missing.push(
            "glibc 2.28 or newer: the pinned inference runtime is not built for other C libraries"
                .to_owned(),
        );
    }
    if !has_libstdcxx() {
        missing.push("libstdc++.so.6, which the inference runtime is linked to: `apt-get install libstdc++6`".to_owned());
    }
    if !runs("cc", &["--version"]) {
        missing.push("a C compiler and linker: `apt-get install gcc libc6-dev`, or your system's development tools".to_owned());
    }
    if registries.contains(&Registry::Pypi) && !runs("python3", &["-m", "pip", "--version"]) {
        missing.push(
            "python3 with pip, which fetches the inference runtime, a model and photos: `apt-get install python3-pip`"
                .to_owned(),
        );
    }
    if registries.contains(&Registry::Npm) && !runs("npm", &["--version"]) {
        missing.push("npm, which fetches a model: `apt-get install npm`, or Node.js from your system's packages".to_owned());
    }
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing
        .iter()
        .map(|line| format!("  missing: {line}"))
        .collect();
    bail!(
        "this machine lacks what Footlight needs\n{}",
        lines.join("\n")
    );
}

/// The dynamic linker's cache knows; where it cannot be asked, the runtime itself will tell.
fn has_libstdcxx() -> bool {
    ["ldconfig", "/sbin/ldconfig"]
        .iter()
        .find_map(|program| Command::new(program).arg("-p").output().ok())
        .is_none_or(|output| {
            !output.status.success()
                || String::from_utf8_lossy(&output.stdout).contains("libstdc++.so.6")
        })
}
