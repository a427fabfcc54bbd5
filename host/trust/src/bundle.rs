//! The signature of `cosign sign` since version 3, and of `cosign sign-blob --bundle`: one document with all
//! that verification takes (<https://docs.sigstore.dev/about/bundle>).

use serde::Deserialize;

use crate::claim::{self, Claim, Message, brief};
use crate::{Flaw, KeyId, Signature, digest};

/// The media type of a bundle.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What a signed statement must be; one that describes how an artifact was built, for example, does not say
/// that it is good.
const PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
/// cosign 3 writes the second, and 2 the first, which says the same.
const STATEMENTS: [&str; 2] = [
    "https://in-toto.io/Statement/v0.1",
    "https://in-toto.io/Statement/v1",
];
const PAYLOAD: &str = "application/vnd.in-toto+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Option<Envelope>,
    message_signature: Option<MessageSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Option<Hint>,
}

#[derive(Deserialize)]
struct Hint {
    #[serde(default)]
    hint: String,
}

/// A statement, and its signature.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

/// The signature of a file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: MessageDigest,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: SubjectDigest,
}

#[derive(Deserialize)]
struct SubjectDigest {
    sha256: Option<String>,
}

pub(crate) fn claim(from: &Signature) -> Result<Claim, Flaw> {
    let bundle: Bundle = claim::json("the bundle", &from.payload)?;
    if bundle.media_type != MEDIA_TYPE {
        return Err(Flaw::OtherKind(brief(&bundle.media_type)));
    }
    let by = bundle
        .verification_material
        .public_key
        .and_then(|key| claim::decode("", &key.hint).ok()?.try_into().ok())
        .map(KeyId::new);
    match (bundle.dsse_envelope, bundle.message_signature) {
        (Some(envelope), None) => of_statement(&envelope, by),
        (None, Some(message)) => of_file(&message, by),
        _ => Err(Flaw::Broken(
            "the bundle has neither one signed statement nor one signature of a file".to_owned(),
        )),
    }
}

fn of_statement(envelope: &Envelope, by: Option<KeyId>) -> Result<Claim, Flaw> {
    let payload = claim::decode("the statement", &envelope.payload)?;
    if envelope.payload_type != PAYLOAD {
        return Err(Flaw::OtherKind(brief(&envelope.payload_type)));
    }
    let statement: Statement = claim::json("the statement", &payload)?;
    if !STATEMENTS.contains(&statement.kind.as_str()) || statement.predicate_type != PREDICATE {
        return Err(Flaw::OtherKind(brief(&statement.predicate_type)));
    }
    let [signature] = envelope.signatures.as_slice() else {
        let count = envelope.signatures.len();
        return Err(Flaw::Broken(format!(
            "the statement has {count} signatures, and one is what it should have"
        )));
    };
    let digests = statement
        .subject
        .into_iter()
        .filter_map(|subject| subject.digest.sha256);
    Ok(Claim {
        digests: digests.map(|digits| format!("sha256:{digits}")).collect(),
        message: Message::Bytes(authenticated(&envelope.payload_type, &payload)),
        signature: claim::signature(&signature.sig)?,
        by,
    })
}

fn of_file(message: &MessageSignature, by: Option<KeyId>) -> Result<Claim, Flaw> {
    let MessageDigest { algorithm, digest } = &message.message_digest;
    if algorithm != "SHA2_256" {
        return Err(Flaw::OtherKind(brief(&format!(
            "signature of a {algorithm} digest"
        ))));
    }
    let digest: [u8; 32] = claim::decode("the file's digest", digest)?
        .try_into()
        .map_err(|_| Flaw::Broken("the file's digest does not have 32 bytes".to_owned()))?;
    Ok(Claim {
        digests: vec![digest::write(&digest)],
        message: Message::Digest(digest),
        signature: claim::signature(&message.signature)?,
        by,
    })
}

/// What a statement's signature is of: its type and its bytes, each with its length (DSSE's
/// "pre-authentication encoding").
fn authenticated(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
