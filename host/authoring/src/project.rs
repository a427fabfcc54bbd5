//! A stage that somebody wrote, in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::{fmt, str};

use serde::Deserialize;

use crate::error::{Doing, Error, Result};
use crate::{Cache, Component, Progress, cargo, javascript, python, rust};

/// What a stage is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, built by cargo.
    Rust,
    /// Python, built by componentize-py.
    Python,
    /// JavaScript, built by componentize-js.
    JavaScript,
}

impl Language {
    const ALL: [Language; 3] = [Language::Rust, Language::Python, Language::JavaScript];

    /// The manifest that a stage in this language has, as every package in it has.
    fn manifest(self) -> &'static str {
        match self {
            Language::Rust => "Cargo.toml",
            Language::Python => "pyproject.toml",
            Language::JavaScript => "package.json",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Rust => "rust",
            Language::Python => "python",
            Language::JavaScript => "js",
        })
    }
}

impl str::FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Language> {
        let named = |language: &Language| language.to_string() == text;
        Language::ALL.into_iter().find(named).ok_or_else(|| {
            Error::Refused(format!(
                "`{text}` is no language that stages are written in: rust, python or js"
            ))
        })
    }
}

/// A stage's source.
#[derive(Clone, Debug)]
pub struct Project {
    /// What it is written in.
    pub language: Language,
    /// Its folder.
    pub folder: PathBuf,
    /// The folder of the contract, which Python and JavaScript get their modules from. In Rust the SDK has it.
    pub contract: PathBuf,
}

/// What is read of a `pyproject.toml`.
#[derive(Deserialize)]
struct PyProject {
    project: PyPackage,
}

#[derive(Deserialize)]
struct PyPackage {
    name: String,
}

/// What is read of a `package.json`.
#[derive(Deserialize)]
struct NodePackage {
    name: String,
    main: Option<PathBuf>,
}

impl Project {
    /// Looks at a folder: its manifest says what the stage is written in.
    ///
    /// # Errors
    /// Where there is no manifest or more than one.
    pub fn open(folder: &Path) -> Result<Project> {
        let has = |language: &Language| folder.join(language.manifest()).is_file();
        let languages: Vec<Language> = Language::ALL.into_iter().filter(has).collect();
        let &[language] = languages.as_slice() else {
            let found = match languages.as_slice() {
                [] => "none",
                _ => "several",
            };
            return Err(Error::Refused(format!(
                "{} is not a stage's folder: it must have one of Cargo.toml, pyproject.toml and package.json, and has \
                 {found}; `footlight stage new NAME` makes one",
                folder.display()
            )));
        };
        Ok(Project {
            language,
            folder: folder.to_owned(),
            contract: folder.join("wit"),
        })
    }

    /// Finds or fetches into the cache what [`Project::build`] needs, and builds nothing.
    ///
    /// # Errors
    /// Where it is not there and cannot be fetched.
    pub fn prepare(&self, cache: &Cache, progress: &Progress) -> Result<()> {
        match self.language {
            Language::Rust => rust::prepare(cache, progress),
            Language::Python => python::tool(cache, progress).map(drop),
            Language::JavaScript => javascript::tool(cache, progress).map(drop),
        }
    }

    /// Builds the component. What is needed for that is found or fetched into the cache.
    ///
    /// # Errors
    /// Where the manifest has no name, a tool is missing and cannot be fetched, or the stage does not build.
    pub fn build(&self, cache: &Cache, progress: &Progress) -> Result<Component> {
        let component = match self.language {
            Language::Rust => {
                let (workspace, package) = cargo::Workspace::of_stage(&self.folder)?;
                progress.line("building", &package.name);
                let mut built = rust::build(cache, progress, &workspace, &[&package], None)?;
                built
                    .pop()
                    .ok_or_else(|| Error::Refused(format!("{} was not built", package.name)))?
            }
            Language::Python => {
                let package: PyProject = self.manifest(|text| toml::from_str(text))?;
                let name = package.project.name;
                let bytes = python::build(cache, progress, &name, self)?;
                Component { name, bytes }
            }
            Language::JavaScript => {
                let package: NodePackage = self.manifest(|text| serde_json::from_str(text))?;
                let main = package.main.unwrap_or_else(|| "index.js".into());
                // A scope says whose a package is, and not what it is called.
                let name = package.name.rsplit('/').next().unwrap_or_default();
                let bytes = javascript::build(cache, progress, name, &main, self)?;
                Component {
                    name: name.to_owned(),
                    bytes,
                }
            }
        };
        check(&component.name)?;
        Ok(component)
    }

    fn manifest<T, E: fmt::Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T> {
        let path = self.folder.join(self.language.manifest());
        let text = fs::read_to_string(&path).to("read", &path)?;
        parse(&text).map_err(|error| Error::Refused(format!("{}: {error}", path.display())))
    }

    /// The file that a tool builds from, which must be there.
    pub(crate) fn source(&self, path: &Path, instead: &str) -> Result<PathBuf> {
        let source = self.folder.join(path);
        if !source.is_file() {
            return Err(Error::Refused(format!(
                "{} is not there: {instead}",
                source.display()
            )));
        }
        Ok(source)
    }

    /// The folder of the contract, absolute, which must be there.
    pub(crate) fn contract(&self) -> Result<PathBuf> {
        self.contract.canonicalize().map_err(|_| {
            Error::Refused(format!(
                "{} is not there: it holds the contract between stage and host, which `footlight stage new` writes \
                 into every new stage; copy it from one",
                self.contract.display()
            ))
        })
    }
}

/// A name is the name of a file beside others.
fn check(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(Error::Refused(format!(
            "the stage's manifest calls it `{name}`, which cannot be the name of a file: use a-z, 0-9 and hyphen"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let cache = Cache::at(folder.path().join("cache")).unwrap();
        let built = Project::open(folder.path())
            .and_then(|project| project.build(&cache, &Progress::on_stderr()));
        built.unwrap_err().in_full()
    }

    #[test]
    fn a_folder_is_of_one_language() {
        let none = refusal(&[]);
        assert!(
            none.contains("has none") && none.contains("footlight stage new"),
            "{none}"
        );
        let two = refusal(&[("Cargo.toml", ""), ("package.json", "{}")]);
        assert!(two.contains("has several"), "{two}");
    }

    #[test]
    fn a_manifest_that_is_wrong_is_named() {
        let python = refusal(&[("pyproject.toml", "[project]\nversion = \"1\"")]);
        assert!(
            python.contains("pyproject.toml") && python.contains("`name`"),
            "{python}"
        );
        let node = refusal(&[("package.json", "{\"name\": 3}")]);
        assert!(
            node.contains("package.json") && node.contains("string"),
            "{node}"
        );
    }

    #[test]
    fn what_is_built_from_must_be_there() {
        let manifest = ("pyproject.toml", "[project]\nname = \"a\"");
        let python = refusal(&[manifest]);
        assert!(python.contains("app.py is not there"), "{python}");
        let bare = refusal(&[manifest, ("app.py", "")]);
        assert!(bare.contains("wit is not there"), "{bare}");
        let node = refusal(&[("package.json", "{\"name\": \"a\", \"main\": \"src/a.js\"}")]);
        assert!(node.contains("src/a.js is not there"), "{node}");
    }

    #[test]
    fn languages_are_read_as_they_are_written() {
        for language in Language::ALL {
            assert_eq!(language.to_string().parse::<Language>().unwrap(), language);
        }
        assert!(
            "cobol"
                .parse::<Language>()
                .unwrap_err()
                .to_string()
                .contains("rust, python or js")
        );
    }
}
