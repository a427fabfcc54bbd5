//! Hosts that run a pipeline together, each with a certificate of one authority.

use crate::host::{Host, run};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType, date_time_ymd,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Whoever vouches for the hosts of a site.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
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

    /// Writes what a host in a zone needs into a folder.
    pub fn write(&self, zone: &str, folder: &Path) {
        self.write_uris(&[format!("spiffe://footlight.test/zone/{zone}")], folder);
    }

    /// The same with these URIs in the certificate.
    pub fn write_uris(&self, uris: &[String], folder: &Path) {
        self.write_until(uris, 4000, folder);
    }

    /// The same with a certificate that has expired.
    pub fn write_expired(&self, zone: &str, folder: &Path) {
        let uri = format!("spiffe://footlight.test/zone/{zone}");
        self.write_until(&[uri], 2020, folder);
    }

    /// With a certificate that ends with this year.
    fn write_until(&self, uris: &[String], year: i32, folder: &Path) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.subject_alt_names = uris
            .iter()
            .map(|uri| SanType::URI(uri.as_str().try_into().unwrap()))
            .collect();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
        fs::write(folder.join("ca.crt"), self.certificate.pem()).unwrap();
    }
}

/// A host that is to be one of several.
pub struct Plan<'a> {
    pub pipeline: PathBuf,
    pub gallery: &'a Path,
    pub identity: &'a Path,
    pub only: &'a [&'a str],
    pub peers: &'a [String],
    pub more: &'a [&'a str],
}

/// A host that is one of several.
pub struct Member {
    pub host: Host,
    /// Where the others reach it.
    pub address: String,
}

impl Plan<'_> {
    pub fn start(&self) -> Member {
        self.start_at("127.0.0.1:0")
    }

    pub fn start_at(&self, address: &str) -> Member {
        let mut command = run(std::slice::from_ref(&self.pipeline), self.gallery);
        command
            .arg("--peer-identity")
            .arg(self.identity)
            .args(["--peer-listen", address])
            .args(self.only.iter().flat_map(|stage| ["--only-stage", stage]))
            .args(self.peers.iter().flat_map(|peer| ["--peer", peer]))
            .args(self.more);
        let host = Host::spawn(command, tempfile::tempdir().unwrap());
        host.wait_until_ready();
        let log = host.log();
        let line = log
            .lines()
            .find(|line| line.contains("listening for other hosts"))
            .unwrap_or_else(|| panic!("it does not listen for others:\n{log}"));
        let address = line.split("address=").nth(1).unwrap();
        let address = address.split_whitespace().next().unwrap().to_owned();
        Member { host, address }
    }
}

impl Member {
    /// Waits until it knows a host that runs a stage.
    #[track_caller]
    pub fn wait_for(&self, stage: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let peers = self.host.get("/v1/peers").good();
            let runs = |peer: &serde_json::Value| {
                let runs = peer["runs"].as_array().unwrap();
                let mut stages = runs
                    .iter()
                    .flat_map(|runs| runs["stages"].as_array().unwrap());
                peer["away"].is_null() && stages.any(|name| name == stage)
            };
            if peers["peers"].as_array().unwrap().iter().any(runs) {
                return;
            }
            assert!(
                Instant::now() < until,
                "no host runs `{stage}`: {peers:#}\n{}",
                self.host.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Folders of a site's hosts.
pub struct Site {
    pub authority: Authority,
    pub folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        Self {
            authority: Authority::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The folder of a certificate for a zone.
    pub fn identity(&self, zone: &str) -> PathBuf {
        let folder = self.folder.path().join(format!("certificate-{zone}"));
        if !folder.exists() {
            self.authority.write(zone, &folder);
        }
        folder
    }

    /// A folder of this name.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
