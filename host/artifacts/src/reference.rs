//! References: where an artifact is, and which.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::{Digest, Error};

mod parse;

const LAYOUT: &str = "oci:";

/// Names an artifact: `REGISTRY/REPOSITORY[:TAG][@sha256:HEX]`, or `oci:PATH[:TAG][@sha256:HEX]` for one in an OCI
/// image layout, which is a folder or a tar of one.
///
/// With a digest it names the same content for ever, and the tag says only what that was called. With neither it means
/// the tag `latest` of a registry, or the only artifact of a layout.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    location: Location,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// On a registry.
    Registry {
        /// The registry: a host, with a port where it is not the usual one.
        host: String,
        /// The repository's path on it.
        repository: String,
    },
    /// An OCI image layout of this machine: a folder, or a tar of one.
    Layout {
        /// The folder or the file.
        path: PathBuf,
    },
}

impl Reference {
    /// Whether a text that may also be a file's path is meant as a reference, and which: it begins with `oci:`, or its
    /// first part is a registry (`localhost`, or with a `.` or `:` inside) and it has a tag or a digest.
    pub fn recognise(text: &str) -> Option<Result<Self, Error>> {
        if text.starts_with(LAYOUT) {
            return Some(text.parse());
        }
        let (host, rest) = text.split_once('/')?;
        let registry = host == "localhost" || (host.contains(['.', ':']) && !host.starts_with('.'));
        let last = rest.rsplit('/').next().unwrap_or(rest);
        (registry && last.contains([':', '@'])).then(|| text.parse())
    }

    /// For a file that is not there: whether its path is a registry's repository without tag and digest, and was meant
    /// as that; if so, what to write.
    pub fn almost(text: &str) -> Option<String> {
        let is_file = Path::new(text)
            .extension()
            .is_some_and(|it| it == "toml" || it == "wasm");
        let latest = format!("{text}:latest");
        let meant = !is_file
            && Self::recognise(text).is_none()
            && matches!(Self::recognise(&latest), Some(Ok(_)));
        meant.then(|| {
            format!(
                "it looks like a registry's repository without `:TAG` or `@sha256:...`: write `{latest}`, for example, if \
                 that is meant"
            )
        })
    }

    /// Where the repository is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The repository without tag and digest: `REGISTRY/REPOSITORY` or `oci:PATH`. This is what a trust policy's rules
    /// are about.
    pub fn repository(&self) -> String {
        self.location.to_string()
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same repository's artifact with this digest, whatever it is called.
    pub fn at(&self, digest: Digest) -> Self {
        Self {
            location: self.location.clone(),
            tag: None,
            digest: Some(digest),
        }
    }

    /// The same reference pinned to this digest; its tag stays, for people to read.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// The same repository's artifact with this tag.
    pub fn tagged(&self, tag: &str) -> Result<Self, Error> {
        if !parse::is_tag(tag) {
            return Err(parse::refusal(tag, parse::TAG_RULE));
        }
        Ok(Self {
            location: self.location.clone(),
            tag: Some(tag.to_owned()),
            digest: None,
        })
    }

    /// A reference into the layout in this folder or tar, whatever its path looks like.
    pub fn layout(path: &Path) -> Self {
        Self {
            location: Location::Layout { path: path.into() },
            tag: None,
            digest: None,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry { host, repository } => write!(f, "{host}/{repository}"),
            Self::Layout { path } => write!(f, "{LAYOUT}{}", path.display()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location.fmt(f)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, digest) = match text.rsplit_once('@') {
            Some((name, digest)) => {
                let digest = digest
                    .parse()
                    .map_err(|error: Error| parse::refusal(text, &error.to_string()))?;
                (name, Some(digest))
            }
            None => (text, None),
        };
        let (location, tag) = match name.strip_prefix(LAYOUT) {
            Some(path) => parse::layout(text, path)?,
            None => parse::registry(text, name)?,
        };
        Ok(Self {
            location,
            tag,
            digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_reference_is_read_and_written() {
        for (text, repository, tag, digest) in [
            (
                "registry.example/a/b:1.0",
                "registry.example/a/b",
                Some("1.0"),
                false,
            ),
            ("localhost/a", "localhost/a", None, false),
            (
                "10.0.0.1:5000/a__b-c.d:x",
                "10.0.0.1:5000/a__b-c.d",
                Some("x"),
                false,
            ),
            ("[::1]:5000/a:x", "[::1]:5000/a", Some("x"), false),
            ("oci:some/folder", "oci:some/folder", None, false),
            (
                "oci:/srv/stages.tar:1",
                "oci:/srv/stages.tar",
                Some("1"),
                false,
            ),
            ("oci:a:b/c", "oci:a:b/c", None, false),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.repository(), repository, "{text}");
            assert_eq!(reference.tag(), tag, "{text}");
            assert_eq!(reference.digest().is_some(), digest);
            assert_eq!(reference.to_string(), text);
            let pinned = format!("{text}@sha256:{HEX}");
            let reference: Reference = pinned.parse().unwrap();
            assert_eq!(reference.digest().unwrap().hex(), HEX);
            assert_eq!(reference.tag(), tag);
            assert_eq!(reference.to_string(), pinned);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_and_it_is_said_why() {
        for (text, why) in [
            ("", "no registry"),
            ("stage", "no registry"),
            ("library/stage:1", "`library` is not a registry"),
            ("registry.example/", "not a repository"),
            ("registry.example/A", "not a repository"),
            ("registry.example/a/../b:1", "not a repository"),
            ("registry.example/a//b:1", "not a repository"),
            ("registry.example/a:", "a tag has"),
            ("registry.example/a:-", "a tag has"),
            ("registry.example/a:b:c", "a tag has"),
            ("registry.example/a@sha256:12", "64"),
            ("registry.example:99999/a", "not a registry"),
            ("user:secret@registry.example/a:1", "sha256:"),
            ("reg_istry.example/a:1", "not a registry"),
            ("oci:", "followed by"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_repository_that_lacks_its_tag_is_told_from_a_path() {
        for text in ["localhost:5000/a", "r.example/a/b", "localhost/a"] {
            let advice = Reference::almost(text).unwrap();
            assert!(advice.contains(&format!("`{text}:latest`")), "{advice}");
        }
        for path in [
            "p.toml",
            "./p",
            "/srv/p",
            "my.folder/p.toml",
            "r.example/a:1",
            "a/b",
            "oci:a",
        ] {
            assert_eq!(Reference::almost(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_is_not_taken_for_a_reference() {
        for path in [
            "face-detection.wasm",
            "stages/face-detection.wasm",
            "../stages/a.wasm",
            "./a.wasm",
            "/srv/stages/a.wasm",
            "my.folder/a.wasm",
            "members.toml",
        ] {
            assert!(Reference::recognise(path).is_none(), "{path}");
        }
        for reference in [
            "localhost/a:1",
            "localhost:5000/a:1",
            "r.example/a/b:1",
            "oci:a",
        ] {
            assert!(
                Reference::recognise(reference).unwrap().is_ok(),
                "{reference}"
            );
        }
        let pinned = format!("r.example/a@sha256:{HEX}");
        assert!(Reference::recognise(&pinned).unwrap().is_ok());
        // Meant as a reference, and a mistaken one: an error of its own, not a file that is missing.
        assert!(Reference::recognise("r.example/A:1").unwrap().is_err());
    }
}
