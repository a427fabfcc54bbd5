//! Who made an artifact, and whether this host is to run it: keys, signatures, the trust policy; and the key
//! of a site, with which a gallery travels encrypted. Bytes in, bytes out: nothing here knows a registry.
//!
//! # Keys
//!
//! ECDSA on the curve P-256, in the files that `cosign generate-key-pair` writes: a key made there signs here
//! ([`SigningKey`]), and one made here signs there. A key is known by the SHA-256 digest of its public half
//! ([`KeyId`]).
//!
//! # Signatures
//!
//! [`sign`] makes what `cosign sign --key` makes: a small document that names the digest of the artifact's
//! manifest, and its signature in an annotation. `cosign verify --key --insecure-ignore-tlog` accepts it, and
//! [`Signature::verify`] accepts cosign's, without a network: there is no transparency log in between. Bundles
//! as cosign 3 writes them by default are accepted as well, of artifacts and of single files (`cosign
//! sign-blob`), but not written.
//!
//! The document has the repository's name too. It is not compared: an artifact is the same in a mirror or in a
//! folder, where it has another name, and cosign compares it only where it is asked to. Which keys may sign for
//! which repository is what the policy says.
//!
//! # Policy
//!
//! A [`Policy`] is a TOML file that says for which repositories which keys may sign, and where artifacts may
//! be without a signature. [`Policy::judge`] answers for one artifact; what it refuses it refuses with the
//! rule, what was found and what to do.
//!
//! # The key of a site
//!
//! A gallery has what is known of people's faces. Outside of the host that made it, it is sealed with the
//! [`SiteKey`]: XChaCha20-Poly1305, bound to what it belongs to by a context such as a digest.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bundle;
mod claim;
mod digest;
mod encrypted;
mod file;
mod key;
mod key_error;
mod policy;
mod public_key;
mod signature;
mod simple_signing;
mod site_key;

pub use bundle::MEDIA_TYPE as BUNDLE_MEDIA_TYPE;
pub use digest::InvalidDigest;
pub use key::SigningKey;
pub use key_error::{KeyError, KeyFlaw};
pub use policy::{Judgement, Policy, PolicyError, Refusal};
pub use public_key::{KeyId, PublicKey};
pub use signature::{Flaw, Signature, Unverified, sign, tag, verify};
pub use simple_signing::{ANNOTATION as SIGNATURE_ANNOTATION, MEDIA_TYPE as PAYLOAD_MEDIA_TYPE};
pub use site_key::{OpenError, SealError, SiteKey, SiteKeyError};
