//! The question whether an artifact is trusted, which is asked here and answered elsewhere.

use std::collections::BTreeMap;

use crate::Digest;

/// One signature of an artifact, as cosign keeps it: a layer of the manifest that is tagged `sha256-HEX.sig` in the
/// artifact's repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// What is signed: a "simple signing" document, which names the artifact's digest.
    pub payload: Vec<u8>,
    /// The layer's annotations; `dev.cosignproject.cosign/signature` is the signature of the payload.
    pub annotations: BTreeMap<String, String>,
}

/// Who says what may be run. It is asked once for each artifact that is fetched by its reference; what a trusted index
/// names by digest is trusted with it.
pub trait Judge: Send + Sync {
    /// Whether signatures play a part for this repository. Where they do not, they are not fetched.
    fn wants_signatures(&self, repository: &str) -> bool;

    /// Whether the artifact with this digest may be run; if not, why, in words for who runs the host.
    fn judge(
        &self,
        repository: &str,
        digest: &Digest,
        signatures: &[Signature],
    ) -> Result<Judgement, String>;
}

/// Why an artifact is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The names of the keys that signed it; empty where none needed to.
    pub by: Vec<String>,
}
