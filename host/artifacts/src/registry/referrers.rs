//! Which manifests are about another, as a registry lists them; where it does not, as its clients do.

use ureq::http::{Method, StatusCode, header};

use super::Registry;
use super::link::Right;
use crate::kind::media_type;
use crate::manifest::{Index, Manifest};
use crate::place::{Place, read_up_to};
use crate::referrers::{of_type, tag};
use crate::retry::retry;
use crate::{Descriptor, Digest, Error};

/// More pages of a list are not read.
const PAGES: usize = 4;
/// A list that clients keep has not more bytes.
const LIMIT: u64 = 4 << 20;

impl Registry {
    /// What the registry lists. One without lists answers 404, and some older ones what else they have for an address
    /// that they do not know: then it is the clients' list.
    pub(super) fn list_referrers(
        &self,
        digest: &Digest,
        artifact_type: &str,
        limit: u64,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut found = Vec::new();
        let mut path = format!("referrers/{digest}?artifactType={}", escaped(artifact_type));
        for page in 0..PAGES {
            let (index, next) = match self.page(&path, limit) {
                Ok(answer) => answer,
                Err(Error::NotFound { .. } | Error::BadAnswer { .. }) if page == 0 => {
                    return Ok(of_type(&self.clients_list(digest, limit)?, artifact_type));
                }
                Err(error) => return Err(error),
            };
            // A registry may leave out the choosing.
            found.extend(of_type(&index, artifact_type));
            match next {
                Some(next) => path = next,
                None => break,
            }
        }
        Ok(found)
    }

    /// Adds a manifest to the clients' list of another one.
    pub(super) fn add_referrer(&self, about: &Digest, entry: Descriptor) -> Result<(), Error> {
        let mut list = self.clients_list(about, LIMIT)?;
        if list
            .manifests
            .iter()
            .any(|known| known.digest == entry.digest)
        {
            return Ok(());
        }
        list.manifests.push(entry);
        self.put_manifest(&list.bytes(), media_type::INDEX, Some(&tag(about)))
    }

    /// The list that clients keep; an empty one where there is none.
    fn clients_list(&self, digest: &Digest, limit: u64) -> Result<Index, Error> {
        let bytes = match self.fetch_manifest(&tag(digest), limit) {
            Ok(bytes) => bytes,
            Err(Error::NotFound { .. }) => return Ok(Index::of(Vec::new())),
            Err(error) => return Err(error),
        };
        match Manifest::parse(&self.name, &bytes)? {
            Manifest::Index(index) => Ok(index),
            Manifest::Artifact(_) => Ok(Index::of(Vec::new())),
        }
    }

    /// A page of the registry's list, and the path of the next one.
    fn page(&self, path: &str, limit: u64) -> Result<(Index, Option<String>), Error> {
        retry(self.link.patience(), || {
            let mut request = self.request(Method::GET, path, Right::Pull);
            request
                .headers
                .push((header::ACCEPT, media_type::INDEX.to_owned()));
            let bad = |detail: String| Error::BadAnswer {
                place: self.name.clone(),
                detail,
            };
            let answer = self.link.send(&request)?;
            let answer = self.link.expect(&request, answer, &[StatusCode::OK], || {
                "list of what is about an artifact".to_owned()
            })?;
            let next = answer
                .headers()
                .get(header::LINK)
                .and_then(|link| self.next(link.to_str().ok()?));
            let bytes = read_up_to(answer.into_body().into_reader(), limit)
                .map_err(|error| self.cut_off(&error))?
                .ok_or_else(|| bad("a list of referrers that is too long".to_owned()))?;
            let index = serde_json::from_slice(&bytes)
                .map_err(|error| bad(format!("a list of referrers that is none ({error})")))?;
            Ok((index, next))
        })
    }

    /// The next page, as `</v2/NAME/referrers/..>; rel="next"` has it, and only in this repository.
    fn next(&self, link: &str) -> Option<String> {
        let (target, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
        let base = self.link.base(&self.host);
        let path = target.strip_prefix(&base).unwrap_or(target);
        let path = path.strip_prefix(&format!("/v2/{}/", self.repository))?;
        (relation.contains("next") && path.starts_with("referrers/")).then(|| path.to_owned())
    }
}

/// A media type within an address.
fn escaped(media_type: &str) -> String {
    media_type.replace('/', "%2F").replace('+', "%2B")
}
