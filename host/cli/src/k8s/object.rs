//! A pipeline file as an object of Kubernetes.

use anyhow::{Context, Result};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The keys of a file, in the order in which one reads them; others, of which there are none yet, come after.
const ORDER: [&str; 9] = [
    "source",
    "classes",
    "models",
    "gallery",
    "stages",
    "answer",
    "zones",
    "placement",
    "boundary",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: Ordered,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    namespace: &'a str,
}

/// A table whose keys are written in this order.
struct Ordered(Vec<(String, Value)>);

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The object of a pipeline file, in YAML. The file names no part of this machine.
pub fn of(toml: &str, name: &str, namespace: &str) -> Result<String> {
    let file: Value = toml::from_str(toml).context("the pipeline file cannot be read")?;
    let Value::Object(mut file) = file else {
        anyhow::bail!("the pipeline file is no table");
    };
    // That is the object's own.
    file.remove("name");
    if let Some(Value::Object(placement)) = file.get_mut("placement") {
        for place in placement.values_mut().filter(|place| place.is_array()) {
            *place = json!({"zones": place.take()});
        }
    }
    let object = Object {
        api_version: "footlight.dev/v1alpha1",
        kind: "Pipeline",
        metadata: Metadata { name, namespace },
        spec: ordered(file),
    };
    // A reference stays on the line of its key: who looks for one, or replaces a registry's name, does so by lines.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(&object, options).context("the object cannot be written")
}

fn ordered(mut file: Map<String, Value>) -> Ordered {
    let known = ORDER
        .iter()
        .filter_map(|key| file.remove_entry(*key))
        .collect::<Vec<_>>();
    Ordered(known.into_iter().chain(file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        name = "members"
        source = "frame"
        [placement]
        detect = ["site"]
        verify = { zones = ["cloud"], gpu = true }
        [classes.frame]
        kind = "image"
        [stages.detect]
        component = "registry.example/members@sha256:1"
        input = "frame"
        yields = []
        limits = { time = "5 s" }
        settings = { threshold = 1.0, sizes = [320, 320], on = "yes", off = "no", version = "1.10", no = "~" }
    "#;

    fn read(yaml: &str) -> Value {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn the_name_is_the_objects_and_places_are_tables() {
        let yaml = of(FILE, "members", "lab").unwrap();
        let object = read(&yaml);
        assert_eq!(object["apiVersion"], "footlight.dev/v1alpha1");
        assert_eq!(object["kind"], "Pipeline");
        assert_eq!(
            object["metadata"],
            json!({"name": "members", "namespace": "lab"})
        );
        let spec = &object["spec"];
        assert!(spec["name"].is_null());
        assert_eq!(
            spec["placement"],
            json!({"detect": {"zones": ["site"]}, "verify": {"zones": ["cloud"], "gpu": true}})
        );
        let place = |key: &str| yaml.find(&format!("\n  {key}:")).unwrap();
        assert!(place("source") < place("classes"));
        assert!(place("classes") < place("stages"));
        assert!(place("stages") < place("placement"));
    }

    #[test]
    fn a_reference_is_on_the_line_of_its_key() {
        let long = format!("registry.example/members@sha256:{}", "0".repeat(64));
        let file = FILE.replace("registry.example/members@sha256:1", &long);
        let yaml = of(&file, "members", "lab").unwrap();
        let line = format!("      component: {long}");
        assert!(yaml.lines().any(|it| it == line), "{yaml}");
    }

    #[test]
    fn what_yaml_takes_for_something_else_stays_what_it_is() {
        let yaml = of(FILE, "members", "lab").unwrap();
        let settings = &read(&yaml)["spec"]["stages"]["detect"]["settings"];
        assert_eq!(
            settings,
            &json!({
                "threshold": 1.0, "sizes": [320, 320], "on": "yes", "off": "no", "version": "1.10", "no": "~",
            })
        );
        // As `kubectl` reads them, by YAML 1.1: bare, these are truths, a number and nothing.
        for bare in [": yes", ": no", ": 1.10", ": ~", " on:", " off:", " no:"] {
            assert!(!yaml.contains(&format!("{bare}\n")), "{bare} in {yaml}");
            assert!(!yaml.contains(&format!("{bare} ")), "{bare} in {yaml}");
        }
    }
}
