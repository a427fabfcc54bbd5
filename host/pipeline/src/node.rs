//! Which hosts a stage may run on, beside the zones that they are in.

use footlight_boundary::Zone;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a stage may run. What is not said is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StagePlacement {
    /// The zones that it may run in; none stands for all.
    pub zones: Option<BTreeSet<Zone>>,
    /// Labels that the node must have, each with this value.
    pub labels: BTreeMap<String, String>,
    /// Whether the host must have a GPU.
    pub gpu: bool,
}

/// What a host knows of the node that it is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node's labels.
    pub labels: BTreeMap<String, String>,
    /// Whether the host was given a GPU.
    pub gpu: bool,
}

impl StagePlacement {
    /// Whether a node is one that the stage may run on, as far as labels and GPUs go.
    ///
    /// # Errors
    /// What it lacks, in words.
    pub fn fits(&self, node: &NodeFacts) -> Result<(), String> {
        for (key, value) in &self.labels {
            match node.labels.get(key) {
                Some(found) if found == value => {}
                Some(found) => {
                    return Err(format!(
                        "it wants a node with the label {key}={value}, and here it is {key}={found}"
                    ));
                }
                None => {
                    return Err(format!(
                        "it wants a node with the label {key}={value}, and this one has none of that key"
                    ));
                }
            }
        }
        if self.gpu && !node.gpu {
            return Err(
                "it wants a GPU, and this host was given none (`nvidia.com/gpu` in its limits)"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// A list is one of zones.
impl<'de> Deserialize<'de> for StagePlacement {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListOrTable)
    }
}

/// The table, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    zones: Option<BTreeSet<Zone>>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    gpu: bool,
}

struct ListOrTable;

impl<'de> Visitor<'de> for ListOrTable {
    type Value = StagePlacement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of zones, or a table with `zones`, `labels` and `gpu`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut zones = BTreeSet::new();
        while let Some(zone) = list.next_element()? {
            zones.insert(zone);
        }
        Ok(StagePlacement {
            zones: Some(zones),
            ..StagePlacement::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        let Table { zones, labels, gpu } = Table::deserialize(MapAccessDeserializer::new(table))?;
        Ok(StagePlacement { zones, labels, gpu })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<StagePlacement, String> {
        #[derive(Deserialize)]
        struct File {
            placement: StagePlacement,
        }
        let read: Result<File, _> = toml::from_str(&format!("placement = {text}"));
        read.map(|file| file.placement)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_one_of_zones_and_a_table_says_more() {
        let list = read("[\"site\"]").unwrap();
        assert_eq!(list, read("{ zones = [\"site\"] }").unwrap());
        let more = read("{ labels = { tier = \"edge\" }, gpu = true }").unwrap();
        assert_eq!(more.zones, None);
        assert!(more.gpu);
        for (wrong, word) in [
            ("{ zone = [\"site\"] }", "zone"),
            ("\"site\"", "a list of zones"),
            ("{ gpu = 1 }", "gpu"),
        ] {
            let said = read(wrong).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn what_a_node_lacks_is_said() {
        let wants = read("{ labels = { tier = \"edge\" }, gpu = true }").unwrap();
        let node = |labels: &[(&str, &str)], gpu| NodeFacts {
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            gpu,
        };
        assert_eq!(
            wants.fits(&node(&[("tier", "edge"), ("x", "y")], true)),
            Ok(())
        );
        let said = wants.fits(&node(&[("tier", "cloud")], true)).unwrap_err();
        assert!(
            said.contains("tier=edge") && said.contains("tier=cloud"),
            "{said}"
        );
        let said = wants.fits(&node(&[], true)).unwrap_err();
        assert!(said.contains("none of that key"), "{said}");
        let said = wants.fits(&node(&[("tier", "edge")], false)).unwrap_err();
        assert!(said.contains("nvidia.com/gpu"), "{said}");
    }
}
