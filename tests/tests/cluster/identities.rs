//! Certificates of hosts, and the key of their site, as Secrets.

use crate::kubectl;
use crate::site::OURS;
use footlight_tests::authority::{Authority, Good, in_zone};
use serde_json::{Map, Value, json};
use std::env;
use std::fs;
use std::process::Command;

/// Gives the hosts of a zone a certificate.
pub fn give(authority: &Authority, zone: &str, good: Good) {
    let identity = authority.vouch(&[in_zone(zone)], good).unwrap();
    let files: Map<String, Value> = identity
        .files()
        .map(|(name, text)| (name.to_owned(), text.into()))
        .into_iter()
        .collect();
    let name = format!("footlight-identity-{zone}");
    secret(&name, "kubernetes.io/tls", &files.into());
}

/// Gives all hosts the key that members are encrypted with.
pub fn give_site_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.key");
    let program = env::var_os("FOOTLIGHT_BIN").expect("no FOOTLIGHT_BIN");
    let mut keygen = Command::new(program);
    let made = keygen
        .args(["keygen", "--site"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let files = json!({"site.key": fs::read_to_string(file).unwrap()});
    secret("footlight-site-key", "Opaque", &files);
}

fn secret(name: &str, kind: &str, files: &Value) {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {OURS: "true"}},
        "type": kind,
        "stringData": files,
    });
    kubectl::apply(&secret).unwrap();
}
