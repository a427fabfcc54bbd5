//! The signature of `cosign sign --key`: a document with the artifact's digest as a layer, and the signature of
//! that document in an annotation.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claim::{self, Claim, Message, brief};
use crate::{Flaw, InvalidDigest, Signature, SigningKey, digest};

/// The media type of the layer.
pub const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation of the layer that has the signature.
pub const ANNOTATION: &str = "dev.cosignproject.cosign/signature";

const TYPE: &str = "cosign container image signature";

#[derive(Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<Map<String, Value>>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    r#type: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: String,
}

pub(crate) fn sign(
    key: &SigningKey,
    repository: &str,
    of: &str,
) -> Result<Signature, InvalidDigest> {
    digest::parse(of)?;
    let payload = Payload {
        critical: Critical {
            identity: Identity {
                docker_reference: repository.to_owned(),
            },
            image: Image {
                docker_manifest_digest: of.to_owned(),
            },
            r#type: TYPE.to_owned(),
        },
        optional: None,
    };
    // Of strings only, so there is always such a document.
    let payload = serde_json::to_vec(&payload).unwrap_or_default();
    let signature = Base64::encode_string(&key.sign(&payload));
    Ok(Signature {
        media_type: MEDIA_TYPE.to_owned(),
        payload,
        annotations: BTreeMap::from([(ANNOTATION.to_owned(), signature)]),
    })
}

pub(crate) fn claim(from: &Signature) -> Result<Claim, Flaw> {
    let signature = from
        .annotations
        .get(ANNOTATION)
        .ok_or_else(|| Flaw::Broken(format!("its layer has no annotation `{ANNOTATION}`")))?;
    let signature = claim::signature(signature)?;
    let payload: Payload = claim::json("the signed document", &from.payload)?;
    if payload.critical.r#type != TYPE {
        return Err(Flaw::OtherKind(brief(&payload.critical.r#type)));
    }
    Ok(Claim {
        digests: vec![payload.critical.image.docker_manifest_digest],
        message: Message::Bytes(from.payload.clone()),
        signature,
        by: None,
    })
}
