//! Model cards: what is read, what is refused, and that a file is what its card says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use footlight_nn::{Card, ElementType, ErrorKind, Side, sha256_hex};

const MODEL: &[u8] = b"a model, for all that a card knows";

/// A card for [`MODEL`], with nothing optional in it.
fn text() -> String {
    format!(
        r#"
name = "small"
summary = "does little"
sha256 = "{}"
size = {}
licence = "CC0-1.0"
origin = "made here"
training-data = "none"

[source]
registry = "npm"
package = "small"
version = "1.0.0"
archive = "small-1.0.0.tgz"
archive-sha256 = "{}"
path = "package/small.onnx"

[[input]]
name = "x"
type = "u8"
shape = [1, "width"]
meaning = "pixels"

[[output]]
name = "y"
type = "f32"
shape = []
meaning = "their mean"

[preprocessing]
channels = "rgb"
mean = [0.0, 0.0, 0.0]
scale = [1.0, 1.0, 1.0]
resize = "none"
"#,
        sha256_hex(MODEL),
        MODEL.len(),
        "0".repeat(64)
    )
}

/// A cache folder with this content under the card's digest.
fn cache(content: &[u8]) -> tempfile::TempDir {
    let cache = tempfile::tempdir().unwrap();
    let models = cache.path().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(models.join(sha256_hex(MODEL)), content).unwrap();
    cache
}

#[test]
fn a_card_is_read() {
    let card = Card::parse(&text()).unwrap();
    assert_eq!(card.name, "small");
    let input = card.inputs.first().unwrap();
    assert_eq!(input.element, ElementType::U8);
    assert_eq!(
        input.shape,
        [Side::Fixed(1), Side::Named("width".to_owned())]
    );
    assert_eq!(card.threshold, None);
}

#[test]
fn a_card_reads_back_as_it_was_written() {
    let card = Card::parse(&text()).unwrap();
    let written = toml::to_string(&card).unwrap();
    assert_eq!(Card::parse(&written).unwrap(), card);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (right, wrong, words) in [
        ("licence =", "license =", ["license", "line 6"]),
        ("\"u8\"", "\"uint8\"", ["uint8", "line 20"]),
        ("size = ", "size = -", ["size", "line 5"]),
        ("\"npm\"", "\"github\"", ["github", "pypi"]),
        (
            "small-1.0.0.tgz",
            "../small.tgz",
            ["../small.tgz", "file name"],
        ),
        ("00000000", "0000000G", ["0000000G", "64"]),
    ] {
        let error = Card::parse(&text().replacen(right, wrong, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidModel);
        for word in words {
            assert!(
                error.to_string().contains(word),
                "`{word}` is not in: {error}"
            );
        }
    }
}

#[test]
fn a_card_that_is_not_there_is_named() {
    let error = Card::read(Path::new("no/such/card.toml")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no/such/card.toml"), "{error}");
}

#[test]
fn the_file_of_a_card_is_loaded() {
    let cache = cache(MODEL);
    let card = Card::parse(&text()).unwrap();
    assert_eq!(card.load(cache.path()).unwrap(), MODEL);
}

#[test]
fn another_file_in_its_place_is_refused() {
    let cache = cache(b"something else");
    let card = Card::parse(&text()).unwrap();
    let error = card.load(cache.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidModel);
    let message = error.to_string();
    assert!(
        message.contains(&sha256_hex(b"something else")),
        "{message}"
    );
    assert!(message.contains("fetch it again"), "{message}");
}

#[test]
fn a_model_that_was_not_fetched_is_named_with_its_package() {
    let empty = tempfile::tempdir().unwrap();
    let error = Card::parse(&text())
        .unwrap()
        .locate(empty.path())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("package small 1.0.0"), "{error}");
}

#[test]
fn every_card_of_this_project_is_one() {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mut count = 0;
    for entry in fs::read_dir(models).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let card = Card::read(&path).unwrap();
            assert_eq!(
                path.file_stem().and_then(|stem| stem.to_str()),
                Some(&*card.name)
            );
            count += 1;
        }
    }
    assert!(count >= 2, "only {count} cards");
}
