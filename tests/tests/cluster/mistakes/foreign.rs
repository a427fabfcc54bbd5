//! A component that no stage is, put into the cluster's registry.

use crate::site::variable;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::env;

/// A component that imports what no stage may, in the cluster's registry: its reference. `footlight stage push` would not put it
/// there.
pub fn pushed() -> String {
    let handler = "wasi:http/outgoing-handler@0.2.0";
    let component =
        wat::parse_str(format!("(component (import \"{handler}\" (instance)))")).unwrap();
    let (inside, here) = (variable("REGISTRY"), variable("REGISTRY_HERE"));
    let registry = Registry {
        base: match env::var_os("FOOTLIGHT_CLUSTER_PLAIN_HTTP") {
            Some(_) => format!("http://{here}/v2/footlight/other-imports"),
            None => format!("https://{here}/v2/footlight/other-imports"),
        },
    };
    let layer = registry.blob("application/wasm", &component);
    let config = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer["digest"]],
        "component": {"exports": [], "imports": [handler]},
    });
    let config = registry.blob(
        "application/vnd.wasm.config.v0+json",
        config.to_string().as_bytes(),
    );
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": kind,
        "config": config,
        "layers": [layer],
    });
    let manifest = manifest.to_string();
    let put = ureq::put(format!("{}/manifests/e2e", registry.base));
    put.header("content-type", kind).send(&manifest).unwrap();
    let digest = digest(manifest.as_bytes());
    format!("{inside}/footlight/other-imports@{digest}")
}

/// A repository of the cluster's registry, as this machine reaches it.
struct Registry {
    base: String,
}

impl Registry {
    /// Puts a blob there; how a manifest names it.
    fn blob(&self, kind: &str, bytes: &[u8]) -> Value {
        let begin = ureq::post(format!("{}/blobs/uploads/", self.base));
        let begun = begin.send_empty().unwrap();
        let place = begun.headers()["location"].to_str().unwrap();
        let join = if place.contains('?') { '&' } else { '?' };
        let digest = digest(bytes);
        let put = ureq::put(format!("{place}{join}digest={digest}"));
        put.header("content-type", "application/octet-stream")
            .send(bytes)
            .unwrap();
        json!({"mediaType": kind, "digest": digest, "size": bytes.len()})
    }
}

fn digest(bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hash}")
}
