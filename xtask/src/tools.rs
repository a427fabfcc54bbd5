//! Other people's programs that tests and measurements run: a real registry, clients of it, a container runtime.
//!
//! They come from Debian's packages, as anybody would get them, and are unpacked into the cache. Where they cannot be
//! had, what needs them is skipped with the reason.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::debian::{Suite, Taken};
use footlight_authoring::Cache;
use footlight_authoring::Progress;
use footlight_authoring::process::runs;

/// Where they are in the cache.
const FOLDER: &str = "tools";

/// Packages that are unpacked together into a folder of the cache. What a suite offers is replaced by its point
/// releases, so it is the suite that is pinned; apt checks the archive's signature.
struct Tool {
    /// The folder's name, and the package's where it is one.
    name: &'static str,
    /// The Debian version that it is taken from.
    suite: &'static str,
    /// The packages where they are several, with all that they depend on.
    packages: &'static [&'static str],
    /// A program of it, with arguments by which it only says its version; none where nothing of it is run here.
    says: &'static [&'static str],
}

impl Tool {
    const fn one(name: &'static str, suite: &'static str, says: &'static [&'static str]) -> Tool {
        Tool {
            name,
            suite,
            packages: &[],
            says,
        }
    }

    /// What an image begins with: these packages on a machine that has none.
    const fn base(name: &'static str, packages: &'static [&'static str]) -> Tool {
        Tool {
            name,
            suite: "bookworm",
            packages,
            says: &[],
        }
    }
}

/// The reference implementation of a registry.
const REGISTRY: Tool = Tool::one(
    "docker-registry",
    "trixie",
    &["usr/bin/docker-registry", "--version"],
);
/// A client for artifacts of every kind.
const ORAS: Tool = Tool::one("oras", "trixie", &["usr/bin/oras", "version"]);
/// What signatures are made and checked with elsewhere.
const COSIGN: Tool = Tool::one("cosign", "trixie", &["usr/bin/cosign", "version"]);
/// A container runtime; the first with layers of WebAssembly.
const CONTAINERD: Tool = Tool::one("containerd", "trixie", &["usr/bin/containerd", "--version"]);
/// What containerd starts containers with. That of trixie wants a newer C library than bookworm's.
const RUNC: Tool = Tool::one("runc", "bookworm", &["usr/sbin/runc", "--version"]);
/// Python, of the version that the peers' packages are for, and what wheels with C++ in them are linked to.
const PYTHON: Tool = Tool::base(
    "python",
    &[
        "base-files",
        "base-passwd",
        "ca-certificates",
        "libstdc++6",
        "python3",
    ],
);
/// What the host's image takes its libraries and the authorities' certificates from.
const IMAGE: Tool = Tool::base("image", &["ca-certificates", "libstdc++6"]);

/// A client of Kubernetes, of the oldest version that the manifests are for.
const KUBECTL: Tool = Tool::one(
    "kubernetes-client",
    "bookworm",
    &["usr/bin/kubectl", "version", "--client"],
);

/// The programs that tests use, by the variable that tells them where.
const TESTED_WITH: [(&str, &Tool); 5] = [
    ("FOOTLIGHT_TEST_REGISTRY", &REGISTRY),
    ("FOOTLIGHT_TEST_ORAS", &ORAS),
    ("FOOTLIGHT_TEST_COSIGN", &COSIGN),
    ("FOOTLIGHT_TEST_CONTAINERD", &CONTAINERD),
    ("FOOTLIGHT_TEST_OLD_KUBECTL", &KUBECTL),
];

/// Variables for tests, each with the path of a program. What the user has set stays; without the programs there is
/// none, and the tests that want them say that they are skipped.
pub fn for_tests(cache: &Cache, progress: &Progress) -> Vec<(&'static str, PathBuf)> {
    let wanted: Vec<_> = TESTED_WITH
        .into_iter()
        .filter(|(variable, _)| env::var_os(variable).is_none())
        .collect();
    let tools: Vec<&Tool> = wanted.iter().map(|(_, tool)| *tool).collect();
    if let Err(error) = fetch(cache, progress, &tools) {
        progress.line(
            "missing",
            &format!("a registry, its clients and those of Kubernetes, so tests with them are skipped: {error:#}"),
        );
        return Vec::new();
    }
    wanted
        .into_iter()
        .filter_map(|(variable, tool)| Some((variable, tool.program(cache)?)))
        .collect()
}

/// The root folder that the host's image takes libraries from.
///
/// # Errors
/// Where it cannot be had, with the reason.
pub fn for_image(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    fetch(cache, progress, &[&IMAGE])?;
    Ok(IMAGE.folder(cache))
}

/// A client of registries, which copies images.
///
/// # Errors
/// Where it cannot be had, with the reason.
pub fn oras(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    fetch(cache, progress, &[&ORAS])?;
    ORAS.program(cache).context("oras has no program")
}

/// A client of Kubernetes, of the oldest version that the manifests are for.
///
/// # Errors
/// Where it cannot be had, with the reason.
pub fn old_kubectl(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    fetch(cache, progress, &[&KUBECTL])?;
    KUBECTL
        .program(cache)
        .context("kubernetes-client has no program")
}

/// What deploying is measured with.
pub struct Deployment {
    /// `PATH` with a registry, a client and a container runtime in it, before the user's.
    pub path: OsString,
    /// Where the root folders are that images begin with.
    pub bases: PathBuf,
}

/// Fetches what deploying is measured with.
///
/// # Errors
/// Where it cannot be had, with the reason.
pub fn for_deployment(cache: &Cache, progress: &Progress) -> Result<Deployment> {
    let tools = [&REGISTRY, &ORAS, &CONTAINERD, &RUNC];
    fetch(cache, progress, &[&tools[..], &[&PYTHON, &IMAGE]].concat())?;
    let programs = tools.into_iter().flat_map(|tool| {
        let folder = tool.folder(cache);
        [folder.join("usr/bin"), folder.join("usr/sbin")]
    });
    let users = env::var_os("PATH").unwrap_or_default();
    Ok(Deployment {
        path: env::join_paths(programs.chain(env::split_paths(&users)))?,
        bases: cache.path(FOLDER),
    })
}

/// Makes sure that tools are in the cache and run. What is there is not fetched again.
fn fetch(cache: &Cache, progress: &Progress, tools: &[&Tool]) -> Result<()> {
    let _lock = cache.lock()?;
    let mut missing: Vec<&Tool> = tools
        .iter()
        .copied()
        .filter(|tool| !tool.folder(cache).is_dir())
        .collect();
    missing.sort_by_key(|tool| tool.suite);
    for of_suite in missing.chunk_by(|one, other| one.suite == other.suite) {
        let Some(first) = of_suite.first() else {
            continue;
        };
        let suite = Suite::open(cache, progress, first.suite)?;
        for tool in of_suite {
            tool.fetch(cache, progress, &suite).context(tool.name)?;
        }
    }
    Ok(())
}

impl Tool {
    fn folder(&self, cache: &Cache) -> PathBuf {
        cache.path(&format!("{FOLDER}/{}-{}", self.name, self.suite))
    }

    fn program(&self, cache: &Cache) -> Option<PathBuf> {
        Some(self.folder(cache).join(self.says.first()?))
    }

    fn fetch(&self, cache: &Cache, progress: &Progress, suite: &Suite) -> Result<()> {
        let (taken, what) = if self.packages.is_empty() {
            let version = suite.version(self.name)?;
            (Taken::Alone(self.name), format!("{} {version}", self.name))
        } else {
            (
                Taken::Whole(self.packages),
                format!("{} for images", self.name),
            )
        };
        let step = progress.begin("fetching", &format!("{what} from Debian"), None);
        let scratch = cache.scratch()?;
        let fresh = scratch.path().join("fresh");
        suite.unpack(taken, &fresh)?;
        if let Some((program, arguments)) = self.says.split_first()
            && !runs(&fresh.join(program).to_string_lossy(), arguments)
        {
            bail!(
                "{program} of {what} does not run on this machine, whose libraries may be too old for it"
            );
        }
        let folder = self.folder(cache);
        fs::create_dir_all(cache.path(FOLDER))?;
        fs::rename(&fresh, &folder)
            .with_context(|| format!("cannot write {}", folder.display()))?;
        step.done("fetched");
        Ok(())
    }
}
