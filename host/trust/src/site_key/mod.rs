//! The key of a site, and what is sealed with it.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::file;

mod error;
mod seal;

pub use error::{OpenError, SealError, SiteKeyError};

/// What a key begins with as text, so that people and scanners for leaked secrets know it.
pub(super) const PREFIX: &str = "footlight-site-key-1-";

/// How many bytes of a digest tell a mistyped key, or keys and contexts apart.
const CHECK: usize = 4;
pub(super) const MARK: usize = 8;

/// How many bytes of a name that stands for another: enough that no two are the same by chance.
const NAME: usize = 16;

/// The key of a site: 32 random bytes that its hosts share, to bring a gallery from one to another.
///
/// [`SiteKey::seal`] is XChaCha20-Poly1305 with a random nonce, which may be used any number of times. It was
/// chosen over the format of age, which encrypts files for people, by their public keys or a passphrase, and
/// binds them to nothing; a site has one key, and what it seals must be opened only as what it was sealed as.
#[derive(Clone, PartialEq, Eq)]
pub struct SiteKey(Zeroizing<[u8; 32]>);

impl SiteKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`SiteKeyError::Random`].
    pub fn generate() -> Result<SiteKey, SiteKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice())
            .map_err(|error| SiteKeyError::Random(error.to_string()))?;
        Ok(SiteKey(bytes))
    }

    /// The key as text, with digits at its end by which a mistyped one is found.
    pub fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(base16ct::lower::encode_string(self.0.as_slice()));
        let check = base16ct::lower::encode_string(&self.digest::<CHECK>("check"));
        Zeroizing::new(format!("{PREFIX}{}{check}", digits.as_str()))
    }

    /// A key from its text; spaces and line ends around it do not matter.
    ///
    /// # Errors
    ///
    /// [`SiteKeyError::NoKey`].
    pub fn from_text(text: &str) -> Result<SiteKey, SiteKeyError> {
        let no = SiteKeyError::NoKey;
        let digits = text
            .trim()
            .strip_prefix(PREFIX)
            .ok_or(no("it begins otherwise"))?;
        let bytes = base16ct::lower::decode_vec(digits).map(Zeroizing::new);
        let bytes =
            bytes.map_err(|_| no("what follows are no such digits, or their number is odd"))?;
        let (key, check) = bytes
            .split_first_chunk::<32>()
            .ok_or(no("some digits are missing"))?;
        let key = SiteKey(Zeroizing::new(*key));
        match check == key.digest::<CHECK>("check") {
            true => Ok(key),
            false => Err(no("a digit is wrong or missing, or there are more")),
        }
    }

    /// The key of a file, which must be closed to all but its owner, and its group for reading.
    ///
    /// # Errors
    ///
    /// [`SiteKeyError::Read`], [`SiteKeyError::Open`], [`SiteKeyError::Flawed`].
    pub fn read(path: &Path) -> Result<SiteKey, SiteKeyError> {
        let fails = |source| SiteKeyError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(fails)?;
        let mode = file.metadata().map_err(fails)?.permissions().mode() & 0o7777;
        // The group may read: orchestrators that mount secrets for a user that is not root give them so.
        if mode & 0o027 != 0 {
            let path = path.to_owned();
            return Err(SiteKeyError::Open { path, mode });
        }
        let bytes = file::read_open(&file).map_err(fails)?;
        str::from_utf8(&bytes)
            .map_err(|_| SiteKeyError::NoKey("it is no text"))
            .and_then(SiteKey::from_text)
            .map_err(|source| SiteKeyError::Flawed {
                path: path.to_owned(),
                source: Box::new(source),
            })
    }

    /// Writes the key to a new file, for its owner only.
    ///
    /// # Errors
    ///
    /// [`SiteKeyError::Exists`], [`SiteKeyError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), SiteKeyError> {
        let text = Zeroizing::new(format!("{}\n", self.to_text().as_str()));
        file::write_new(path, text.as_bytes(), 0o600).map_err(|source| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::AlreadyExists => SiteKeyError::Exists { path },
                _ => SiteKeyError::Write { path, source },
            }
        })
    }

    /// What the key may be known by to all: 16 hexadecimal digits that say nothing of the key.
    pub fn id(&self) -> String {
        base16ct::lower::encode_string(&self.digest::<MARK>("id"))
    }

    /// A name that stands for something whose own name is nobody's business: 32 hexadecimal digits, the same on every
    /// host of the site, by which nobody without the key can tell what it stands for, or try names until one fits.
    pub fn name_for(&self, what: &str) -> String {
        let mut digits = base16ct::lower::encode_string(&self.keyed(what));
        digits.truncate(2 * NAME);
        digits
    }

    /// HMAC with a key of its own: one key for two things would have to be right in two ways.
    fn keyed(&self, what: &str) -> [u8; 32] {
        // As long as a block of the hash, with zeros at its end, which is how HMAC takes a shorter one.
        let mut key = Zeroizing::new([0; 64]);
        for (to, from) in key.iter_mut().zip(self.digest::<32>("names")) {
            *to = from;
        }
        let mut mac = Hmac::<Sha256>::new(&(*key).into());
        mac.update(what.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Some bytes of a digest of the key, for one purpose.
    pub(super) fn digest<const N: usize>(&self, purpose: &str) -> [u8; N] {
        let digest = Sha256::new()
            .chain_update(b"footlight site key ")
            .chain_update(purpose)
            .chain_update(self.0.as_slice());
        first(digest.finalize().into())
    }
}

/// The first bytes of a digest.
pub(super) fn first<const N: usize>(digest: [u8; 32]) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    bytes
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteKey({})", self.id())
    }
}
