//! `footlight keygen`, `sign` and `verify`.

use std::env;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use footlight_artifacts::{Digest, Judge, Reference, Signature, judged_name};
use footlight_trust::{PublicKey, SigningKey, SiteKey};
use serde_json::json;

use super::{note_origin, open, policy, trust};
use crate::args::{KeygenArgs, SignArgs, VerifyArgs};
use crate::exit::Outcome;
use crate::output;

/// What a private key is encrypted with, where it is not typed.
const PASSWORD: &str = "FOOTLIGHT_PASSWORD";

/// Makes a pair of keys, or the key of a site.
pub fn keygen(args: &KeygenArgs) -> Result<Outcome> {
    if let Some(path) = &args.site {
        SiteKey::generate()?.write(path)?;
        output::line(path.display())?;
        return Ok(Outcome::Done);
    }
    let name = args.name.as_deref().context("name the key")?;
    let (private, public) = (name.with_extension("key"), name.with_extension("pub"));
    let password = password(&format!("a password for {}", private.display()))?;
    let key = SigningKey::generate()?;
    key.write_pair(&private, password.as_bytes(), &public)?;
    output::line(private.display())?;
    output::line(public.display())?;
    Ok(Outcome::Done)
}

/// Signs an artifact.
pub fn sign(args: &SignArgs) -> Result<Outcome> {
    let key = signing_key(&args.key)?;
    let artifacts = open(&args.artifacts)?;
    let (resolved, _) = artifacts.manifest(&args.reference)?;
    note_origin(&resolved);
    let repository = args.reference.repository();
    let signature = footlight_trust::sign(&key, &repository, &resolved.digest.to_string())?;
    let signature = Signature {
        media_type: signature.media_type,
        payload: signature.payload,
        annotations: signature.annotations,
    };
    artifacts.attach_signature(&args.reference, &resolved.digest, &signature)?;
    let pinned = args.reference.pinned(resolved.digest).to_string();
    let by = key.public().id().to_hex();
    if args.json {
        output::json(&json!({"reference": pinned, "key": by}))?;
    } else {
        output::line(format_args!("{pinned}\nsigned by the key {by}"))?;
    }
    Ok(Outcome::Done)
}

/// Verifies that an artifact is signed: by a key, or as a policy wants it.
pub fn verify(args: &VerifyArgs) -> Result<Outcome> {
    // Before anything is asked of a registry: without it there is nothing to ask for.
    let verifier = Verifier::of(args)?;
    let artifacts = open(&args.artifacts)?;
    let resolved = artifacts.resolve(&args.reference)?;
    note_origin(&resolved);
    let digest = resolved.digest;
    let found = artifacts.signatures(&args.reference, &digest)?;
    let by = verifier.verify(&args.reference, &digest, &found)?;
    let pinned = args.reference.pinned(digest).to_string();
    if args.json {
        output::json(&json!({"reference": pinned, "signed-by": by}))?;
    } else if by.is_empty() {
        output::line(format_args!(
            "{pinned}\naccepted without a signature, as the policy says"
        ))?;
    } else {
        output::line(format_args!("{pinned}\nsigned by {}", by.join(", ")))?;
    }
    Ok(Outcome::Done)
}

/// Who says whether signatures suffice.
enum Verifier {
    Keys(Vec<PublicKey>),
    Policy(Arc<dyn Judge>),
}

impl Verifier {
    fn of(args: &VerifyArgs) -> Result<Self> {
        if args.key.is_empty() {
            return policy(&args.artifacts)?
                .map(Self::Policy)
                .context("say who is to have signed it: with --key, or --trust and a policy");
        }
        let keys = args.key.iter().map(|path| PublicKey::read(path));
        Ok(Self::Keys(keys.collect::<Result<_, _>>()?))
    }

    /// The keys that signed, by their names in the policy or by their digests.
    fn verify(
        &self,
        reference: &Reference,
        digest: &Digest,
        found: &[Signature],
    ) -> Result<Vec<String>> {
        match self {
            Self::Policy(policy) => {
                let judgement = policy.judge(&judged_name(reference), digest, found);
                Ok(judgement.map_err(anyhow::Error::msg)?.by)
            }
            Self::Keys(keys) => {
                let keys: Vec<&PublicKey> = keys.iter().collect();
                let found: Vec<_> = found.iter().map(trust::of_cosign).collect();
                let by = footlight_trust::verify(&found, &keys, &digest.to_string())?;
                Ok(by.into_iter().map(|key| key.to_hex()).collect())
            }
        }
    }
}

/// Reads a private key, asking for its password where it has one.
fn signing_key(path: &Path) -> Result<SigningKey> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the key {} cannot be read", path.display()))?;
    let password = if SigningKey::needs_passphrase(&text) {
        password(&format!("the password of {}", path.display()))?
    } else {
        String::new()
    };
    Ok(SigningKey::read(path, password.as_bytes())?)
}

fn password(what: &str) -> Result<String> {
    match env::var(PASSWORD) {
        Ok(password) => Ok(password),
        Err(env::VarError::NotUnicode(_)) => bail!("{PASSWORD} is not text"),
        Err(env::VarError::NotPresent) => rpassword::prompt_password(format!("{what}: "))
            .with_context(|| format!("{what} cannot be asked for here: set {PASSWORD}")),
    }
}
