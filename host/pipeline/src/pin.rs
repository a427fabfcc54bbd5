//! Other places for the parts of a pipeline file, its comments and order left as they are.

use crate::error::OpenError;
use footlight_artifacts::Reference;
use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item, value};

/// Where a file names a part: its table, and the key in it.
const PLACES: [(&str, &str); 2] = [("stages", "component"), ("models", "card")];

/// The text of a pipeline file with other places for some of its parts, which are named as in
/// `stages.detect` and `models.retinaface`.
///
/// # Errors
/// [`OpenError`] for text that is not TOML, and for a part that it does not have.
pub fn pin(text: &str, places: &BTreeMap<String, String>) -> Result<String, OpenError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| OpenError::new(error.to_string()))?;
    for (part, place) in places {
        let slot = slot(&mut document, part)
            .ok_or_else(|| OpenError::new(format!("the pipeline file has no part `{part}`")))?;
        let decor = slot.as_value().map(|value| value.decor().clone());
        *slot = value(place);
        if let (Some(decor), Some(value)) = (decor, slot.as_value_mut()) {
            *value.decor_mut() = decor;
        }
    }
    Ok(document.to_string())
}

/// The text of a pipeline file that was published, with the whole references of the parts that are beside it there,
/// which it names by `@` and their digest alone: it is the same text wherever it is.
///
/// # Errors
/// [`OpenError`] for text that is not TOML.
pub fn settle(text: &str, home: &Reference) -> Result<String, OpenError> {
    let document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| OpenError::new(error.to_string()))?;
    let mut places = BTreeMap::new();
    for (table, key) in PLACES {
        let parts = document.get(table).and_then(Item::as_table_like);
        for (name, part) in parts.into_iter().flat_map(|parts| parts.iter()) {
            let place = part
                .as_table_like()
                .and_then(|part| part.get(key)?.as_str());
            if let Some(digest) = place.and_then(|place| place.strip_prefix('@')) {
                let whole = format!("{}@{digest}", home.repository());
                places.insert(format!("{table}.{name}"), whole);
            }
        }
    }
    pin(text, &places)
}

/// Where the document has the place of a part.
fn slot<'a>(document: &'a mut DocumentMut, part: &str) -> Option<&'a mut Item> {
    let (table, name) = part.split_once('.')?;
    let (_, key) = PLACES.into_iter().find(|(known, _)| *known == table)?;
    let parts = document.get_mut(table)?.as_table_like_mut()?;
    let part = parts.get_mut(name)?.as_table_like_mut()?;
    part.get_mut(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Kept.
name = \"p\"

[models.retinaface]
card = \"../models/r.toml\"  # as is this
device = \"cpu\"

[stages]
detect = { component = \"face.wasm\", input = \"frame\" }
";

    fn pinned(parts: &[(&str, &str)]) -> Result<String, OpenError> {
        let parts = parts
            .iter()
            .map(|(part, place)| ((*part).into(), (*place).into()));
        pin(FILE, &parts.collect())
    }

    #[test]
    fn places_change_and_nothing_else_does() {
        let text = pinned(&[("models.retinaface", "r/m@1"), ("stages.detect", "r/s@2")]).unwrap();
        let wanted = FILE
            .replace("../models/r.toml", "r/m@1")
            .replace("face.wasm", "r/s@2");
        assert_eq!(text, wanted);
        assert_eq!(pinned(&[]).unwrap(), FILE);
    }

    #[test]
    fn parts_beside_a_published_file_are_found_in_its_repository() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let beside = format!("@{digest}");
        let text = pinned(&[
            ("models.retinaface", &beside),
            ("stages.detect", "r.example/s:2"),
        ]);
        let home: Reference = "r.example/p:1".parse().unwrap();
        let wanted = FILE
            .replace("../models/r.toml", &format!("r.example/p@{digest}"))
            .replace("face.wasm", "r.example/s:2");
        assert_eq!(settle(&text.unwrap(), &home).unwrap(), wanted);
        assert_eq!(settle(FILE, &home).unwrap(), FILE);
        assert_eq!(settle("name = \"p\"\n", &home).unwrap(), "name = \"p\"\n");
    }

    #[test]
    fn a_part_that_is_not_there_is_named() {
        for part in ["stages.verify", "models.detect", "classes.frame", "detect"] {
            let error = pinned(&[(part, "r/x@1")]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{part}`")), "{error}");
        }
    }
}
