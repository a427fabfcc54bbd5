//! Other people's programs that tests run: a real registry, and clients of it.
//!
//! They come from Debian's packages, as anybody would get them, and are unpacked into the cache. Where they cannot be
//! had, what needs them is skipped with the reason.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::debian::{Suite, Taken};
use crate::prerequisites::runs;
use crate::progress::Progress;

/// Packages that are unpacked together into a folder of the cache. What a suite offers is replaced by its point
/// releases, so it is the suite that is pinned; apt checks the archive's signature.
struct Tool {
    /// The package that the folder is called by.
    package: &'static str,
    /// The Debian version that it is taken from.
    suite: &'static str,
    /// A program of it, with arguments by which it only says its version.
    says: &'static [&'static str],
}

/// The reference implementation of a registry.
const REGISTRY: Tool = Tool {
    package: "docker-registry",
    suite: "trixie",
    says: &["usr/bin/docker-registry", "--version"],
};
/// A client for artifacts of every kind.
const ORAS: Tool = Tool {
    package: "oras",
    suite: "trixie",
    says: &["usr/bin/oras", "version"],
};
/// What signatures are made and checked with elsewhere.
const COSIGN: Tool = Tool {
    package: "cosign",
    suite: "trixie",
    says: &["usr/bin/cosign", "version"],
};

/// The programs that tests use, by the variable that tells them where.
const TESTED_WITH: [(&str, &Tool); 3] = [
    ("FOOTLIGHT_TEST_REGISTRY", &REGISTRY),
    ("FOOTLIGHT_TEST_ORAS", &ORAS),
    ("FOOTLIGHT_TEST_COSIGN", &COSIGN),
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
            &format!("a registry and its clients, so tests with them are skipped: {error:#}"),
        );
        return Vec::new();
    }
    wanted
        .into_iter()
        .filter_map(|(variable, tool)| Some((variable, tool.program(cache)?)))
        .collect()
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
            tool.fetch(cache, progress, &suite).context(tool.package)?;
        }
    }
    Ok(())
}

impl Tool {
    fn folder(&self, cache: &Cache) -> PathBuf {
        cache.path(&format!("tools/{}-{}", self.package, self.suite))
    }

    fn program(&self, cache: &Cache) -> Option<PathBuf> {
        Some(self.folder(cache).join(self.says.first()?))
    }

    fn fetch(&self, cache: &Cache, progress: &Progress, suite: &Suite) -> Result<()> {
        let what = format!(
            "{} {} from Debian",
            self.package,
            suite.version(self.package)?
        );
        let step = progress.begin("fetching", &what, None);
        let scratch = cache.scratch()?;
        let fresh = scratch.path().join("fresh");
        suite.unpack(Taken::Alone(self.package), &fresh)?;
        let (program, arguments) = self.says.split_first().context("it has no program")?;
        if !runs(&fresh.join(program).to_string_lossy(), arguments) {
            bail!(
                "{program} of {what} does not run on this machine, whose libraries may be too old for it"
            );
        }
        keep(cache, &fresh, &self.folder(cache))?;
        step.done("fetched");
        Ok(())
    }
}

/// Puts a complete folder in its place in the cache.
fn keep(cache: &Cache, fresh: &std::path::Path, folder: &std::path::Path) -> Result<()> {
    fs::create_dir_all(cache.path("tools"))?;
    fs::rename(fresh, folder).with_context(|| format!("cannot write {}", folder.display()))
}
