//! What a newer Kubernetes than the cluster's says of its objects.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::PathBuf;

/// Every field that Kubernetes 1.33 knows, and no other.
const FILE: &str = "schemas/kubernetes-1.33/_definitions.json";

fn file() -> PathBuf {
    PathBuf::from(env::var_os("FOOTLIGHT_CACHE").unwrap_or_default()).join(FILE)
}

/// Why they are not there, where they are not.
pub fn missing() -> Option<String> {
    let file = file();
    (!file.is_file()).then(|| format!("{} is not there: run `cargo xtask test`", file.display()))
}

/// The schemas, by `apiVersion` and `kind`.
pub struct Schemas(HashMap<(String, String), Validator>);

impl Schemas {
    /// Those of the kinds that these objects have.
    pub fn of(objects: &[Value]) -> Schemas {
        let text = fs::read_to_string(file()).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        let definitions = all["$defs"].as_object().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut schemas = HashMap::new();
        for object in objects {
            let key = (text(&object["apiVersion"]), text(&object["kind"]));
            let (group, version) = key.0.split_once('/').unwrap_or(("", &key.0));
            let kind = json!({"group": group, "version": version, "kind": key.1});
            let is_it = |definition: &Value| {
                let kinds = definition["x-kubernetes-group-version-kind"].as_array();
                kinds.is_some_and(|kinds| kinds.contains(&kind))
            };
            let found = definitions.iter().find(|(_, definition)| is_it(definition));
            let (name, _) = found.unwrap_or_else(|| panic!("Kubernetes 1.33 has no {key:?}"));
            let schema = json!({"$ref": format!("#/$defs/{name}"), "$defs": definitions});
            schemas
                .entry(key)
                .or_insert_with(|| jsonschema::validator_for(&schema).unwrap());
        }
        Schemas(schemas)
    }

    /// What is wrong with an object.
    pub fn errors(&self, object: &Value) -> Vec<String> {
        let text = |name: &str| object[name].as_str().unwrap().to_owned();
        let schema = &self.0[&(text("apiVersion"), text("kind"))];
        let errors = schema.iter_errors(object);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }
}
