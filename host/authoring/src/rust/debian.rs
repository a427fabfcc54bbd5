//! Rust for WebAssembly out of Debian's packages, for machines that rustup's server cannot be reached from.
//!
//! Debian has a newer compiler, `rustc-web`, with its library's source. Its packages conflict with an installed
//! Rust, so they are unpacked into a folder of the cache and used from there: the compiler through a small script
//! that finds its libraries, the standard library built by cargo from source.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::toolchain::Toolchain;
use crate::cache::Cache;
use crate::error::{Doing, Error, Result};
use crate::process::{bytes_under, output, run_quietly, runs};
use crate::progress::Progress;

const COMPILER: &str = "rustc-web";

/// The folder in the cache: the packages' files under `usr/` and the script `rustc`.
const FOLDER: &str = "toolchain/debian";

/// A Debian version, with a `~` before what sorts before it, is too old below this.
const OLDEST: (u32, u32) = (1, 95);

/// The toolchain, where it was unpacked before.
pub fn unpacked(cache: &Cache) -> Option<Toolchain> {
    let rustc = cache.path(FOLDER).join("rustc");
    output(Command::new(&rustc).arg("--version")).ok()?;
    Some(Toolchain {
        environment: vec![
            ("RUSTC", rustc),
            ("RUSTC_BOOTSTRAP", "1".into()),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker().ok()?),
        ],
        arguments: vec!["-Zbuild-std=std,panic_abort"],
    })
}

/// Fetches and unpacks it. The caller holds the cache's lock.
pub fn fetch(cache: &Cache, progress: &Progress) -> Result<Toolchain> {
    for program in ["apt-get", "apt-cache", "dpkg"] {
        if !runs(program, &["--version"]) {
            return Err(Error::Refused(format!("there is no {program} here")));
        }
    }
    linker()?;
    let scratch = cache.scratch()?;
    if let Err(error) = download(scratch.path(), progress) {
        // The lists of packages may be older than the packages: only root can renew them.
        let mut update = Command::new("apt-get");
        update.args(["update", "--quiet"]);
        if let Err(refused) = run_quietly(&mut update, scratch.path(), || {}) {
            return Err(Error::Refused(format!(
                "{}; and the lists of packages cannot be renewed: {}",
                error.in_full(),
                refused.in_full()
            )));
        }
        download(scratch.path(), progress)?;
    }
    let step = progress.begin("unpacking", "Rust for WebAssembly", None);
    let fresh = scratch.path().join("fresh");
    fs::create_dir(&fresh).to("make", &fresh)?;
    for entry in fs::read_dir(scratch.path())
        .to("list", scratch.path())?
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run_quietly(
                Command::new("dpkg").arg("-x").arg(&path).arg(&fresh),
                scratch.path(),
                || {},
            )?;
        }
    }
    let script = fresh.join("rustc");
    write_script(&script).to("write", &script)?;
    cache.put(&fresh, &cache.path(FOLDER), &scratch)?;
    step.done("unpacked");
    unpacked(cache).ok_or_else(|| {
        Error::refused(
            "the unpacked compiler does not run; `apt-get install libedit2 libxml2 libz3-4` may help",
        )
    })
}

fn download(folder: &Path, progress: &Progress) -> Result<()> {
    let packages = packages()?;
    let size = packages.iter().map(|package| package.size).sum();
    let step = progress.begin(
        "fetching",
        &format!("{COMPILER} and its libraries from Debian"),
        Some(size),
    );
    let mut command = Command::new("apt-get");
    command
        .current_dir(folder)
        .arg("download")
        .args(packages.iter().map(|package| &package.name));
    run_quietly(&mut command, folder, || step.at(bytes_under(folder)))?;
    step.done("fetched");
    Ok(())
}

struct Package {
    name: String,
    size: u64,
    depends: Vec<String>,
}

/// The packages of one compiler, whose names carry the version that apt offers.
fn packages() -> Result<Vec<Package>> {
    let compiler = show(COMPILER)?;
    let development = show("libstd-rust-web-dev")?;
    let library = show(dependency(&development, "libstd-rust-web-")?)?;
    let llvm = show(dependency(&library, "libllvm")?)?;
    let source = show("rust-web-src")?;
    Ok(vec![compiler, development, library, llvm, source])
}

fn dependency<'a>(package: &'a Package, prefix: &str) -> Result<&'a str> {
    let found = package.depends.iter().find(|name| name.starts_with(prefix));
    found
        .map(String::as_str)
        .ok_or_else(|| Error::Refused(format!("{} depends on no {prefix}*", package.name)))
}

fn show(name: &str) -> Result<Package> {
    let text = output(Command::new("apt-cache").args(["show", "--no-all-versions", name]))?;
    let field = |key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.ok_or_else(|| Error::Refused(format!("`apt-cache show {name}` gives no {key}")))
    };
    if name == COMPILER {
        let version = field("Version")?;
        let mut numbers = version.split('.').map_while(|number| number.parse().ok());
        if numbers
            .next()
            .zip(numbers.next())
            .is_none_or(|version| version < OLDEST)
        {
            return Err(Error::Refused(format!(
                "apt offers {COMPILER} {version}, and {}.{} is needed",
                OLDEST.0, OLDEST.1
            )));
        }
    }
    let depends = field("Depends").unwrap_or_default().split(',');
    let first_word = |text: &str| text.split_whitespace().next().map(str::to_owned);
    Ok(Package {
        name: name.to_owned(),
        size: field("Size")?.parse().unwrap_or(0),
        depends: depends.filter_map(first_word).collect(),
    })
}

/// The linker for WebAssembly that comes with every Rust of rustup's.
fn linker() -> Result<PathBuf> {
    let sysroot = output(Command::new("rustc").arg("--print=sysroot"))?;
    let linker =
        Path::new(sysroot.trim()).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld");
    if !linker.exists() {
        return Err(Error::Refused(format!(
            "the installed Rust has no rust-lld ({})",
            linker.display()
        )));
    }
    Ok(linker)
}

fn write_script(path: &Path) -> io::Result<()> {
    let script = "#!/bin/sh\n\
        # Debian's compiler with the libraries that were unpacked beside it.\n\
        here=$(CDPATH= cd -- \"$(dirname -- \"$0\")\" && pwd)\n\
        LD_LIBRARY_PATH=\"$here/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\"\n\
        export LD_LIBRARY_PATH\n\
        exec \"$here/usr/bin/rustc\" \"$@\"\n";
    fs::write(path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
