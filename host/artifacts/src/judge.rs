//! The question whether an artifact is trusted, which is asked here and answered elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Digest, Location, Reference};

/// One signature of an artifact, as cosign keeps it: a layer of the manifest that is tagged `sha256-HEX.sig` in the
/// artifact's repository, or of one that refers to the artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The layer's media type, which says how it is to be read.
    pub media_type: String,
    /// What is signed, a "simple signing" document, which names the artifact's digest; or a bundle, which has all that
    /// verifying it takes.
    pub payload: Vec<u8>,
    /// The layer's annotations; of a document, `dev.cosignproject.cosign/signature` is the signature.
    pub annotations: BTreeMap<String, String>,
}

/// Who says what may be run. It is asked once for each artifact that is fetched by its reference; what a trusted index
/// names by digest is trusted with it. A repository is called what [`judged_name`] calls it.
pub trait Judge: Send + Sync {
    /// Whether signatures play a part for this repository: where they do not, they are not fetched. Where nothing there
    /// may be run, however it is signed, why, in words for who runs the host: nothing is asked of it then.
    fn wants_signatures(&self, repository: &str) -> Result<bool, String>;

    /// Whether the repository is meant by a rule, and not only by what is done where there is none.
    fn has_rule(&self, repository: &str) -> bool;

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

/// The one name of a reference's repository, which rules about it are compared with: `REGISTRY/REPOSITORY`, or `oci:`
/// and a layout's full path with links followed, so that no other way to the same folder leads around a rule for it.
pub fn judged_name(reference: &Reference) -> String {
    match reference.location() {
        Location::Registry { .. } => reference.repository(),
        Location::Layout { path } => Reference::layout(&in_full(path)).repository(),
    }
}

/// A path with links followed as far as it is there: a layout that is gone is still judged, as its artifacts may be in
/// the store. What is not there stays as it was written; a `..` in it is no full path to any rule.
fn in_full(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for (there, missing) in absolute.ancestors().zip(0..) {
        if let Ok(mut full) = there.canonicalize() {
            let present = absolute.iter().count().saturating_sub(missing);
            full.extend(absolute.iter().skip(present));
            return full;
        }
    }
    absolute
}
