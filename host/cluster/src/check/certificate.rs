//! Whether a host's certificate is one.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

/// How long before its end somebody should look at one.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A certificate that other hosts take.
#[derive(Debug)]
pub struct Certificate {
    /// The zone that it names.
    pub zone: String,
    /// When it ends, where that is soon.
    pub ends: Option<Timestamp>,
}

/// Looks at a certificate as another host would, with the authority that all trust.
///
/// # Errors
/// Why no other host takes it.
pub fn examine(chain: &[u8], authority: &[u8], now: UnixTime) -> Result<Certificate, String> {
    let chain = certificates("tls.crt", chain)?;
    let authority = certificates("ca.crt", authority)?;
    let (host, between) = chain.split_first().ok_or("there is none in tls.crt")?;
    let zone = footlight_peers::zone_of(host).ok_or(
        "its certificate names no zone: it wants one URI among its alternative names, spiffe://DOMAIN/zone/ZONE",
    )?;
    let anchors: Result<Vec<_>, Error> = authority.iter().map(anchor_from_trusted_cert).collect();
    let anchors = anchors.map_err(|error| format!("ca.crt holds no authority: {error}"))?;
    let host = EndEntityCert::try_from(host).map_err(|error| format!("tls.crt: {error}"))?;
    let provider = rustls::crypto::ring::default_provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let holds = |at: UnixTime, usage: KeyUsage| {
        let verified = host.verify_for_usage(algorithms, &anchors, between, at, usage, None, None);
        verified.map(|_| ())
    };
    // Each host is both to others.
    for usage in [KeyUsage::server_auth(), KeyUsage::client_auth()] {
        holds(now, usage).map_err(|error| match error {
            Error::CertExpired { not_after, .. } => format!("it ended at {}", date(not_after)),
            Error::CertNotValidYet { not_before, .. } => {
                format!("it begins at {}", date(not_before))
            }
            // The second is what comes of another authority of the same name.
            Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => {
                "the authority in ca.crt has not signed it".to_owned()
            }
            other => format!("other hosts do not take it: {other}"),
        })?;
    }
    let soon = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + SOON);
    let ends = match holds(soon, KeyUsage::server_auth()) {
        Err(Error::CertExpired { not_after, .. }) => Some(date(not_after)),
        _ => None,
    };
    Ok(Certificate { zone, ends })
}

fn certificates(name: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if found.is_empty() => Err(format!("there is no certificate in {name}")),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("{name} cannot be read: {error}")),
    }
}

fn date(at: UnixTime) -> Timestamp {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
