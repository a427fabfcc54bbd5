//! Which repositories a rule is for.

use std::fmt;

/// The name of a repository, in the one way in which names are compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repository(String);

impl Repository {
    /// A name that is written in full; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Repository, &'static str> {
        let canonical = canonical(text)?;
        if canonical.contains('*') {
            return Err("it has a `*`");
        }
        if canonical.ends_with('/') {
            return Err("it ends with a slash");
        }
        Ok(Repository(canonical))
    }
}

/// A repository, or all whose names begin in one way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Without the `*`.
    text: String,
    open: bool,
}

impl Pattern {
    /// What a rule says; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Pattern, &'static str> {
        let (text, open) = match text.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (text, false),
        };
        if text.contains('*') {
            return Err("a `*` may only stand at its end, where it is for everything that follows");
        }
        if open && text.is_empty() {
            let text = String::new();
            return Ok(Pattern { text, open });
        }
        if open && text == "oci:" {
            let text = text.to_owned();
            return Ok(Pattern { text, open });
        }
        if open && !text.contains('/') {
            return Err("its `*` is for other registries too: end it with `/*`");
        }
        if !open && text.ends_with('/') {
            return Err("it ends with a slash: for everything below, end it with `/*`");
        }
        let text = canonical(text)?;
        Ok(Pattern { text, open })
    }

    pub(crate) fn matches(&self, repository: &Repository) -> bool {
        match self.open {
            true => repository.0.starts_with(&self.text),
            false => repository.0 == self.text,
        }
    }

    /// Of two that match, the one that weighs more says more. One that is not open matches one name only, and
    /// no other that matches it is as long.
    pub(crate) fn weight(&self) -> (bool, usize) {
        (!self.open, self.text.len())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.text, if self.open { "*" } else { "" })
    }
}

/// A name, or the beginning of one, as it is compared. One that could be written in another way is refused: a
/// rule would be for the one and not the other.
fn canonical(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    // A path may have spaces.
    let space = !is_local(text) && text.contains(char::is_whitespace);
    if space || text.contains(char::is_control) {
        return Err("it has a space or control character in it");
    }
    if text.starts_with("file:") {
        return Err(
            "files are not judged, only what is fetched: leave it out, or push them into a layout and write `oci:` \
             and its path",
        );
    }
    if text.contains("://") {
        return Err("it is an address: leave out what stands before `://`");
    }
    let body = local(text).unwrap_or(text);
    let mut segments = body.strip_prefix('/').unwrap_or(body).split('/').peekable();
    while let Some(segment) = segments.next() {
        // The last one may be empty: the beginning of a name may end with a slash.
        if matches!(segment, "." | "..") || segment.is_empty() && segments.peek().is_some() {
            return Err("it has `.`, `..` or nothing between two slashes: write it in full");
        }
    }
    if is_local(text) {
        return match body.starts_with('/') {
            true => Ok(text.to_owned()),
            false => Err("the path after `oci:` is not written from the root: write it in full"),
        };
    }
    let (registry, path) = match text.split_once('/') {
        Some((registry, path)) => (registry, Some(path)),
        None => (text, None),
    };
    if text.contains('@') || path.is_some_and(|path| path.contains(':')) {
        return Err("it has a tag or digest: a repository's name has none");
    }
    let registry = registry.to_ascii_lowercase();
    Ok(match path {
        Some(path) => format!("{registry}/{path}"),
        None => registry,
    })
}

/// The path of a layout.
fn local(text: &str) -> Option<&str> {
    text.strip_prefix("oci:")
}

fn is_local(text: &str) -> bool {
    local(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, repository: &str) -> bool {
        let repository = Repository::parse(repository).unwrap();
        Pattern::parse(pattern).unwrap().matches(&repository)
    }

    #[test]
    fn a_pattern_is_for_one_repository_or_for_all_that_begin_so() {
        for (pattern, repository, expected) in [
            ("r.example/a", "r.example/a", true),
            ("r.example/a", "r.example/a/b", false),
            ("r.example/a", "r.example/ab", false),
            ("r.example/a", "r.example/A", false),
            ("R.Example/a", "r.eXample/a", true),
            ("r.example/a/*", "r.example/a/b/c", true),
            ("r.example/a/*", "r.example/a", false),
            ("r.example/a/*", "r.example/ab", false),
            ("r.example/a*", "r.example/ab/c", true),
            ("r.example/*", "r.example.evil/a", false),
            ("localhost:5000/*", "localhost:5000/a", true),
            ("localhost:5000/*", "localhost:5001/a", false),
            ("*", "r.example/a", true),
            ("*", "oci:/opt/a", true),
            ("oci:/srv/*", "oci:/srv/stages", true),
            (
                "oci:/srv/with a space/*",
                "oci:/srv/with a space/stages",
                true,
            ),
            ("oci:/srv/Stages", "oci:/srv/stages", false),
            ("oci:*", "oci:/srv/stages", true),
        ] {
            assert_eq!(
                matches(pattern, repository),
                expected,
                "{pattern} {repository}"
            );
        }
    }

    #[test]
    fn what_could_be_written_in_another_way_is_refused() {
        for bad in [
            "",
            " ",
            "https://r.example/a",
            "r.example/a:latest",
            "r.example/a@sha256:00",
            "r.example//a",
            "r.example/../a",
            "r.example/a/..",
            "r.example/a b",
            "r.example/a\n",
            "oci:srv/a",
            "oci:",
            "oci:./a",
            "oci://srv",
            "oci:/srv/stages/../evil",
            "oci:/srv/./a",
            "oci:/srv//a",
            "oci:/srv/a\n",
            "file:/srv/a.wasm",
            "r.example/a/",
        ] {
            assert!(Repository::parse(bad).is_err(), "{bad:?}");
            assert!(Pattern::parse(bad).is_err(), "{bad:?}");
        }
        for bad in [
            "r.*/a",
            "**",
            "*/a",
            "r.example/*/a",
            "r.example*",
            "r.example:*",
            "file:*",
            "file:/srv/*",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Repository::parse("r.example/*").is_err());
        let files = Pattern::parse("file:/srv/*").unwrap_err();
        assert!(files.contains("files are not judged"), "{files}");
    }
}
