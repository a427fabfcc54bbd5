//! Who a host is: its certificate, and the zone that it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use footlight_boundary::Zone;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::error::IdentityError;

/// Protocols as TLS negotiates them: HTTP/2 and nothing else.
const PROTOCOL: &[u8] = b"h2";
/// When the year 10000 begins.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

/// A host's certificate, its key, and the authority that all hosts of a site trust. The files are read again while the
/// host runs, so that a certificate is replaced by writing another one there.
#[derive(Debug)]
pub struct Identity {
    folder: PathBuf,
    zone: Zone,
    current: ArcSwap<Current>,
}

/// What the files had when they were last read.
#[derive(Debug)]
pub(crate) struct Current {
    files: [Vec<u8>; 3],
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    chain: Vec<CertificateDer<'static>>,
    hosts: Arc<AnyHost>,
}

impl Identity {
    /// That in a folder with `tls.crt` (the certificate, then those between it and the authority), `tls.key` and
    /// `ca.crt`, all PEM: as a Secret of the type `kubernetes.io/tls` is mounted. The certificate names the zone in a
    /// URI of its alternative names, `spiffe://DOMAIN/zone/ZONE`.
    ///
    /// # Errors
    /// [`IdentityError`] with the file and what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, IdentityError> {
        let (current, zone) = load(folder, read_files(folder)?)?;
        Ok(Self {
            folder: folder.to_owned(),
            zone,
            current: ArcSwap::from_pointee(current),
        })
    }

    /// The zone that the host is in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Reads the files again; whether they have changed. What is there already goes on to be used where they are not
    /// right.
    ///
    /// # Errors
    /// [`IdentityError`], of a zone that is another among them.
    pub fn refresh(&self) -> Result<bool, IdentityError> {
        let files = read_files(&self.folder)?;
        if self.current.load().files == files {
            return Ok(false);
        }
        let (current, zone) = load(&self.folder, files)?;
        if zone != self.zone {
            return Err(IdentityError::Moved {
                path: self.folder.join("tls.crt"),
                found: zone.to_string(),
                began: self.zone.to_string(),
            });
        }
        self.current.store(Arc::new(current));
        Ok(true)
    }

    pub(crate) fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// Why other hosts do not speak with this one, where its own certificate is why. The same words for as long as it is
    /// the same.
    pub(crate) fn trouble(&self) -> Option<String> {
        let current = self.current.load();
        let (host, between) = current.chain.split_first()?;
        let checked = current.hosts.check(host, between, UnixTime::now());
        checked.err().map(|error| {
            let why = of_tls(&error);
            format!("this host's own certificate is not right: {why}")
        })
    }
}

/// What is wrong with a connection, in words that stay the same for as long as it is the same.
pub(crate) fn words(error: &std::io::Error) -> String {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(error) => of_tls(error),
        None => error.to_string(),
    }
}

fn of_tls(error: &Error) -> String {
    let date = |time: &UnixTime| {
        let since = Duration::from_secs(time.as_secs());
        let time = SystemTime::UNIX_EPOCH.checked_add(since);
        // Dates for people end with the year 9999, and so do those of certificates that never end.
        time.filter(|_| since < YEAR_10000)
            .map_or_else(|| "no date".to_owned(), httpdate::fmt_http_date)
    };
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            format!(
                "the certificate has expired: it ended at {}",
                date(not_after)
            )
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            format!(
                "the certificate is not valid yet: it begins at {}",
                date(not_before)
            )
        }
        error => error.to_string(),
    }
}

/// The zone that the certificate of a host names; none, where it names none or several.
pub fn zone_of(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut zones = certificate.valid_uri_names().filter_map(|uri| {
        let (_domain, path) = uri.strip_prefix("spiffe://")?.split_once('/')?;
        path.strip_prefix("zone/").map(str::to_owned)
    });
    // One that names two is of neither.
    zones.next().filter(|_| zones.next().is_none())
}

fn read_files(folder: &Path) -> Result<[Vec<u8>; 3], IdentityError> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|source| IdentityError::Read { path, source })
    };
    Ok([read("tls.crt")?, read("tls.key")?, read("ca.crt")?])
}

fn load(folder: &Path, files: [Vec<u8>; 3]) -> Result<(Current, Zone), IdentityError> {
    let wrong = |name: &str, why: &dyn std::fmt::Display| IdentityError::Content {
        path: folder.join(name),
        why: why.to_string(),
    };
    let [chain, key, authority] = &files;
    let certificates = |name: &str, pem: &[u8]| {
        let read: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(pem).collect();
        match read {
            Ok(found) if found.is_empty() => {
                Err(wrong(name, &"there is no certificate in PEM in it"))
            }
            Ok(found) => Ok(found),
            Err(error) => Err(wrong(name, &error)),
        }
    };
    let chain = certificates("tls.crt", chain)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| wrong("tls.key", &error))?;
    let mut roots = RootCertStore::empty();
    for root in certificates("ca.crt", authority)? {
        let added = roots.add(root);
        added.map_err(|error| wrong("ca.crt", &error))?;
    }
    let roots = Arc::new(roots);
    let zone = chain.first().and_then(zone_of);
    let zone = zone.ok_or_else(|| IdentityError::NoZone(folder.join("tls.crt")))?;
    let zone = zone.parse().map_err(|zone| IdentityError::Zone {
        path: folder.join("tls.crt"),
        zone,
    })?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .map_err(|error| wrong("ca.crt", &error))?;
    let pair = |error: Error| wrong("tls.crt", &format!("it does not go with tls.key: {error}"));
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(pair)?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain.clone(), key.clone_key())
        .map_err(pair)?;
    server.alpn_protocols = vec![PROTOCOL.to_vec()];
    let hosts = Arc::new(AnyHost {
        algorithms: provider.signature_verification_algorithms,
        roots,
    });
    let verifier = hosts.clone();
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(pair)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(chain.clone(), key)
        .map_err(pair)?;
    client.alpn_protocols = vec![PROTOCOL.to_vec()];
    // A ticket would let a peer back in without its certificate being looked at again.
    client.resumption = rustls::client::Resumption::disabled();
    server.send_tls13_tickets = 0;
    let current = Current {
        server: Arc::new(server),
        client: Arc::new(client),
        chain,
        hosts,
        files,
    };
    Ok((current, zone))
}

/// Takes any host that the authority vouches for. Hosts come and go with their addresses, which so are in no
/// certificate; what counts is the zone, which whoever sends looks at.
#[derive(Debug)]
struct AnyHost {
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyHost {
    fn check(
        &self,
        host: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(host)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, now, algorithms)?;
        match zone_of(host) {
            Some(_) => Ok(()),
            None => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        host: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(host, between, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("hosts speak TLS 1.3".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        host: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, host, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
