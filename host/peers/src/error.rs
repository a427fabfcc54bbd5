//! What can be wrong with a host's certificate.

use std::path::PathBuf;

use footlight_boundary::InvalidZone;

/// Why a folder is not the identity of a host.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file is not there, or cannot be read.
    #[error(
        "{} cannot be read: {source}; the folder must have tls.crt, tls.key and ca.crt, as a Secret of Kubernetes has them",
        .path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {why}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The certificate names no zone.
    #[error(
        "{}: the certificate names no zone: it must have one URI as its alternative name, spiffe://DOMAIN/zone/ZONE",
        .0.display()
    )]
    NoZone(PathBuf),
    /// The certificate names a zone that cannot be one.
    #[error("{}: {zone}", .path.display())]
    Zone {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        zone: InvalidZone,
    },
    /// The files have become another zone's while the host runs.
    #[error(
        "{}: the certificate is of the zone `{found}`, and this host began in `{began}`: a host does not change its \
         zone while it runs; put a certificate of `{began}` there, or start the host anew",
        .path.display()
    )]
    Moved {
        /// The file.
        path: PathBuf,
        /// The zone that it is of.
        found: String,
        /// The zone that the host is in.
        began: String,
    },
}
