//! The trust policy as the judge of what is fetched.

use std::path::{Path, absolute};

use anyhow::Result;
use footlight_artifacts::{Digest, Judge, Judgement, Signature};
use footlight_trust::{PAYLOAD_MEDIA_TYPE, Policy};

/// A policy that was read.
pub struct Trust(Policy);

impl Trust {
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self(Policy::read(path)?))
    }
}

impl Judge for Trust {
    fn wants_signatures(&self, repository: &str) -> bool {
        // What has no rule is refused for that when it is judged.
        self.0
            .needs_signatures(&in_full(repository))
            .unwrap_or(false)
    }

    fn judge(
        &self,
        repository: &str,
        digest: &Digest,
        signatures: &[Signature],
    ) -> Result<Judgement, String> {
        let signatures: Vec<_> = signatures.iter().map(of_cosign).collect();
        self.0
            .judge(&in_full(repository), &digest.to_string(), &signatures)
            .map(|judgement| Judgement { by: judgement.by })
            .map_err(|refusal| refusal.to_string())
    }
}

/// A signature as it is kept beside an artifact, for those who verify it.
pub fn of_cosign(signature: &Signature) -> footlight_trust::Signature {
    footlight_trust::Signature {
        media_type: PAYLOAD_MEDIA_TYPE.to_owned(),
        payload: signature.payload.clone(),
        annotations: signature.annotations.clone(),
    }
}

/// A layout's full path, which is what policies have rules about.
fn in_full(repository: &str) -> String {
    let path = repository.strip_prefix("oci:").map(absolute);
    match path {
        Some(Ok(path)) => format!("oci:{}", path.display()),
        _ => repository.to_owned(),
    }
}
