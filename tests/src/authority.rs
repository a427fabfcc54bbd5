//! Certificates of hosts that run a pipeline together.

use std::fs;
use std::io;
use std::path::Path;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, Error, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType, date_time_ymd,
};

/// Whoever vouches for the hosts of a site.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// Until when a certificate is good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Good {
    /// For longer than anybody waits.
    ForLong,
    /// It was, until the end of 2020.
    Expired,
}

/// What a host needs to speak with others, in PEM.
pub struct Identity {
    certificate: String,
    key: String,
    authority: String,
}

/// The name in a host's certificate that says in which zone it is.
pub fn in_zone(zone: &str) -> String {
    format!("spiffe://footlight.test/zone/{zone}")
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// No key can be made.
    pub fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// What a host needs that has these names, each a URI.
    ///
    /// # Errors
    /// A name that is none.
    pub fn vouch(&self, names: &[String], good: Good) -> Result<Identity, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([])?;
        let uri = |name: &String| Ok(SanType::URI(name.as_str().try_into()?));
        params.subject_alt_names = names.iter().map(uri).collect::<Result<_, Error>>()?;
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let year = match good {
            Good::ForLong => 4000,
            Good::Expired => 2020,
        };
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            authority: self.certificate.pem(),
        })
    }
}

impl Identity {
    /// The files that a host reads it from, each with what is in it.
    pub fn files(&self) -> [(&'static str, &str); 3] {
        [
            ("tls.crt", &self.certificate),
            ("tls.key", &self.key),
            ("ca.crt", &self.authority),
        ]
    }

    /// Writes it into a folder, which is made.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (name, text) in self.files() {
            fs::write(folder.join(name), text)?;
        }
        Ok(())
    }
}
