//! The store, the registries and the judge together: what a host and a command line use.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::archive::Archive;
use crate::layout::Layout;
use crate::manifest::Manifest;
use crate::place::Place;
use crate::reference::{Location, Reference};
use crate::registry::{Link, Registry};
use crate::store::{Collected, Keep, Lease, Report, Store};
use crate::{Digest, Error, Options};

/// A store, and the ways into and out of it. Its calls block; it is made once and used from any number of threads.
pub struct Artifacts {
    pub(crate) store: Store,
    pub(crate) options: Options,
    link: Arc<Link>,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The digest of the manifest. Everything after this goes by it: a tag that moves meanwhile changes nothing.
    pub digest: Digest,
    /// Who said so.
    pub origin: Origin,
}

/// Who said what a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The reference itself, which has a digest.
    Reference,
    /// The registry, or the layout.
    Repository,
    /// The store, from the last time that the tag was asked for: the registry cannot be asked, and why.
    Store(String),
}

impl Artifacts {
    /// Opens the store in a folder, or makes one there. No registry is spoken to yet.
    pub fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        Ok(Self {
            store: Store::open(folder)?,
            link: Arc::new(Link::new(options.clone())),
            options,
        })
    }

    /// Follows a tag, once. With the registry down it leads to where it last led.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved, Error> {
        if let Some(digest) = reference.digest() {
            return Ok(Resolved {
                digest: *digest,
                origin: Origin::Reference,
            });
        }
        let place = self.place(reference);
        let asked = place.tagged(reference.tag(), self.options.limits.document);
        let error = match asked {
            Ok(manifest) => {
                let digest = Digest::of(&manifest);
                // The manifest is here now. A store that cannot take it cannot take the rest either, which says so.
                let kept = self
                    .store
                    .put(&manifest)
                    .and_then(|digest| self.store.note_tag(reference, &digest));
                if let Err(error) = kept {
                    tracing::warn!(%reference, %error, "where a tag leads is not remembered");
                }
                return Ok(Resolved {
                    digest,
                    origin: Origin::Repository,
                });
            }
            Err(error) => error,
        };
        let gone = match reference.location() {
            Location::Layout { path } => !path.exists(),
            Location::Registry { .. } => error.passes(),
        };
        let noted = self.store.noted_tag(reference);
        match noted.filter(|digest| gone && self.store.size(digest).is_some()) {
            Some(digest) => {
                tracing::warn!(%reference, %digest, %error, "taken from the store as the tag last led");
                Ok(Resolved {
                    digest,
                    origin: Origin::Store(error.to_string()),
                })
            }
            None => Err(error),
        }
    }

    /// The manifest that a reference leads to, of whatever kind and trusted or not: to look at.
    pub fn manifest(&self, reference: &Reference) -> Result<(Resolved, Manifest), Error> {
        let resolved = self.resolve(reference)?;
        let place = self.place(reference);
        let bytes = self.manifest_bytes(&resolved.digest, &[&*place])?;
        let manifest = Manifest::parse(place.name(), &bytes)?;
        Ok((resolved, manifest))
    }

    /// Keeps these from being dropped by any process as long as the lease lives: digests of artifacts, which keep all
    /// that is in them.
    pub fn hold(&self, in_use: &HashSet<Digest>) -> Result<Lease, Error> {
        self.store.hold(in_use)
    }

    /// Drops what is not used, as [`Keep`] says. What is `in_use` stays, and what any process holds.
    pub fn collect(&self, keep: &Keep, in_use: &HashSet<Digest>) -> Result<Collected, Error> {
        self.store.collect(keep, in_use)
    }

    /// Hashes all that the store has; what is damaged is dropped, where that can be done.
    pub fn verify_all(&self) -> Result<Report, Error> {
        self.store.verify_all()
    }

    /// The store's folder.
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// The repository of a reference.
    pub(crate) fn place(&self, reference: &Reference) -> Box<dyn Place> {
        match reference.location() {
            Location::Registry { host, repository } => {
                Box::new(Registry::new(Arc::clone(&self.link), host, repository))
            }
            Location::Layout { path } => {
                let is_tar = path.extension().is_some_and(|extension| extension == "tar");
                if path.is_file() || (is_tar && !path.is_dir()) {
                    Box::new(Archive::new(path))
                } else {
                    Box::new(Layout::new(path))
                }
            }
        }
    }
}
