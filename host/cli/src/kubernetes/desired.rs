//! What a host is to run, of what it sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use footlight_boundary::Zone;
use footlight_cluster::{Kept, ZONE_LABEL};
use footlight_pipeline::{Definition, NodeFacts};
use serde_json::Value;

/// What a host is to run.
pub struct Desired {
    /// By the name of the pipeline.
    pub pipelines: BTreeMap<String, Wanted>,
    /// The `spec` of each that is accepted; of one that is not, the one that was before.
    pub specs: BTreeMap<String, Value>,
    /// What is known of the node.
    pub node: NodeFacts,
}

/// What is to be made of a pipeline.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// It is to run.
    Run(Box<Definition>, NodeFacts),
    /// The object is not accepted, and no version before is known.
    Nothing(String),
    /// This host must not run it.
    Not(String),
}

impl Wanted {
    /// Whether it is the same as before.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Run(one, here), Self::Run(other, there)) => {
                one.version == other.version && here == there
            }
            (Self::Nothing(one), Self::Nothing(other)) | (Self::Not(one), Self::Not(other)) => {
                one == other
            }
            _ => false,
        }
    }
}

impl Desired {
    /// Of what was known when the API server was last there.
    pub fn known(kept: &Kept) -> Self {
        let node = kept.node();
        let specs = kept.pipelines().clone();
        let pipelines = specs.iter().filter_map(|(name, spec)| {
            let definition = define(name, spec).ok()?;
            Some((name.clone(), Wanted::Run(definition, node.clone())))
        });
        Self {
            pipelines: pipelines.collect(),
            specs,
            node,
        }
    }

    /// Of the objects of a cluster, for a host on this node, whose certificate names this zone.
    pub fn seen<O: HasSpec>(
        objects: &BTreeMap<String, Arc<O>>,
        kept: &Kept,
        node: NodeFacts,
        zone: Option<&Zone>,
    ) -> Self {
        let mut specs = BTreeMap::new();
        let mut pipelines = BTreeMap::new();
        let misplaced = misplaced(&node, zone);
        for (name, object) in objects {
            let spec = object.spec();
            let judged = define(name, &spec).map(|definition| (spec, definition));
            // Nothing of an object that is not accepted is taken: the one before goes on.
            let judged = judged.or_else(|why| {
                let before = kept.pipelines().get(name);
                let before = before.and_then(|spec| Some((spec.clone(), define(name, spec).ok()?)));
                before.ok_or(why)
            });
            let wanted = match (&misplaced, judged) {
                (Some(why), _) => Wanted::Not(why.clone()),
                (None, Err(why)) => Wanted::Nothing(why),
                (None, Ok((spec, definition))) => {
                    specs.insert(name.clone(), spec);
                    match (zone, &definition.file.zones) {
                        (None, Some(_)) => Wanted::Not(no_certificate()),
                        _ => Wanted::Run(definition, node.clone()),
                    }
                }
            };
            pipelines.insert(name.clone(), wanted);
        }
        Self {
            pipelines,
            specs,
            node,
        }
    }
}

/// Something with a `spec`.
pub trait HasSpec {
    /// What is to be.
    fn spec(&self) -> Value;
}

impl HasSpec for footlight_cluster::Object {
    fn spec(&self) -> Value {
        self.data.get("spec").cloned().unwrap_or(Value::Null)
    }
}

fn define(name: &str, spec: &Value) -> Result<Box<Definition>, String> {
    let definition = Definition::of_object(name, spec, format!("pipelines/{name}"));
    definition
        .map(Box::new)
        .map_err(|rejection| rejection.to_string())
}

/// Why a host must run nothing: its certificate was made for another place than it is in.
fn misplaced(node: &NodeFacts, zone: Option<&Zone>) -> Option<String> {
    let (labelled, zone) = (node.labels.get(ZONE_LABEL)?, zone?);
    (labelled != zone.as_str()).then(|| {
        format!(
            "the host's certificate is of the zone `{zone}`, and its node has the label {ZONE_LABEL}={labelled}: correct \
             the label, or have hosts there mount the certificate of that zone"
        )
    })
}

fn no_certificate() -> String {
    "the pipeline has zones, and this host has no certificate that says in which it is: give it the Secret with one \
     (docs/run-on-a-cluster.md)"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    struct Object(Value);

    impl HasSpec for Object {
        fn spec(&self) -> Value {
            self.0.clone()
        }
    }

    fn spec(threshold: f64) -> Value {
        let part = format!("r.example/p@sha256:{}", "a".repeat(64));
        json!({
            "source": "frame",
            "classes": {"frame": {"kind": "image"}, "verdict": {"kind": "document"}},
            "stages": {"one": {"component": part, "input": "frame", "yields": ["verdict"], "settings": {"t": threshold}}},
        })
    }

    fn in_zones(mut spec: Value) -> Value {
        spec["zones"] = json!({"names": ["site"], "frames": ["site"]});
        spec
    }

    fn seen(spec: Value, kept: &Kept, label: Option<&str>, zone: Option<&str>) -> Wanted {
        let objects = BTreeMap::from([("p".to_owned(), Arc::new(Object(spec)))]);
        let label = label.map(|zone| (ZONE_LABEL.to_owned(), zone.to_owned()));
        let node = NodeFacts {
            labels: label.into_iter().collect(),
            gpu: false,
        };
        let zone = zone.map(|zone| zone.parse().unwrap());
        let mut desired = Desired::seen(&objects, kept, node, zone.as_ref());
        desired.pipelines.remove("p").unwrap()
    }

    #[test]
    fn what_is_not_accepted_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(&folder.path().join("kept.json"));
        let broken = json!({"source": "frame"});
        let nothing = seen(broken.clone(), &kept, None, None);
        assert!(
            matches!(&nothing, Wanted::Nothing(why) if why.contains("classes")),
            "{nothing:?}"
        );
        let before = BTreeMap::from([("p".to_owned(), spec(1.0))]);
        kept.keep(before, &NodeFacts::default(), &[].into())
            .unwrap();
        let known = Desired::known(&kept).pipelines.remove("p").unwrap();
        assert!(seen(broken, &kept, None, None).is(&known));
        assert!(!seen(spec(2.0), &kept, None, None).is(&known));
    }

    #[test]
    fn a_host_runs_nothing_where_it_is_not_known_to_be() {
        let kept = Kept::open(Path::new("/nowhere"));
        let says = |spec: Value, label, zone| match seen(spec, &kept, label, zone) {
            Wanted::Not(why) => why,
            other => format!("{other:?}"),
        };
        let run =
            |spec: Value, label, zone| matches!(seen(spec, &kept, label, zone), Wanted::Run(..));
        assert!(run(spec(1.0), None, None));
        assert!(run(in_zones(spec(1.0)), None, Some("site")));
        assert!(run(in_zones(spec(1.0)), Some("site"), Some("site")));
        let said = says(in_zones(spec(1.0)), None, None);
        assert!(said.contains("no certificate"), "{said}");
        let said = says(spec(1.0), Some("cloud"), Some("site"));
        assert!(said.contains("footlight.dev/zone=cloud"), "{said}");
    }
}
