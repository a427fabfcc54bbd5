//! The parts of a reference, read strictly: they become parts of URLs and of paths.

use super::Location;
use crate::Error;

/// The path of a layout, and perhaps a tag.
pub(super) fn layout(text: &str, name: &str) -> Result<(Location, Option<String>), Error> {
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if is_tag(tag) => (path, Some(tag.to_owned())),
        _ => (name, None),
    };
    if path.is_empty() {
        return Err(refusal(
            text,
            "`oci:` is followed by a folder or a tar file",
        ));
    }
    Ok((Location::Layout { path: path.into() }, tag))
}

/// A registry and a repository, and perhaps a tag.
pub(super) fn registry(text: &str, name: &str) -> Result<(Location, Option<String>), Error> {
    let Some((host, rest)) = name.split_once('/') else {
        return Err(refusal(
            text,
            "it names no registry; write REGISTRY/REPOSITORY:TAG, or oci:PATH for a layout folder",
        ));
    };
    if !is_host(host) {
        return Err(refusal(
            text,
            &format!(
                "`{host}` is not a registry: a host name with a `.`, one with a port, or `localhost`"
            ),
        ));
    }
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag.to_owned())),
        None => (rest, None),
    };
    if repository.len() > 255 || !repository.split('/').all(is_repository_part) {
        return Err(refusal(
            text,
            &format!(
                "`{repository}` is not a repository: lower-case letters, digits and single `.`, `_` or `-` between \
                 them, in parts divided by `/`"
            ),
        ));
    }
    if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
        return Err(refusal(text, TAG_RULE));
    }
    let location = Location::Registry {
        host: host.to_owned(),
        repository: repository.to_owned(),
    };
    Ok((location, tag))
}

pub(super) const TAG_RULE: &str =
    "a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two";

pub(super) fn refusal(text: &str, detail: &str) -> Error {
    Error::Reference {
        text: text.to_owned(),
        detail: detail.to_owned(),
    }
}

pub(super) fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// A host's name or address, and perhaps a port. This becomes a part of URLs and of paths, so it is read strictly.
fn is_host(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if !host.ends_with(']') => {
            if port.parse::<u16>().is_err() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            bare
        }
        _ => host,
    };
    if let Some(address) = bare.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (bare == "localhost" || bare.contains('.') || host.len() > bare.len())
        && bare.split('.').all(label)
}

/// Letters and digits with separators between them: one `.`, one or two `_`, any number of `-`.
fn is_repository_part(part: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(word)
        && bytes.last().is_some_and(word)
        && part
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-'))
}
