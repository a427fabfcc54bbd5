//! Putting a blob into a repository.

use ureq::Body;
use ureq::http::{Method, Response, StatusCode, header};

use super::Registry;
use super::link::{Payload, Request, Right};
use crate::place::Content;
use crate::{Descriptor, Error};

impl Registry {
    /// Uploads a blob that is not there, or has the registry take it from another of its repositories. Says whether
    /// it was sent.
    pub(super) fn upload(
        &self,
        blob: &Descriptor,
        content: &Content,
        elsewhere: Option<&str>,
    ) -> Result<bool, Error> {
        let digest = &blob.digest;
        let path = match elsewhere {
            Some(repository) => format!("blobs/uploads/?mount={digest}&from={repository}"),
            None => "blobs/uploads/".to_owned(),
        };
        let begin = self.request(Method::POST, &path, Right::Push);
        let answer = self.link.send(&begin)?;
        // A registry that cannot take it from there lets it be uploaded.
        let expected = [StatusCode::ACCEPTED, StatusCode::CREATED];
        let answer = self.link.expect(&begin, answer, &expected, || "such repository".into())?;
        if answer.status() == StatusCode::CREATED && elsewhere.is_some() {
            return Ok(false);
        }
        let location = location(&self.link.base(&self.host), &begin, &answer)?;
        drop(answer);
        let separator = if location.contains('?') { '&' } else { '?' };
        let put = Request {
            method: Method::PUT,
            url: format!("{location}{separator}digest={digest}"),
            headers: vec![(header::CONTENT_TYPE, "application/octet-stream".to_owned())],
            payload: Payload::Blob(content, blob.size),
            ..begin
        };
        let answer = self.link.send(&put)?;
        let expected = [StatusCode::CREATED, StatusCode::NO_CONTENT];
        self.link.expect(&put, answer, &expected, || "such upload".into())?;
        Ok(true)
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
