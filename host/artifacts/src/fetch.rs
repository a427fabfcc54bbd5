//! Getting content into the store, and out of it.

use std::io;

use crate::place::{Body, Place};
use crate::retry::Tries;
use crate::store::{Begun, Finish, Found, Partial};
use crate::{Artifacts, Descriptor, Digest, Error};

/// A try that brought so much is one that came on.
const PROGRESS: u64 = 1 << 20;

impl Artifacts {
    /// The bytes of a manifest: out of the store, else from the first of these places that has it.
    pub(crate) fn manifest_bytes(
        &self,
        digest: &Digest,
        places: &[&dyn Place],
    ) -> Result<Vec<u8>, Error> {
        let limit = self.options.limits.document;
        let damaged = match self.store.read(digest, limit)? {
            Found::Whole(bytes) => return Ok(bytes),
            Found::Damaged => true,
            Found::Missing => false,
        };
        let fetched = first(places, |place| {
            let bytes = place.manifest(digest, limit)?;
            let found = Digest::of(&bytes);
            if found != *digest {
                return Err(Error::WrongDigest {
                    place: place.name().to_owned(),
                    wanted: *digest,
                    found,
                });
            }
            self.store.put(&bytes)?;
            Ok(bytes)
        });
        fetched.map_err(|error| self.because_damaged(damaged, digest, error))
    }

    /// The bytes of a blob: out of the store, else from the first of these places that has it.
    pub(crate) fn blob_bytes(
        &self,
        what: &'static str,
        blob: &Descriptor,
        limit: u64,
        places: &[&dyn Place],
    ) -> Result<Vec<u8>, Error> {
        check_size(what, blob, limit, places)?;
        let mut damaged = false;
        // Between fetching and reading, another process may drop it, or the disk damage it.
        for _ in 0..3 {
            match self.store.read(&blob.digest, blob.size)? {
                Found::Whole(bytes) => return Ok(bytes),
                Found::Damaged => damaged = true,
                Found::Missing => {}
            }
            self.fetch(blob, places)
                .map_err(|error| self.because_damaged(damaged, &blob.digest, error))?;
        }
        Err(self.lost(&blob.digest, "what was fetched did not stay as it was"))
    }

    /// Sees to it that a blob is in the store and whole, without reading it into memory.
    pub(crate) fn blob_file(
        &self,
        what: &'static str,
        blob: &Descriptor,
        limit: u64,
        places: &[&dyn Place],
    ) -> Result<(), Error> {
        check_size(what, blob, limit, places)?;
        for _ in 0..3 {
            if self.store.size(&blob.digest).is_some() && self.store.keep_if_whole(&blob.digest)? {
                return Ok(());
            }
            self.fetch(blob, places)?;
        }
        Err(self.lost(&blob.digest, "what was fetched did not stay as it was"))
    }

    fn because_damaged(&self, damaged: bool, digest: &Digest, error: Error) -> Error {
        if damaged {
            self.lost(digest, &error.to_string())
        } else {
            error
        }
    }

    fn lost(&self, digest: &Digest, cause: &str) -> Error {
        Error::Damaged {
            folder: self.store.folder().to_owned(),
            digest: *digest,
            cause: cause.to_owned(),
        }
    }

    fn fetch(&self, blob: &Descriptor, places: &[&dyn Place]) -> Result<(), Error> {
        first(places, |place| self.fetch_from(blob, place))
    }

    /// Fetches a blob, and goes on where an earlier try broke off, also one of another process.
    fn fetch_from(&self, blob: &Descriptor, place: &dyn Place) -> Result<(), Error> {
        let mut tries = Tries::new(&self.options.patience);
        loop {
            let Begun::Partial(mut partial) = self.store.begin(&blob.digest, blob.size)? else {
                return Ok(());
            };
            let before = partial.length();
            match self.stream(&mut partial, place) {
                Ok(()) => match partial.finish()? {
                    Finish::Done => return Ok(()),
                    Finish::BadBeginning => {
                        tracing::warn!(digest = %blob.digest, "what an earlier fetch left was damaged");
                    }
                    Finish::Wrong(found) => {
                        return Err(Error::WrongDigest {
                            place: place.name().to_owned(),
                            wanted: blob.digest,
                            found,
                        });
                    }
                },
                Err(error @ Error::TooLong { .. }) => {
                    partial.discard();
                    return Err(error);
                }
                Err(error) => {
                    if partial.length() >= before + PROGRESS {
                        tries.renew();
                    }
                    // Nobody waits for this one while it pauses.
                    drop(partial);
                    tries.again(error)?;
                }
            }
        }
    }

    /// Reads what is missing.
    fn stream(&self, partial: &mut Partial, place: &dyn Place) -> Result<(), Error> {
        if partial.length() == partial.size() && partial.size() > 0 {
            return Ok(());
        }
        let Body { from, mut reader } = place.blob(&partial.digest(), partial.length())?;
        if from == 0 {
            partial.restart()?;
        } else if from != partial.length() {
            return Err(Error::BadAnswer {
                place: place.name().to_owned(),
                detail: format!("another part of {} than was asked for", partial.digest()),
            });
        }
        let digest = partial.digest();
        let broken_off = |detail: String| place.broken_off(&digest, detail);
        let mut buffer = vec![0; 128 << 10];
        loop {
            let length = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // All is here: what the connection does after that does not matter.
                Err(_) if partial.length() == partial.size() => break,
                Err(error) => {
                    return Err(broken_off(format!(
                        "it broke off after {} of {} bytes: {error}",
                        partial.length(),
                        partial.size()
                    )));
                }
            };
            if partial.overflows(length) {
                return Err(Error::TooLong {
                    place: place.name().to_owned(),
                    what: format!("the blob {}", partial.digest()),
                    size: partial.size(),
                });
            }
            partial.write(buffer.get(..length).unwrap_or_default())?;
            self.options
                .progress
                .blob(&partial.digest(), partial.length(), partial.size());
        }
        if partial.length() < partial.size() {
            return Err(broken_off(format!(
                "it ended after {} of {} bytes",
                partial.length(),
                partial.size()
            )));
        }
        Ok(())
    }
}

fn check_size(
    what: &'static str,
    blob: &Descriptor,
    limit: u64,
    places: &[&dyn Place],
) -> Result<(), Error> {
    if blob.size <= limit {
        return Ok(());
    }
    Err(Error::TooLarge {
        place: places
            .first()
            .map_or_else(String::new, |place| place.name().to_owned()),
        what,
        digest: blob.digest,
        size: blob.size,
        limit,
    })
}

/// What the first place gives that can. If none can, the first one's reason counts that is more than "not here".
fn first<T>(
    places: &[&dyn Place],
    mut get: impl FnMut(&dyn Place) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut reason: Option<Error> = None;
    for place in places {
        match get(*place) {
            Ok(value) => return Ok(value),
            Err(error @ Error::Disk { .. }) => return Err(error),
            Err(error) => {
                if reason
                    .as_ref()
                    .is_none_or(|known| matches!(known, Error::NotFound { .. }))
                {
                    reason = Some(error);
                }
            }
        }
    }
    Err(reason.unwrap_or_else(|| Error::NotFound {
        place: "nowhere".to_owned(),
        what: "place to look in".to_owned(),
    }))
}
