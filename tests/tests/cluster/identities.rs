//! Certificates of hosts, and the key of their site, as Secrets.

use crate::kubectl;
use crate::site::OURS;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType, date_time_ymd,
};
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::process::Command;

/// Whoever vouches for the hosts of a site.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// Until when a certificate is good.
#[derive(Clone, Copy, PartialEq)]
pub enum Good {
    ForLong,
    /// It was.
    Expired,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Gives the hosts of a zone a certificate.
    pub fn give(&self, zone: &str, good: Good) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        let uri = format!("spiffe://example.org/zone/{zone}");
        params.subject_alt_names = vec![SanType::URI(uri.as_str().try_into().unwrap())];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        if good == Good::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = json!({
            "tls.crt": certificate.pem(),
            "tls.key": key.serialize_pem(),
            "ca.crt": self.certificate.pem(),
        });
        secret(
            &format!("footlight-identity-{zone}"),
            "kubernetes.io/tls",
            &files,
        );
    }
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
