//! Speaking HTTP to a host.

use serde_json::Value;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderMap, Response};

/// A connection to a host. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    url: String,
}

/// What a host answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .proxy(None)
            .build();
        Self {
            agent: config.new_agent(),
            url: url.to_owned(),
        }
    }

    /// Where the host is.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn get(&self, path: &str) -> Reply {
        Reply::of(
            self.try_get(path)
                .unwrap_or_else(|error| panic!("GET {path}: {error}")),
        )
    }

    pub fn try_get(&self, path: &str) -> Result<Response<ureq::Body>, ureq::Error> {
        self.agent.get(format!("{}{path}", self.url)).call()
    }

    pub fn delete(&self, path: &str) -> Reply {
        Reply::of(
            self.agent
                .delete(format!("{}{path}", self.url))
                .call()
                .unwrap(),
        )
    }

    pub fn post(&self, path: &str, media_type: &str, body: &[u8]) -> Reply {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("content-type", media_type);
        Reply::of(
            request
                .send(body)
                .unwrap_or_else(|error| panic!("POST {path}: {error}")),
        )
    }

    pub fn put_json(&self, path: &str, body: &Value) -> Reply {
        let request = self.agent.put(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json");
        Reply::of(
            request
                .send(body.to_string())
                .unwrap_or_else(|error| panic!("PUT {path}: {error}")),
        )
    }

    /// A frame to a pipeline.
    pub fn frame(&self, pipeline: &str, picture: &[u8]) -> Reply {
        let png = picture.starts_with(b"\x89PNG");
        let media_type = if png { "image/png" } else { "image/jpeg" };
        self.post(
            &format!("/v1/pipelines/{pipeline}/frames"),
            media_type,
            picture,
        )
    }

    /// The same with more headers.
    pub fn frame_with(&self, pipeline: &str, picture: &[u8], headers: &[(&str, &str)]) -> Reply {
        let request = self
            .agent
            .post(format!("{}/v1/pipelines/{pipeline}/frames", self.url))
            .header("content-type", "image/jpeg");
        let headers = headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        Reply::of(request.send(picture).unwrap())
    }

    /// Makes somebody a member.
    pub fn enrol(&self, id: &str, photos: &[(&str, &[u8])]) -> Reply {
        let mut body = Vec::new();
        for (name, bytes) in photos {
            let head = format!(
                "--edge\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{name}\"\r\n\r\n"
            );
            body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        }
        body.extend(b"--edge--\r\n");
        let request = self.agent.put(format!("{}/v1/members/{id}", self.url));
        let request = request.header("content-type", "multipart/form-data; boundary=edge");
        Reply::of(
            request
                .send(&body[..])
                .unwrap_or_else(|error| panic!("PUT {id}: {error}")),
        )
    }

    /// The value of a metric, with its labels as it is written; 0 where it is not there.
    pub fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.get("/metrics").body).unwrap();
        let mut values = text
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        values.next().map_or(0.0, |value| value.parse().unwrap())
    }
}

impl Reply {
    fn of(mut response: Response<ureq::Body>) -> Self {
        let body = response.body_mut().read_to_vec().unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error} in an answer of {}: {}", self.status, self.text())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which must be a success.
    #[track_caller]
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The detail of the answer, which must be a problem with this status and reason.
    #[track_caller]
    pub fn refused(&self, status: u16, reason: &str) -> String {
        let text = self.text();
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/problem+json"),
            "{text}"
        );
        let problem = self.json();
        assert_eq!(problem["reason"], reason, "{text}");
        assert_eq!(problem["status"], status, "{text}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}
