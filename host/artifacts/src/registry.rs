//! A repository on a registry, by the requests of OCI's distribution specification.

mod answer;
mod credentials;
mod link;
mod referrers;
mod token;
mod upload;

use std::sync::Arc;

use ureq::http::{Method, StatusCode, header};

use crate::place::{Body, Content, Place, read_up_to};
use crate::referrers::entry;
use crate::retry::retry;
use crate::{Descriptor, Digest, Error};

pub(crate) use link::Link;
use link::{Payload, Request, Right};

/// What is taken where a manifest is asked for: what an image has as well, so that it is said to be one.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// A repository on a registry.
pub(crate) struct Registry {
    link: Arc<Link>,
    host: String,
    repository: String,
    name: String,
}

impl Registry {
    pub fn new(link: Arc<Link>, host: &str, repository: &str) -> Self {
        Self {
            link,
            host: host.to_owned(),
            repository: repository.to_owned(),
            name: format!("{host}/{repository}"),
        }
    }

    /// A request about this repository: to `blobs/..`, `manifests/..` and so on.
    fn request(&self, method: Method, path: &str, right: Right) -> Request<'_> {
        let base = self.link.base(&self.host);
        Request {
            method,
            url: format!("{base}/v2/{}/{path}", self.repository),
            host: &self.host,
            repository: &self.repository,
            place: &self.name,
            right,
            headers: Vec::new(),
            payload: Payload::None,
        }
    }

    fn fetch_manifest(&self, wanted: &str, limit: u64) -> Result<Vec<u8>, Error> {
        retry(self.link.patience(), || {
            let mut request =
                self.request(Method::GET, &format!("manifests/{wanted}"), Right::Pull);
            request.headers.push((header::ACCEPT, MANIFESTS.to_owned()));
            let what = || format!("manifest `{wanted}`");
            let answer = self.link.send(&request)?;
            let answer = self
                .link
                .expect(&request, answer, &[StatusCode::OK], what)?;
            let claimed = answer
                .headers()
                .get("docker-content-digest")
                .and_then(|value| value.to_str().ok()?.parse::<Digest>().ok());
            let bytes = read_up_to(answer.into_body().into_reader(), limit)
                .map_err(|error| self.cut_off(&error))?
                .ok_or_else(|| Error::TooLong {
                    place: self.name.clone(),
                    what: what(),
                    size: limit,
                })?;
            let found = Digest::of(&bytes);
            match claimed.filter(|claimed| *claimed != found) {
                Some(wanted) => Err(Error::WrongDigest {
                    place: self.name.clone(),
                    wanted,
                    found,
                }),
                None => Ok(bytes),
            }
        })
    }

    fn cut_off(&self, error: &std::io::Error) -> Error {
        Error::Unreachable {
            place: self.name.clone(),
            detail: format!("the answer broke off: {error}"),
        }
    }
}

impl Place for Registry {
    fn name(&self) -> &str {
        &self.name
    }

    fn tagged(&self, tag: Option<&str>, limit: u64) -> Result<Vec<u8>, Error> {
        self.fetch_manifest(tag.unwrap_or("latest"), limit)
    }

    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        self.fetch_manifest(&digest.to_string(), limit)
    }

    /// Is asked once: who reads it knows best how to go on.
    fn blob(&self, digest: &Digest, from: u64) -> Result<Body, Error> {
        let mut request = self.request(Method::GET, &format!("blobs/{digest}"), Right::Pull);
        if from > 0 {
            request
                .headers
                .push((header::RANGE, format!("bytes={from}-")));
        }
        let answer = self.link.send(&request)?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE && from > 0 {
            return self.blob(digest, 0);
        }
        let expected = [StatusCode::OK, StatusCode::PARTIAL_CONTENT];
        let answer = self
            .link
            .expect(&request, answer, &expected, || format!("blob {digest}"))?;
        let from = match answer.status() {
            StatusCode::PARTIAL_CONTENT => answer::range_start(&request, &answer)?,
            _ => 0,
        };
        Ok(Body {
            from,
            reader: Box::new(answer.into_body().into_reader()),
        })
    }

    fn referrers(
        &self,
        digest: &Digest,
        artifact_type: &str,
        limit: u64,
    ) -> Result<Vec<Descriptor>, Error> {
        self.list_referrers(digest, artifact_type, limit)
    }

    fn broken_off(&self, digest: &Digest, detail: String) -> Error {
        Error::Unreachable {
            place: self.name.clone(),
            detail: format!("of the blob {digest}, {detail}"),
        }
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        retry(self.link.patience(), || {
            // With the right to push: the token that comes next is the same.
            let request = self.request(Method::HEAD, &format!("blobs/{digest}"), Right::Push);
            let answer = self.link.send(&request)?;
            if answer.status() == StatusCode::NOT_FOUND {
                return Ok(false);
            }
            self.link.expect(&request, answer, &[StatusCode::OK], || {
                format!("blob {digest}")
            })?;
            Ok(true)
        })
    }

    fn mount_blob(&self, digest: &Digest, repository: &str) -> Result<bool, Error> {
        retry(self.link.patience(), || self.mount(digest, repository))
    }

    fn put_blob(&self, content: &Content) -> Result<(), Error> {
        retry(self.link.patience(), || self.upload(content))
    }

    fn put_manifest(
        &self,
        manifest: &[u8],
        media_type: &str,
        tag: Option<&str>,
    ) -> Result<(), Error> {
        let digest = Digest::of(manifest);
        let wanted = tag.map_or_else(|| digest.to_string(), str::to_owned);
        let listed = retry(self.link.patience(), || {
            let mut request =
                self.request(Method::PUT, &format!("manifests/{wanted}"), Right::Push);
            request
                .headers
                .push((header::CONTENT_TYPE, media_type.to_owned()));
            request.payload = Payload::Bytes(manifest);
            let answer = self.link.send(&request)?;
            let expected = [StatusCode::CREATED, StatusCode::OK, StatusCode::ACCEPTED];
            let answer = self
                .link
                .expect(&request, answer, &expected, || "such repository".into())?;
            let said = answer.headers().get("docker-content-digest");
            match said.and_then(|said| said.to_str().ok()?.parse::<Digest>().ok()) {
                Some(found) if found != digest => Err(Error::WrongDigest {
                    place: self.name.clone(),
                    wanted: digest,
                    found,
                }),
                // The registry's word that it has a list of what is about a manifest, and this one is in it.
                _ => Ok(answer.headers().contains_key("oci-subject")),
            }
        })?;
        match entry(&self.name, manifest)? {
            Some((about, described)) if !listed => self.add_referrer(&about, described),
            _ => Ok(()),
        }
    }
}
