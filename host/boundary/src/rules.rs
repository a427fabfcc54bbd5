//! What a pipeline file says of zones.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::{Quantise, Zone};

/// Where stages may run, and what may leave a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The file's `[zones]`.
    pub zones: Zones,
    /// The file's `[placement]`: the zones in which a stage may run. One that is not there may run in all.
    pub placement: BTreeMap<String, BTreeSet<Zone>>,
    /// The file's `[boundary]`: the rule for each class that may leave a zone. What is not there stays.
    pub boundary: BTreeMap<String, Rule>,
}

/// The zones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Zones {
    /// All of them.
    pub names: BTreeSet<Zone>,
    /// Those in which frames enter. A frame's answer is given where it came in.
    pub frames: BTreeSet<Zone>,
}

/// What lets items of a class out of a zone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// The zones that they may leave.
    pub from: BTreeSet<Zone>,
    /// The zones that they may go to.
    pub to: BTreeSet<Zone>,
    /// The most of one frame that a host sends.
    pub per_frame: NonZeroU32,
    /// The most in a second that a host sends, in the long run.
    pub per_second: NonZeroU32,
    /// For a vector: how the host rounds it before it leaves.
    pub quantise: Option<Quantise>,
    /// For a document: its fields. One that has another does not leave.
    #[serde(default)]
    pub fields: BTreeMap<String, ValueForm>,
    /// The attributes that go with an item; others are left behind.
    #[serde(default)]
    pub attributes: BTreeMap<String, ValueForm>,
}

/// What a value must be to leave. Each may be absent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields, rename_all = "kebab-case")]
pub enum ValueForm {
    // With braces: serde would let a variant without them have any other key.
    /// Yes or no.
    Flag {},
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number.
    Number {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
        /// How many equal steps there are from the least to the greatest: it is rounded to the nearest. Without it,
        /// it leaves as precise as it is.
        steps: Option<NonZeroU32>,
    },
    /// A text that is one of a model's labels, as the host knows them: for the gallery, a member's id.
    #[serde(rename_all = "kebab-case")]
    Label {
        /// The model.
        model: String,
        /// How many labels there may be: of more than that, those that come later do not leave.
        at_most: NonZeroU32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(more: &str) -> Result<Rule, String> {
        let text = format!("from = [\"a\"]\nto = [\"b\"]\nper-frame = 4\nper-second = 9\n{more}");
        toml::from_str(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_is_read_as_strictly_as_the_rest() {
        let read = rule(
            "[fields]\nok = { kind = \"flag\" }\nid = { kind = \"label\", model = \"m\", at-most = 7 }",
        );
        let read = read.unwrap();
        assert_eq!(read.fields.get("ok"), Some(&ValueForm::Flag {}));
        assert!(
            matches!(read.fields.get("id"), Some(ValueForm::Label { model, .. }) if model == "m")
        );
        assert_eq!(
            rule("quantise = \"i8\"").unwrap().quantise,
            Some(Quantise::I8)
        );
        for (wrong, word) in [
            ("per-fram = 4", "per-fram"),
            ("quantise = \"i3\"", "i3"),
            ("fields = { ok = { kind = \"flag\", more = 1 } }", "more"),
            ("fields = { t = { kind = \"text\" } }", "text"),
            ("fields = { t = { kind = \"json\" } }", "json"),
            ("fields = { t = { kind = \"integer\", min = 1 } }", "max"),
        ] {
            let error = rule(wrong).unwrap_err();
            assert!(error.contains(word), "{wrong}: {error}");
        }
        let none = "from = [\"a\"]\nto = [\"b\"]\nper-frame = 0\nper-second = 9";
        assert!(toml::from_str::<Rule>(none).is_err());
        let zone = "from = [\"a/b\"]\nto = []\nper-frame = 1\nper-second = 9";
        let error = toml::from_str::<Rule>(zone).unwrap_err().to_string();
        assert!(error.contains("`a/b` is not the name of a zone"), "{error}");
    }
}
