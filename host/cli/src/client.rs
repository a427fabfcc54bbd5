//! Speaks to a running host over HTTP.

use std::fmt;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::http::Response;
use ureq::unversioned::multipart::{Form, Part};
use ureq::{Agent, Body};

use crate::args::HostArgs;
use crate::locate;
use crate::photo::Photo;
use crate::problem::Problem;

/// The most that is taken of an answer that is no text: what an artifact's layer may have.
const MOST_BYTES: u64 = 2 << 30;

/// A connection to a host.
pub struct Client {
    base: String,
    agent: Agent,
}

/// No host answers.
#[derive(Debug)]
pub struct Unreachable {
    host: String,
    why: String,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no host answers at {} ({}); start one with `footlight run PIPELINE.toml`, or say where one is with \
             --host URL or FOOTLIGHT_HOST",
            self.host, self.why
        )
    }
}

impl std::error::Error for Unreachable {}

impl Client {
    /// A client of the host that the arguments or the environment name.
    pub fn new(args: &HostArgs) -> Result<Self> {
        // A redirect may lead to https, for which there is nothing here; no host answers with one.
        let config = Agent::config_builder()
            .max_redirects(0)
            // A host is of this machine or of a private network: no proxy leads there.
            .proxy(None)
            .http_status_as_error(false)
            // A host closes idle connections; one that was kept might be closed just when it is used again.
            .max_idle_connections(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(300)))
            .build();
        Ok(Self {
            base: base_of(&locate::host(args.host.as_deref())?)?,
            agent: config.into(),
        })
    }

    /// The host's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET path`; the body.
    pub fn get(&self, path: &str) -> Result<String> {
        let answer = self.agent.get(self.url(path)).call();
        self.body(answer)
    }

    /// `GET path`, whose body is no text: a header of the answer, and the body.
    pub fn get_bytes(&self, path: &str, header: &str) -> Result<(String, Vec<u8>)> {
        let answer = self.agent.get(self.url(path)).call();
        let mut answer = answer.map_err(|error| self.broken(error))?;
        if !answer.status().is_success() {
            self.body(Ok(answer))?;
            bail!("the host answers with neither a gallery nor a reason");
        }
        let header = answer.headers().get(header);
        let header = header.and_then(|value| value.to_str().ok());
        let header = header.map(str::to_owned).context(
            "the host's answer does not say what it is; is it of the same version as this command?",
        )?;
        let reading = answer.body_mut().with_config().limit(MOST_BYTES);
        let bytes = reading.read_to_vec().map_err(|error| self.broken(error))?;
        Ok((header, bytes))
    }

    /// `DELETE path`; the body.
    pub fn delete(&self, path: &str) -> Result<String> {
        let answer = self.agent.delete(self.url(path)).call();
        self.body(answer)
    }

    /// `POST path` without a body; the answer's body.
    pub fn post(&self, path: &str) -> Result<String> {
        let answer = self.agent.post(self.url(path)).send_empty();
        self.body(answer)
    }

    /// `PUT path` with JSON as the body; the answer's body.
    pub fn put_json(&self, path: &str, body: &Value) -> Result<String> {
        let answer = self.agent.put(self.url(path)).send_json(body);
        self.body(answer)
    }

    /// `POST path` with a photo as the body; the answer's body.
    pub fn post_photo(&self, path: &str, photo: &Photo) -> Result<String> {
        patiently(|| {
            let request = self
                .agent
                .post(self.url(path))
                .content_type(photo.media_type());
            self.body(request.send(photo.bytes.as_slice()))
        })
    }

    /// `PUT path` with photos as a multipart form; the answer's body.
    pub fn put_photos(&self, path: &str, photos: &[Photo]) -> Result<String> {
        patiently(|| {
            let mut form = Form::new();
            for photo in photos {
                let part = Part::bytes(&photo.bytes)
                    .file_name(&photo.name)
                    .mime_str(photo.media_type())?;
                form = form.part("photo", part);
            }
            self.body(self.agent.put(self.url(path)).send(form))
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn body(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<String> {
        let mut answer = answer.map_err(|error| self.broken(error))?;
        let status = answer.status();
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| self.broken(error))?;
        if status.is_success() {
            return Ok(text);
        }
        Err(Problem::of_answer(status, &text).into())
    }

    fn broken(&self, error: ureq::Error) -> anyhow::Error {
        use std::io::ErrorKind;
        let never_there = match &error {
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
            ureq::Error::Timeout(timeout) => {
                matches!(timeout, ureq::Timeout::Connect | ureq::Timeout::Resolve)
            }
            ureq::Error::Io(error) => matches!(
                error.kind(),
                ErrorKind::ConnectionRefused
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
                    | ErrorKind::AddrNotAvailable
                    | ErrorKind::NotFound
            ),
            _ => false,
        };
        if never_there {
            let host = self.base.clone();
            let why = match error {
                ureq::Error::Io(error) => error.to_string(),
                error => error.to_string(),
            };
            return Unreachable { host, why }.into();
        }
        let detail = format!("the connection to {} broke: {error}", self.base);
        Problem::local("connection broken", detail).into()
    }
}

/// Tries again for as long as a host says that it is busy or still getting ready, for half a minute.
fn patiently(request: impl Fn() -> Result<String>) -> Result<String> {
    let mut pauses = 30;
    loop {
        let answer = request();
        let problem = answer
            .as_ref()
            .err()
            .and_then(|error| error.downcast_ref::<Problem>());
        // There is a newer one where a frame of a live stream was too late.
        let superseded = problem.and_then(Problem::reason) == Some("superseded");
        if pauses == 0 || superseded || problem.and_then(Problem::status) != Some(503) {
            return answer;
        }
        pauses -= 1;
        thread::sleep(Duration::from_secs(1));
    }
}

/// The start of every URL, from what a person writes for a host: `HOST:PORT` or `http://HOST:PORT[/PATH]`.
fn base_of(host: &str) -> Result<String> {
    let host = host.trim().trim_end_matches('/');
    if host.starts_with("https://") {
        bail!(
            "{host}: this command speaks http only; for https, put a proxy that ends it before the host"
        );
    }
    let address = host.strip_prefix("http://").unwrap_or(host);
    if address.is_empty() || address.contains("://") || address.contains(char::is_whitespace) {
        bail!("`{host}` is no address of a host; write one as http://127.0.0.1:7420");
    }
    Ok(format!("http://{address}"))
}

/// A part of a path, with whatever would end it escaped.
pub fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The list that an answer is, or has under `key`.
pub fn list(text: &str, key: &str) -> Result<Vec<Value>> {
    let value: Value = serde_json::from_str(text)
        .context("the host's answer is no JSON; is it a footlight host?")?;
    match value {
        Value::Array(items) => Ok(items),
        Value::Object(mut fields) => match fields.remove(key) {
            Some(Value::Array(items)) => Ok(items),
            _ => bail!(
                "the host's answer has no list of {key}; is it of the same version as this command?"
            ),
        },
        _ => bail!(
            "the host's answer is no list of {key}; is it of the same version as this command?"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_in_each_usual_way() {
        for text in [
            "127.0.0.1:7420",
            "http://127.0.0.1:7420",
            "http://127.0.0.1:7420/",
            " 127.0.0.1:7420 ",
        ] {
            assert_eq!(base_of(text).unwrap(), "http://127.0.0.1:7420");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_one_that_is() {
        for text in ["", "ftp://host", "a b"] {
            assert!(
                base_of(text)
                    .unwrap_err()
                    .to_string()
                    .contains("http://127.0.0.1:7420")
            );
        }
        assert!(
            base_of("https://host")
                .unwrap_err()
                .to_string()
                .contains("http only")
        );
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_a_path() {
        assert_eq!(segment("a.b-c_9"), "a.b-c_9");
        assert_eq!(segment("../x?y#z"), "..%2Fx%3Fy%23z");
    }

    #[test]
    fn a_host_that_is_not_there_is_said_to_be_started() {
        // A port that was free a moment ago: nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let args = HostArgs {
            host: Some(format!("127.0.0.1:{port}")),
        };
        let error = Client::new(&args).unwrap().get("/v1/models").unwrap_err();
        assert!(error.is::<Unreachable>(), "{error:#}");
        assert!(error.to_string().contains("footlight run"));
    }
}
