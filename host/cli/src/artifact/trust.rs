//! The trust policy as the judge of what is fetched.

use std::path::Path;

use anyhow::Result;
use footlight_artifacts::{Digest, Judge, Judgement, Signature};
use footlight_trust::Policy;

/// A policy that was read.
pub struct Trust(Policy);

impl Trust {
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self(Policy::read(path)?))
    }
}

impl Judge for Trust {
    fn wants_signatures(&self, repository: &str) -> Result<bool, String> {
        let needed = self.0.needs_signatures(repository);
        needed.map_err(|refusal| refusal.to_string())
    }

    fn has_rule(&self, repository: &str) -> bool {
        self.0.has_rule(repository)
    }

    fn judge(
        &self,
        repository: &str,
        digest: &Digest,
        signatures: &[Signature],
    ) -> Result<Judgement, String> {
        let signatures: Vec<_> = signatures.iter().map(of_cosign).collect();
        self.0
            .judge(repository, &digest.to_string(), &signatures)
            .map(|judgement| Judgement { by: judgement.by })
            .map_err(|refusal| refusal.to_string())
    }
}

/// A signature as it is kept beside an artifact, for those who verify it.
pub fn of_cosign(signature: &Signature) -> footlight_trust::Signature {
    footlight_trust::Signature {
        media_type: signature.media_type.clone(),
        payload: signature.payload.clone(),
        annotations: signature.annotations.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_accepted_no_signature_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        let text = "[[rules]]\nrepository = \"r.example/open/*\"\nunsigned = \"accept\"\n";
        std::fs::write(&path, text).unwrap();
        let trust = Trust::read(&path).unwrap();
        assert_eq!(trust.wants_signatures("r.example/open/a"), Ok(false));
        assert!(trust.has_rule("r.example/open/a"));
        // No rule, and no name that a rule could be for.
        for other in ["r.example/a", "oci:open/a", "r.example/open/../a"] {
            assert!(trust.wants_signatures(other).is_err(), "{other}");
            assert!(!trust.has_rule(other), "{other}");
            let digest = Digest::of(b"");
            assert!(trust.judge(other, &digest, &[]).is_err(), "{other}");
        }
    }
}
