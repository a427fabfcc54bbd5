//! Putting a blob into a repository.

use ureq::Body;
use ureq::http::{Method, Response, StatusCode, header};

use super::Registry;
use super::link::{Payload, Request, Right};
use crate::place::Content;
use crate::{Digest, Error};

impl Registry {
    /// Uploads a blob.
    pub(super) fn upload(&self, content: &Content) -> Result<(), Error> {
        let begin = self.request(Method::POST, "blobs/uploads/", Right::Push);
        let answer = self.link.send(&begin)?;
        let expected = [StatusCode::ACCEPTED];
        let answer = self
            .link
            .expect(&begin, answer, &expected, || "such repository".into())?;
        let location = location(&self.link.base(&self.host), &begin, &answer)?;
        drop(answer);
        let separator = if location.contains('?') { '&' } else { '?' };
        let put = Request {
            method: Method::PUT,
            url: format!("{location}{separator}digest={}", content.digest),
            headers: vec![(header::CONTENT_TYPE, "application/octet-stream".to_owned())],
            payload: Payload::Blob(content),
            ..begin
        };
        let answer = self.link.send(&put)?;
        let expected = [StatusCode::CREATED, StatusCode::NO_CONTENT];
        self.link
            .expect(&put, answer, &expected, || "such upload".into())?;
        Ok(())
    }

    /// Has the registry take a blob from another of its repositories. One that cannot, or may not for us, offers an
    /// upload instead, which is left.
    pub(super) fn mount(&self, digest: &Digest, repository: &str) -> Result<bool, Error> {
        let path = format!("blobs/uploads/?mount={digest}&from={repository}");
        let request = self.request(Method::POST, &path, Right::Push);
        let answer = self.link.send(&request)?;
        let expected = [StatusCode::ACCEPTED, StatusCode::CREATED];
        let answer = self
            .link
            .expect(&request, answer, &expected, || "such repository".into())?;
        Ok(answer.status() == StatusCode::CREATED)
    }
}

/// Where to upload to: a path of the registry's, or anywhere.
fn location(base: &str, request: &Request<'_>, answer: &Response<Body>) -> Result<String, Error> {
    let location = answer
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if location.starts_with("http://") || location.starts_with("https://") {
        return Ok(location.to_owned());
    }
    if location.starts_with('/') {
        return Ok(format!("{base}{location}"));
    }
    Err(Error::BadAnswer {
        place: request.place.to_owned(),
        detail: format!("an upload to `{location}`, which is nowhere"),
    })
}
