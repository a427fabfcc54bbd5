//! The way to registries: connections, credentials and tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, SendBody};

use super::credentials::Credentials;
use super::token;
use crate::place::Content;
use crate::{Error, Options, Patience};

/// What all repositories share.
pub(crate) struct Link {
    options: Options,
    agent: OnceLock<Agent>,
    /// What registries are sent to prove who asks, by registry, repository and right.
    proofs: Mutex<HashMap<(String, String, Right), HeaderValue>>,
    credentials: Mutex<HashMap<String, Arc<Credentials>>>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Right {
    Pull,
    Push,
}

/// A request about a repository.
pub(super) struct Request<'a> {
    pub method: Method,
    pub url: String,
    pub host: &'a str,
    pub repository: &'a str,
    /// The repository's name, for people.
    pub place: &'a str,
    pub right: Right,
    pub headers: Vec<(HeaderName, String)>,
    pub payload: Payload<'a>,
}

/// What goes with a request.
pub(super) enum Payload<'a> {
    None,
    Bytes(&'a [u8]),
    Blob(&'a Content),
}

impl Link {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            agent: OnceLock::new(),
            proofs: Mutex::default(),
            credentials: Mutex::default(),
        }
    }

    pub fn patience(&self) -> &Patience {
        &self.options.patience
    }

    /// The beginning of a registry's addresses.
    pub(super) fn base(&self, host: &str) -> String {
        if self.is_plain(host) {
            format!("http://{host}")
        } else if host == "docker.io" {
            "https://registry-1.docker.io".to_owned()
        } else {
            format!("https://{host}")
        }
    }

    /// Whether the registry is spoken to without TLS.
    pub(super) fn is_plain(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, _)) if !host.ends_with(']') => name,
            _ => host,
        };
        let listed = &self.options.plain_http;
        matches!(name, "localhost" | "127.0.0.1" | "[::1]")
            || listed.iter().any(|plain| plain == host)
    }

    /// The account for a registry, read once.
    pub(super) fn credentials(&self, host: &str) -> Result<Arc<Credentials>, Error> {
        let mut known = self
            .credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = known.get(host) {
            return Ok(Arc::clone(credentials));
        }
        let found = Arc::new(Credentials::find(
            self.options.docker_config.as_deref(),
            host,
        )?);
        known.insert(host.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    /// Makes a request. Where the registry wants to know who asks, it is told, and asked again.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Response<Body>, Error> {
        let base = self.base(request.host);
        // An upload may lead to another host, which is not told who asks.
        let own = request
            .url
            .strip_prefix(&base)
            .is_some_and(|rest| rest.starts_with('/'));
        let key = (
            request.host.to_owned(),
            request.repository.to_owned(),
            request.right,
        );
        let known = self.proofs().get(&key).filter(|_| own).cloned();
        let answer = self.once(request, known.as_ref())?;
        if answer.status() != StatusCode::UNAUTHORIZED || !own {
            return Ok(answer);
        }
        let Some(proof) = token::prove(self, request, &answer)? else {
            return Ok(answer);
        };
        if known.as_ref() == Some(&proof) {
            return Ok(answer);
        }
        self.proofs().insert(key, proof.clone());
        self.once(request, Some(&proof))
    }

    fn proofs(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String, Right), HeaderValue>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn once(
        &self,
        request: &Request<'_>,
        proof: Option<&HeaderValue>,
    ) -> Result<Response<Body>, Error> {
        let mut builder = ureq::http::Request::builder()
            .method(request.method.clone())
            .uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(proof) = proof {
            builder = builder.header(header::AUTHORIZATION, proof);
        }
        match &request.payload {
            Payload::None => {
                // Registries want to know the length of what is sent, also where that is nothing.
                if request.method == Method::POST || request.method == Method::PUT {
                    builder = builder.header(header::CONTENT_LENGTH, 0);
                }
                self.run(request, builder.body(SendBody::none()))
            }
            Payload::Bytes(bytes) => {
                builder = builder.header(header::CONTENT_LENGTH, bytes.len());
                self.run(
                    request,
                    builder.body(SendBody::from_reader(&mut &bytes[..])),
                )
            }
            Payload::Blob(content) => {
                builder = builder.header(header::CONTENT_LENGTH, content.size);
                let mut reader = content.open().map_err(|error| Error::Content {
                    what: "what should be pushed".to_owned(),
                    detail: error.to_string(),
                })?;
                self.run(request, builder.body(SendBody::from_reader(&mut reader)))
            }
        }
    }

    fn run(
        &self,
        request: &Request<'_>,
        built: Result<ureq::http::Request<SendBody<'_>>, ureq::http::Error>,
    ) -> Result<Response<Body>, Error> {
        let built = built.map_err(|error| Error::BadAnswer {
            place: request.place.to_owned(),
            detail: format!("it leads to `{}` ({error})", request.url),
        })?;
        self.agent()?
            .run(built)
            .map_err(|error| failure(request.place, &error))
    }

    /// Made when it is first needed: reading all of the system's certificates takes a moment.
    pub(super) fn agent(&self) -> Result<&Agent, Error> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(self.roots()?)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let patience = &self.options.patience;
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // Another port of the same host is another server.
            .redirect_auth_headers(RedirectAuthHeaders::Never)
            .user_agent(concat!("footlight/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(8)
            .timeout_connect(Some(patience.connect))
            .timeout_per_read(Some(patience.idle))
            .timeout_per_write(Some(patience.idle))
            .build();
        Ok(self.agent.get_or_init(|| config.into()))
    }

    fn roots(&self) -> Result<Vec<Certificate<'static>>, Error> {
        // What the system has besides and cannot be read is nothing to us.
        let system = rustls_native_certs::load_native_certs().certs;
        let mut roots: Vec<Certificate<'static>> = system
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        for path in &self.options.extra_root_certificates {
            let fails = |detail: String| Error::Certificates {
                detail: format!("{}: {detail}", path.display()),
            };
            let text = std::fs::read(path).map_err(|error| fails(error.to_string()))?;
            let before = roots.len();
            for item in parse_pem(&text) {
                match item {
                    Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
                    Ok(_) => {}
                    Err(error) => return Err(fails(error.to_string())),
                }
            }
            if roots.len() == before {
                return Err(fails("there is no certificate (PEM) in it".to_owned()));
            }
        }
        Ok(roots)
    }
}

/// What kept a request from being answered.
pub(super) fn failure(place: &str, error: &ureq::Error) -> Error {
    let detail = match error {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            "no connection came about in time".to_owned()
        }
        ureq::Error::Timeout(_) => "it fell silent".to_owned(),
        ureq::Error::HostNotFound => "there is no host of this name".to_owned(),
        ureq::Error::Rustls(error) => return certificates(place, error),
        ureq::Error::Io(io) => {
            let inner = io.get_ref().and_then(|inner| inner.downcast_ref());
            if let Some(error) = inner {
                return certificates(place, error);
            }
            io.to_string()
        }
        ureq::Error::TooManyRedirects
        | ureq::Error::RedirectFailed
        | ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::Protocol(_)
        | ureq::Error::LargeResponseHeader(..) => {
            return Error::BadAnswer {
                place: place.to_owned(),
                detail: error.to_string(),
            };
        }
        error => error.to_string(),
    };
    Error::Unreachable {
        place: place.to_owned(),
        detail,
    }
}

/// The registry is not who it should be, or TLS fails otherwise. Asking again does not change that.
fn certificates(place: &str, error: &rustls::Error) -> Error {
    Error::Certificates {
        detail: format!(
            "the registry of {place} has none that is trusted ({error}); where it is signed by an authority of your \
             own, name that one's certificate as an extra root, and where the registry speaks no TLS, list it as one \
             of plain HTTP"
        ),
    }
}
