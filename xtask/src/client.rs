//! The users' own package clients: they know the user's mirrors, proxies and credentials.

use std::path::Path;
use std::process::Command;

use crate::source::{Registry, Source};

/// The commands that fetch an archive into `folder`, to be tried one after the other. What they write meanwhile
/// is under `folder` too.
pub fn commands(source: &Source, folder: &Path) -> Vec<Command> {
    let mut commands = match source.registry {
        Registry::Pypi => pip(source),
        Registry::Npm => vec![npm(source, folder)],
    };
    for command in &mut commands {
        command.current_dir(folder).env("TMPDIR", folder);
    }
    commands
}

fn pip(source: &Source) -> Vec<Command> {
    let pinned = format!("{}=={}", source.package, source.version);
    let base = |arguments: &[String]| {
        let mut command = Command::new("python3");
        command
            .args(["-m", "pip", "download", "--no-deps", "--dest", "."])
            .args(arguments)
            .arg(&pinned);
        command
    };
    if let Some(tags) = source.archive.strip_suffix(".whl") {
        return vec![base(&wheel_arguments(tags))];
    }
    // pip prepares a source package before it lets go of it, for which it fetches setuptools; where it cannot, an
    // installed setuptools may do.
    let plain = ["--no-binary".to_owned(), source.package.clone()];
    let with_installed = [plain.to_vec(), vec!["--no-build-isolation".to_owned()]].concat();
    vec![base(&plain), base(&with_installed)]
}

/// What makes pip bring this very wheel, whatever Python the user has: a wheel's name ends in the tags of Python,
/// ABI and platform (PyPA's specification "Binary distribution format").
fn wheel_arguments(stem: &str) -> Vec<String> {
    let mut arguments = vec!["--only-binary=:all:".to_owned()];
    let mut tags = stem.rsplit('-');
    let (Some(platform), Some(abi), Some(python)) = (tags.next(), tags.next(), tags.next()) else {
        return arguments;
    };
    if abi == "none" {
        return arguments;
    }
    let digits = python.trim_start_matches("cp");
    let (major, minor) = digits.split_at_checked(1).unwrap_or((digits, ""));
    arguments.push(format!("--python-version={major}.{minor}"));
    arguments.push("--implementation=cp".to_owned());
    arguments.push(format!("--abi={abi}"));
    arguments.extend(
        platform
            .split('.')
            .map(|platform| format!("--platform={platform}")),
    );
    arguments
}

fn npm(source: &Source, folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.args([
        "pack",
        "--ignore-scripts",
        "--loglevel=error",
        "--no-update-notifier",
    ]);
    // npm collects an archive in its cache before it writes it out: in a cache of ours it can be watched growing.
    command
        .arg("--cache")
        .arg(folder.join("npm"))
        .arg(format!("{}@{}", source.package, source.version));
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_authoring::process::in_words;

    fn source(registry: Registry, package: &str, archive: &str) -> Source {
        let (package, archive) = (package.to_owned(), archive.to_owned());
        let (version, archive_sha256) = ("1.2".to_owned(), String::new());
        Source {
            registry,
            package,
            version,
            archive,
            archive_sha256,
            archive_size: None,
        }
    }

    fn words(source: &Source) -> Vec<String> {
        commands(source, Path::new("there"))
            .iter()
            .map(in_words)
            .collect()
    }

    #[test]
    fn a_platform_wheel_is_asked_for_by_its_tags() {
        let archive = "openvino-1.2-7-cp311-cp311-manylinux_2_28_x86_64.whl";
        assert_eq!(
            words(&source(Registry::Pypi, "openvino", archive)),
            [
                "python3 -m pip download --no-deps --dest . --only-binary=:all: --python-version=3.11 \
                 --implementation=cp --abi=cp311 --platform=manylinux_2_28_x86_64 openvino==1.2"
            ]
        );
    }

    #[test]
    fn a_pure_wheel_is_for_any_python() {
        assert_eq!(
            words(&source(
                Registry::Pypi,
                "some-tool",
                "some_tool-1.2-py3-none-any.whl"
            )),
            ["python3 -m pip download --no-deps --dest . --only-binary=:all: some-tool==1.2"]
        );
    }

    #[test]
    fn a_source_package_has_a_second_way() {
        let words = words(&source(Registry::Pypi, "photos", "photos-1.2.tar.gz"));
        assert_eq!(
            words[0],
            "python3 -m pip download --no-deps --dest . --no-binary photos photos==1.2"
        );
        assert!(words[1].contains("--no-build-isolation"));
    }

    #[test]
    fn npm_packs_without_running_scripts() {
        let words = words(&source(Registry::Npm, "models", "models-1.2.tgz"));
        assert_eq!(words.len(), 1);
        assert!(words[0].starts_with("npm pack --ignore-scripts"));
        assert!(words[0].ends_with("models@1.2"));
    }
}
