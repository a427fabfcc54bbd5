//! The host's own image: its program, the inference library, and what both are linked to. There is nothing else in it:
//! no shell, no package manager, no other program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::builder::{Builder, Image, Program};
use crate::error::{Doing, Error, Result};
use crate::layer::{Item, sorted};

/// Where OpenVINO's libraries are in the image.
pub const OPENVINO: &str = "/usr/lib/footlight/openvino";
/// The user and group that the host runs as: nobody's on a usual system.
pub const USER: u32 = 65532;
/// What the host keeps and can make again.
pub const CACHE: &str = "/var/cache/footlight";
/// What the host keeps and cannot make again: members.
pub const STATE: &str = "/var/lib/footlight";

/// Debian's folder of libraries, which its loader searches.
const LIBRARIES: &str = "lib/x86_64-linux-gnu";
const LOADER: &str = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
/// What the program and OpenVINO are linked to. libdl, libpthread and librt are empty, and older programs name them.
const LINKED: [&str; 7] = [
    "lib/x86_64-linux-gnu/libc.so.6",
    "lib/x86_64-linux-gnu/libdl.so.2",
    "lib/x86_64-linux-gnu/libgcc_s.so.1",
    "lib/x86_64-linux-gnu/libm.so.6",
    "lib/x86_64-linux-gnu/libpthread.so.0",
    "lib/x86_64-linux-gnu/librt.so.1",
    "usr/lib/x86_64-linux-gnu/libstdc++.so.6",
];
/// The authorities that registries' certificates are signed by.
const AUTHORITIES: &str = "usr/share/ca-certificates/mozilla";
/// Licences of what is taken from Debian, by package.
const COPYRIGHTS: [&str; 3] = ["libc6", "gcc-12-base", "ca-certificates"];

/// Of OpenVINO, what a model in ONNX needs on a processor; its other plugins need devices and drivers.
const OPENVINO_FILES: [&str; 6] = [
    "libopenvino.so",
    "libopenvino_c.so",
    "libopenvino_intel_cpu_plugin.so",
    "libopenvino_onnx_frontend.so",
    "libtbb.so",
    "libtbbmalloc.so",
];

/// What the image is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The host's program, as it was built.
    pub program: &'a Path,
    /// The folder of OpenVINO's libraries.
    pub openvino: &'a Path,
    /// A root folder of Debian 12 with `libstdc++6` and `ca-certificates`, and what they need.
    pub debian: &'a Path,
    /// The host's licence.
    pub licence: &'a Path,
    /// The host's version.
    pub version: &'a str,
}

/// Makes it in a folder, which must be empty.
///
/// # Errors
/// Where a part is missing, or the program does not run on these libraries.
pub fn build(parts: &Parts, layout: &Path) -> Result<Image> {
    let stripped = layout.with_extension("stripped");
    strip(parts.program, &stripped)?;
    check(parts.debian, &stripped)?;
    let built = pack(parts, &stripped, layout);
    fs::remove_file(&stripped).to("remove", &stripped)?;
    built
}

/// Two layers: what changes with every version of the host comes last, so that a node fetches that alone.
fn pack(parts: &Parts, program: &Path, layout: &Path) -> Result<Image> {
    let mut libraries = vec![
        Item::text("etc/nsswitch.conf", "hosts: files dns\n"),
        Item::text("etc/ssl/certs/ca-certificates.crt", authorities(parts)?),
        Item::copy(parts.debian.join(LOADER), "lib64/ld-linux-x86-64.so.2"),
    ];
    for library in LINKED {
        let from = resolved(&parts.debian.join(library))?;
        let name = Path::new(library).file_name().unwrap_or_default();
        libraries.push(Item::copy(from, Path::new(LIBRARIES).join(name)));
    }
    for package in COPYRIGHTS {
        let inside = format!("usr/share/doc/{package}/copyright");
        libraries.push(Item::copy(parts.debian.join(&inside), inside));
    }
    for file in openvino(parts.openvino)? {
        let name = file.file_name().unwrap_or_default();
        let inside = Path::new(OPENVINO.trim_start_matches('/')).join(name);
        libraries.push(Item::copy(&file, inside));
    }
    let user = |folder: &str| Item::folder(folder.trim_start_matches('/'), USER, 0o755);
    libraries.extend([Item::folder("tmp", 0, 0o1777), user(CACHE), user(STATE)]);
    let mut builder = Builder::new(layout)?;
    builder.layer(&libraries)?;
    builder.layer(&[
        Item::copy(program, "usr/bin/footlight"),
        Item::copy(parts.licence, "usr/share/doc/footlight/LICENSE"),
    ])?;
    builder.finish(&Program {
        command: vec!["/usr/bin/footlight".to_owned()],
        environment: vec![
            "PATH=/usr/bin".to_owned(),
            format!("FOOTLIGHT_CACHE={CACHE}"),
            format!("FOOTLIGHT_GALLERY={STATE}/members"),
            format!("FOOTLIGHT_OPENVINO={OPENVINO}"),
        ],
        folder: "/",
        user: Some(USER),
        labels: vec![
            ("org.opencontainers.image.title", "footlight".to_owned()),
            ("org.opencontainers.image.version", parts.version.to_owned()),
            ("org.opencontainers.image.licenses", "Apache-2.0".to_owned()),
        ],
    })
}

/// The wanted libraries, whatever number is behind their names, and the licences beside them.
fn openvino(folder: &Path) -> Result<Vec<PathBuf>> {
    let all = sorted(folder)?;
    let mut wanted = Vec::new();
    for name in OPENVINO_FILES {
        let file = all.iter().find(|file| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            let number = file.strip_prefix(name);
            number.is_some_and(|number| number.is_empty() || number.starts_with('.'))
        });
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let file = file.ok_or_else(missing).to("read", &folder.join(name))?;
        wanted.push(file.clone());
    }
    wanted.extend(all.into_iter().filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name == "LICENSE" || name.ends_with("third-party-programs.txt")
    }));
    Ok(wanted)
}

/// Every certificate of Mozilla's, in one file as most libraries look for it; in the order of their names.
fn authorities(parts: &Parts) -> Result<String> {
    let folder = parts.debian.join(AUTHORITIES);
    let mut all = String::new();
    for file in sorted(&folder)? {
        all.push_str(&fs::read_to_string(&file).to("read", &file)?);
        if !all.ends_with('\n') {
            all.push('\n');
        }
    }
    Ok(all)
}

/// The file behind a link.
fn resolved(file: &Path) -> Result<PathBuf> {
    fs::canonicalize(file).to("read", file)
}

fn strip(program: &Path, to: &Path) -> Result<()> {
    // As without it the size of the image would be that of its symbols.
    let advice = "it takes the symbols off the program: `apt-get install binutils`";
    let output = Command::new("strip")
        .arg("-o")
        .arg(to)
        .arg(program)
        .output();
    let output = output.map_err(|source| Error::Start {
        program: "strip",
        advice,
        source,
    })?;
    succeeded(&output).map_err(|words| Error::Failed {
        program: "strip",
        words,
    })
}

/// Runs the program as the image will, with the image's loader and libraries and no others.
fn check(debian: &Path, program: &Path) -> Result<()> {
    let output = Command::new(debian.join(LOADER))
        .arg("--inhibit-cache")
        .arg("--library-path")
        .arg(debian.join(LIBRARIES))
        .arg(program)
        .arg("--version")
        .output();
    let output = output.map_err(|source| Error::Start {
        program: "the image's loader",
        advice: "the folder of Debian's packages is not complete",
        source,
    })?;
    succeeded(&output).map_err(|words| Error::DoesNotRun { words })
}

fn succeeded(output: &Output) -> std::result::Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(words.trim().replace('\n', " / "))
}
