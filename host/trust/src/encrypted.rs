//! Private keys as cosign encrypts them: JSON with the parameters of scrypt and a NaCl secretbox.

use base64ct::{Base64, Encoding};
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{Key, KeyInit, Nonce, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::KeyFlaw;

/// What such a key is in PEM.
pub(crate) const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";

/// The same, and what cosign 1 called it.
pub(crate) const LABELS: [&str; 2] = [LABEL, "ENCRYPTED COSIGN PRIVATE KEY"];

/// The base-2 logarithm of scrypt's cost in new keys, as cosign has it: 64 MiB and a quarter of a second.
const LOG_COST: u8 = 16;
const BLOCK: u32 = 8;
const PARALLEL: u32 = 1;

/// The highest cost that a key may ask for: 256 MiB. A file must not decide how long this process works.
const HIGHEST_LOG_COST: u8 = 18;

#[derive(Serialize, Deserialize)]
struct Envelope {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Encrypts a private key.
pub(crate) fn seal(document: &[u8], passphrase: &[u8]) -> Result<Vec<u8>, KeyFlaw> {
    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    getrandom::fill(&mut salt).map_err(KeyFlaw::random)?;
    getrandom::fill(&mut nonce).map_err(KeyFlaw::random)?;
    let ciphertext = cipher(passphrase, &salt, LOG_COST)?
        .encrypt(Nonce::from_slice(&nonce), document)
        .map_err(KeyFlaw::damaged)?;
    let envelope = Envelope {
        kdf: Kdf {
            name: "scrypt".to_owned(),
            params: Params {
                n: 1 << LOG_COST,
                r: BLOCK,
                p: PARALLEL,
            },
            salt: Base64::encode_string(&salt),
        },
        cipher: Cipher {
            name: "nacl/secretbox".to_owned(),
            nonce: Base64::encode_string(&nonce),
        },
        ciphertext: Base64::encode_string(&ciphertext),
    };
    serde_json::to_vec(&envelope).map_err(KeyFlaw::damaged)
}

/// Decrypts a private key.
pub(crate) fn open(bytes: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFlaw> {
    let Envelope {
        kdf,
        cipher: Cipher { name, nonce },
        ciphertext,
    } = serde_json::from_slice(bytes).map_err(KeyFlaw::damaged)?;
    if kdf.name != "scrypt" || name != "nacl/secretbox" {
        return Err(KeyFlaw::Damaged(format!(
            "it is encrypted with `{}` and `{name}`, and only scrypt and nacl/secretbox are known",
            kdf.name
        )));
    }
    let Params { n, r, p } = kdf.params;
    let log_cost = u8::try_from(n.checked_ilog2().unwrap_or(0)).unwrap_or(u8::MAX);
    let usual = n.is_power_of_two() && (1..=HIGHEST_LOG_COST).contains(&log_cost);
    if !usual || r != BLOCK || p != PARALLEL {
        return Err(KeyFlaw::Damaged(format!(
            "its scrypt parameters (N {n}, r {r}, p {p}) are none that cosign uses"
        )));
    }
    let decode = |text: &str| Base64::decode_vec(text).map_err(KeyFlaw::damaged);
    let nonce: [u8; 24] = decode(&nonce)?
        .try_into()
        .map_err(|_| KeyFlaw::damaged("its nonce does not have 24 bytes"))?;
    let ciphertext = decode(&ciphertext)?;
    cipher(passphrase, &decode(&kdf.salt)?, log_cost)?
        .decrypt(Nonce::from_slice(&nonce), ciphertext.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| KeyFlaw::Passphrase)
}

fn cipher(passphrase: &[u8], salt: &[u8], log_cost: u8) -> Result<XSalsa20Poly1305, KeyFlaw> {
    let params = scrypt::Params::new(log_cost, BLOCK, PARALLEL).map_err(KeyFlaw::damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase, salt, &params, key.as_mut_slice()).map_err(KeyFlaw::damaged)?;
    Ok(XSalsa20Poly1305::new(Key::from_slice(key.as_slice())))
}
