//! Debian's packages, unpacked and not installed: what is taken need not fit the machine's own Debian.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use footlight_authoring::Cache;
use footlight_authoring::Progress;
use footlight_authoring::process::runs;
use footlight_authoring::process::{output, run_quietly};

/// What Debian signs its archive with, as every Debian has it.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Debian's own mirror, for machines whose sources name none.
const MIRROR: &str = "http://deb.debian.org/debian";

/// apt's own user could not write into a user's cache; a mirror that cannot be reached is else but a warning; and of
/// the lists only that of packages is wanted.
const SETTINGS: &str = "\
    APT::Sandbox::User \"root\";\n\
    APT::Update::Error-Mode \"any\";\n\
    Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
    Acquire::Languages \"none\";\n\
    Acquire::Retries \"2\";\n";

/// Which packages are taken.
#[derive(Clone, Copy)]
pub enum Taken<'a> {
    /// One, with nothing of what it depends on.
    Alone(&'a str),
    /// These, and all that they depend on: what a machine without any package would need.
    Whole(&'a [&'a str]),
}

/// One Debian version's lists of packages, apart from the machine's own, which only root can renew.
pub struct Suite {
    folder: TempDir,
}

impl Suite {
    /// Fetches the lists of a suite, for example `trixie`, whose signature apt checks.
    ///
    /// # Errors
    /// Where this is no Debian, or its archive cannot be reached.
    pub fn open(cache: &Cache, progress: &Progress, name: &str) -> Result<Suite> {
        for program in ["apt-get", "dpkg"] {
            if !runs(program, &["--version"]) {
                bail!("there is no {program} here, and they come from Debian's packages");
            }
        }
        if !Path::new(KEYRING).is_file() {
            bail!("there is no {KEYRING} here: `apt-get install debian-archive-keyring`");
        }
        let suite = Suite {
            folder: cache.scratch()?,
        };
        for folder in ["lists/partial", "cache/archives/partial", "state"] {
            fs::create_dir_all(suite.path(folder))?;
        }
        fs::write(suite.path("status"), "")?;
        suite.write_settings()?;
        let mirror = mirror();
        fs::write(
            suite.path("sources.list"),
            format!("deb [signed-by={KEYRING}] {mirror} {name} main\n"),
        )?;
        let step = progress.begin(
            "fetching",
            &format!("the list of Debian's packages ({name})"),
            None,
        );
        let mut update = suite.apt();
        update.arg("update");
        run_quietly(&mut update, suite.folder.path(), || {})
            .with_context(|| format!("the list of Debian's packages ({name}) cannot be fetched"))?;
        step.done("fetched");
        Ok(suite)
    }

    /// Unpacks packages into a folder. No script of theirs is run.
    pub fn unpack(&self, taken: Taken, into: &Path) -> Result<()> {
        let archives = self.path("cache/archives");
        let mut fetch = self.apt();
        match taken {
            Taken::Alone(package) => fetch.current_dir(&archives).arg("download").arg(package),
            Taken::Whole(packages) => fetch
                .args([
                    "install",
                    "--yes",
                    "--download-only",
                    "--no-install-recommends",
                ])
                .args(packages),
        };
        run_quietly(&mut fetch, self.folder.path(), || {})?;
        fs::create_dir_all(into)?;
        for package in debs(&archives)? {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(&package).arg(into);
            run_quietly(&mut unpack, self.folder.path(), || {})?;
            fs::remove_file(&package)?;
        }
        Ok(())
    }

    /// The version of a package that the suite offers.
    pub fn version(&self, package: &str) -> Result<String> {
        let mut show = self.command("apt-cache");
        show.args(["show", "--no-all-versions", package]);
        let text = output(&mut show)?;
        text.lines()
            .find_map(|line| line.strip_prefix("Version: "))
            .map(str::to_owned)
            .with_context(|| format!("`apt-cache show {package}` gives no version"))
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn apt(&self) -> Command {
        let mut command = self.command("apt-get");
        command.arg("--quiet");
        command
    }

    /// A program of apt's that knows nothing but these lists, and takes nothing for installed.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.path("apt.conf"));
        command
    }

    /// What apt reads before the machine's own settings, of which those for proxies and the like stay.
    fn write_settings(&self) -> Result<()> {
        let mut settings = String::new();
        for (name, place) in [
            ("Dir::Etc::SourceList", self.path("sources.list")),
            ("Dir::Etc::SourceParts", PathBuf::from("/dev/null")),
            ("Dir::State", self.path("state")),
            ("Dir::State::Lists", self.path("lists")),
            ("Dir::State::status", self.path("status")),
            ("Dir::Cache", self.path("cache")),
        ] {
            writeln!(settings, "{name} \"{}\";", place.display())?;
        }
        settings.push_str(SETTINGS);
        fs::write(self.path("apt.conf"), settings)?;
        Ok(())
    }
}

/// The mirror that the machine's own sources name for Debian.
fn mirror() -> String {
    let asked = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(CREATED_BY) $(ORIGIN) $(RELEASE) $(REPO_URI)",
    ]));
    asked
        .ok()
        .and_then(|text| main_archive(&text).map(str::to_owned))
        .unwrap_or_else(|| MIRROR.to_owned())
}

/// The address of Debian's main archive, and not that of its updates, in what apt says of its sources.
fn main_archive(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let is_main = words.next() == Some("Packages")
            && words.next() == Some("Debian")
            && words.next().is_some_and(|release| !release.contains('-'));
        if is_main { words.next() } else { None }
    })
}

fn debs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!(
            "apt-get succeeded but left no package in {}",
            folder.display()
        );
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_mirror_is_taken() {
        let said = "Packages Other stable https://packages.example/apt/\n\
                    DEP-11 Debian bookworm http://wrong.example/debian/\n\
                    Packages Debian bookworm-security http://mirror.example/debian-security/\n\
                    Packages Debian bookworm http://mirror.example/debian/\n";
        assert_eq!(main_archive(said), Some("http://mirror.example/debian/"));
        assert_eq!(
            main_archive("Packages Ubuntu noble http://mirror.example/ubuntu/\n"),
            None
        );
    }
}
