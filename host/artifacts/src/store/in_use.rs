//! What of a store is in use.

use std::collections::HashSet;
use std::fs;
use std::io;

use super::Store;
use crate::Digest;
use crate::manifest::Manifest;

/// No manifest is larger.
const MANIFEST: u64 = 16 << 20;

/// What whoever collects has in use, what any host [holds](Store::hold), and all that these lead to.
pub(super) struct InUse {
    own: HashSet<Digest>,
    held: HashSet<Digest>,
    reached: HashSet<Digest>,
}

impl InUse {
    pub fn of(store: &Store, own: &HashSet<Digest>) -> io::Result<Self> {
        let held = store.held()?;
        Ok(Self {
            own: own.clone(),
            reached: store.reachable(own.union(&held).copied().collect())?,
            held,
        })
    }

    /// Takes notice of what hosts have come to hold.
    pub fn look_again(&mut self, store: &Store) -> io::Result<()> {
        let held = store.held()?;
        if held != self.held {
            self.reached = store.reachable(self.own.union(&held).copied().collect())?;
            self.held = held;
        }
        Ok(())
    }

    pub fn has(&self, digest: &Digest) -> bool {
        self.reached.contains(digest)
    }
}

impl Store {
    /// These and all that they name; signatures are named by their tags.
    fn reachable(&self, roots: HashSet<Digest>) -> io::Result<HashSet<Digest>> {
        let signatures: Vec<(String, Digest)> = self
            .tags()?
            .into_iter()
            .filter_map(|(_, tag, digest)| Some((tag, digest?)))
            .filter(|(tag, _)| tag.starts_with("sha256-"))
            .collect();
        let mut reached = HashSet::new();
        let mut waiting: Vec<Digest> = roots.into_iter().collect();
        while let Some(digest) = waiting.pop() {
            if !reached.insert(digest) {
                continue;
            }
            let tag = format!("sha256-{}", digest.hex());
            let of_this = |name: &str| name.strip_suffix(".sig").unwrap_or(name) == tag;
            waiting.extend(
                signatures
                    .iter()
                    .filter(|(name, _)| of_this(name))
                    .map(|s| s.1),
            );
            if self.size(&digest).is_some_and(|size| size <= MANIFEST)
                && let Ok(bytes) = fs::read(self.path(&digest))
                && let Ok(manifest) = Manifest::parse("", &bytes)
            {
                waiting.extend(manifest.names().map(|named| named.digest));
            }
        }
        Ok(reached)
    }
}
