//! What is sealed with the key of a site: a header, a nonce, and the bytes, encrypted.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{MARK, OpenError, SealError, SiteKey, first};

/// How sealed bytes of this layout begin: this, the key's mark, the context's mark, and the length.
const MAGIC: &[u8; 8] = b"FLSITE1\n";
const NONCE: usize = 24;
const TAG: usize = 16;
const HEADER: usize = MAGIC.len() + 2 * MARK + size_of::<u64>();

impl SiteKey {
    /// Encrypts some bytes, to be opened with this key only, and only as what they are sealed as: `context` is
    /// to be given again, such as `gallery of sha256:...`. It is not kept in what is sealed.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn seal(&self, bytes: &[u8], context: &str) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| SealError::Random(error.to_string()))?;
        let header = self.header(bytes.len() as u64, context);
        let body = self
            .cipher()
            .encrypt(
                &nonce.into(),
                Payload {
                    msg: bytes,
                    aad: context.as_bytes(),
                },
            )
            .map_err(|_| SealError::TooLarge(bytes.len()))?;
        Ok([header.as_slice(), &nonce, &body].concat())
    }

    /// Decrypts what [`SiteKey::seal`] made of it in the same context.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Nothing is given out before all of it was checked.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (header, rest) = sealed
            .split_first_chunk::<HEADER>()
            .filter(|(header, _)| header.starts_with(MAGIC))
            .ok_or(OpenError::NotSealed)?;
        let length = header
            .last_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let expected = self.header(length, context);
        let mark = |of: &[u8; HEADER], which: usize| {
            let marks = of.iter().skip(MAGIC.len() + which * MARK);
            marks.take(MARK).copied().collect::<Vec<u8>>()
        };
        if mark(header, 0) != mark(&expected, 0) {
            return Err(OpenError::OtherKey {
                found: base16ct::lower::encode_string(&mark(header, 0)),
                own: self.id(),
            });
        }
        if mark(header, 1) != mark(&expected, 1) {
            let context = context.to_owned();
            return Err(OpenError::OtherContext { context });
        }
        let wanted = length.saturating_add((HEADER + NONCE + TAG) as u64);
        let found = sealed.len() as u64;
        let Some((nonce, body)) = rest
            .split_first_chunk::<NONCE>()
            .filter(|_| found == wanted)
        else {
            return Err(OpenError::Length { found, wanted });
        };
        self.cipher()
            .decrypt(
                &(*nonce).into(),
                Payload {
                    msg: body,
                    aad: context.as_bytes(),
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Altered)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }

    /// What stands before the nonce. It is compared byte by byte, and is there so that people are told which of
    /// the reasons it is; what opens is decided by the cipher, with the key and the whole context.
    fn header(&self, length: u64, context: &str) -> [u8; HEADER] {
        let key = self.digest::<MARK>("id");
        let context: [u8; MARK] = first(Sha256::digest(context).into());
        let parts = [MAGIC.as_slice(), &key, &context, &length.to_le_bytes()];
        let mut header = [0; HEADER];
        for (to, from) in header.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        header
    }
}
