//! How work is taken in from other hosts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use footlight_boundary::{Refusal, Zone};
use footlight_pipeline::{Elsewhere, Failure, FrameError, Pipeline, Purpose};
use footlight_sandbox::{ErrorKind, Item};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::errand::audit;
use crate::identity::{Identity, words, zone_of};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::status::Status;
use crate::trace::Trace;
use crate::wire::{self, Cargo};

/// How many messages of the largest size may be held at the same time.
const TOGETHER: usize = 4;
/// One permit for what is held, in bytes.
const UNIT: usize = 1024;
/// How many connections may be open; the next ones wait in the kernel.
const CONNECTIONS: usize = 1024;
/// How many things one host may ask at the same time.
const STREAMS: u32 = 256;
/// The longest that work may take, whatever a host asks for.
const LONGEST: Duration = Duration::from_secs(600);
/// For so long it is not said again that a host is refused for the same reason: it tries every few seconds.
const SAID_FOR: Duration = Duration::from_secs(600);
/// The most refusals that are kept in mind for that.
const REFUSALS: usize = 256;

/// What does the work that other hosts send.
pub trait Worker: Send + Sync + 'static {
    /// What it runs.
    fn status(&self) -> Status;

    /// Does the work of an order, on a thread that may block, with [`Order::carry_out`].
    fn work(&self, order: Order) -> impl Future<Output = Result<Vec<u8>, Refused>> + Send;

    /// Where it is counted.
    fn metrics(&self) -> Arc<Metrics>;
}

/// Work that another host has sent.
#[derive(Debug)]
pub struct Order {
    /// The zone of the host that sent it, as its certificate names it.
    pub sender: Zone,
    /// The frame that it is for.
    pub frame: String,
    /// The trace that it is part of.
    pub trace: Trace,
    /// When it is too late.
    pub until: Instant,
    body: Bytes,
    metrics: Arc<Metrics>,
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The status of the answer.
    #[serde(skip)]
    pub status: u16,
    /// Why, as a code: lower case, words joined by hyphens.
    pub code: String,
    /// The stage where it went wrong.
    pub stage: Option<String>,
    /// Why, in words.
    pub detail: String,
}

/// What an order is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The pipeline.
    pub pipeline: String,
    /// Its version, as a digest.
    pub version: String,
    /// The stage that the items are for.
    pub stage: String,
    purpose: Purpose,
}

impl Refused {
    /// The version or the stage is not here: another host may have it.
    pub fn not_here(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "not-here", detail)
    }

    /// There is too much to do: another host may have less.
    pub fn busy(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// The time was over before it was begun.
    pub fn late() -> Self {
        let detail = "the frame's time was over before it was begun";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "deadline-passed", detail)
    }

    /// The host failed at it.
    pub fn failed(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
    }

    fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            code: code.to_owned(),
            stage: None,
            detail: detail.into(),
        }
    }

    fn of_boundary(refusal: &Refusal) -> Self {
        Self::new(StatusCode::FORBIDDEN, refusal.code(), refusal.to_string())
    }
}

impl About {
    /// The host does not run the stage, or no more.
    pub fn not_here(&self) -> Refused {
        Refused::not_here(format!(
            "this host does not run the stage `{}` of `{}` ({})",
            self.stage, self.pipeline, self.version
        ))
    }
}

impl From<&FrameError> for Refused {
    fn from(error: &FrameError) -> Self {
        let status = match error {
            FrameError::Stage { source, .. } if source.kind() == ErrorKind::Unsuitable => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            FrameError::Elsewhere { source, .. } => match &**source {
                Failure::Nobody(_) | Failure::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
                Failure::Late(_) => StatusCode::GATEWAY_TIMEOUT,
                Failure::Refused(_) => StatusCode::FORBIDDEN,
                Failure::Told { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            },
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            stage: error.stage().map(str::to_owned),
            ..Self::new(status, error.code(), error.to_string())
        }
    }
}

impl Order {
    /// What it is about.
    ///
    /// # Errors
    /// A message that is not one.
    pub fn about(&self) -> Result<About, Refused> {
        let request: wire::Request<'_> = wire::read(&self.body).map_err(malformed)?;
        Ok(About {
            pipeline: request.pipeline.to_owned(),
            version: request.version.to_owned(),
            stage: request.stage.to_owned(),
            purpose: request.purpose,
        })
    }

    /// Does the work with a pipeline of that name and version. Blocks.
    ///
    /// # Errors
    /// Why it was not done. What does not pass the boundary is in the audit log, too.
    pub fn carry_out(
        &self,
        pipeline: &Pipeline,
        others: &dyn Elsewhere,
    ) -> Result<Vec<u8>, Refused> {
        let about = self.about()?;
        let refuse = |refusal: Refusal| {
            let (of, stage) = (&about.pipeline, &about.stage);
            audit(&self.metrics, of, stage, &self.frame, &refusal);
            Refused::of_boundary(&refusal)
        };
        let near = pipeline.zone() == Some(&self.sender);
        let items = self.items(pipeline, &about, near, &refuse)?;
        if !pipeline.runs(&about.stage) {
            return Err(about.not_here());
        }
        let worked = pipeline
            .work(&about.stage, about.purpose, items, others)
            .map_err(|error| Refused::from(&error))?;
        let parcels;
        let made: Vec<(usize, Cargo<'_>)> = if near {
            let made = worked.made.iter();
            made.map(|made| (made.parent, Cargo::whole(&made.item)))
                .collect()
        } else {
            parcels = pipeline.parcels(&worked, &self.sender).map_err(refuse)?;
            let parcels = parcels.iter();
            parcels
                .map(|(parent, parcel)| (*parent, Cargo::parcel(parcel)))
                .collect()
        };
        wire::write(&wire::reply(&worked, made))
            .map_err(|why| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "host-failed", why))
    }

    fn items(
        &self,
        pipeline: &Pipeline,
        about: &About,
        near: bool,
        refuse: &dyn Fn(Refusal) -> Refused,
    ) -> Result<Vec<Item>, Refused> {
        let input = pipeline
            .file()
            .stages
            .get(&about.stage)
            .map(|stage| stage.input.as_str());
        let read = |cargo| {
            let item = match cargo {
                Cargo::Item(item) if near => item.read().map_err(malformed)?,
                Cargo::Item(_) => {
                    let refusal = Refusal::Image {
                        class: input.unwrap_or_default().to_owned(),
                        from: self.sender.clone(),
                        to: self.sender.clone(),
                    };
                    return Err(refuse(refusal));
                }
                Cargo::Parcel(parcel) => pipeline
                    .unpack(self.sender.as_str(), &parcel.read())
                    .map_err(refuse)?,
            };
            if Some(item.class.as_str()) != input {
                return Err(malformed(format!(
                    "the stage `{}` does not take items of class `{}`",
                    about.stage, item.class
                )));
            }
            pipeline.check_item(&item).map_err(malformed)?;
            Ok(item)
        };
        let request: wire::Request<'_> = wire::read(&self.body).map_err(malformed)?;
        request.cargo.into_iter().map(read).collect()
    }
}

fn malformed(why: impl Into<String>) -> Refused {
    let detail = format!(
        "the message of the host that sent it is not read: {}",
        why.into()
    );
    Refused::new(StatusCode::BAD_REQUEST, "malformed-message", detail)
}

/// Takes in work from other hosts.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    identity: Arc<Identity>,
    options: Options,
}

/// What connections share.
struct Shared<W> {
    worker: Arc<W>,
    options: Options,
    /// Permits for the bytes of messages that are held.
    room: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// How a connection ended that did not end well.
enum Ended {
    /// Whoever it was is not spoken to.
    Refused(String),
    Broke(String),
}

/// The refusals that were said already, with when.
#[derive(Default)]
struct Said(BTreeMap<(Option<IpAddr>, String), Instant>);

impl Said {
    /// Whether it is to be said that somebody is refused.
    fn anew(&mut self, who: Option<IpAddr>, why: &str, now: Instant) -> bool {
        self.0
            .retain(|_, said| now.duration_since(*said) < SAID_FOR);
        let key = (who, why.to_owned());
        if self.0.contains_key(&key) {
            return false;
        }
        if self.0.len() >= REFUSALS {
            self.0.clear();
        }
        self.0.insert(key, now);
        true
    }
}

impl Listener {
    /// At a socket.
    pub fn new(tcp: TcpListener, identity: Arc<Identity>, options: Options) -> Self {
        Self {
            tcp,
            identity,
            options,
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// A socket that does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves connections until this is dropped, which cuts off what is not done: a host that is about to end says so
    /// in its status first, and finishes what it holds.
    pub async fn serve<W: Worker>(self, worker: Arc<W>) {
        let units = self.options.max_message.div_ceil(UNIT).max(1);
        let units = units.saturating_mul(TOGETHER).min(Semaphore::MAX_PERMITS);
        let shared = Arc::new(Shared {
            metrics: worker.metrics(),
            worker,
            options: self.options,
            room: Arc::new(Semaphore::new(units)),
        });
        let open = Arc::new(Semaphore::new(CONNECTIONS));
        let said = Arc::new(Mutex::new(Said::default()));
        let mut connections = JoinSet::new();
        loop {
            let permit = open.clone().acquire_owned().await;
            let stream = match self.tcp.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "no connection of a host could be accepted; trying again");
                    sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            while connections.try_join_next().is_some() {}
            let acceptor = TlsAcceptor::from(self.identity.current().server.clone());
            let (shared, said) = (shared.clone(), said.clone());
            connections.spawn(async move {
                let address = stream.peer_addr().ok();
                let from = address.map(|address| address.to_string());
                match connection(stream, acceptor, &shared).await {
                    Ok(()) => {}
                    Err(Ended::Broke(why)) => {
                        tracing::warn!(from, why, "a connection of a host broke");
                    }
                    Err(Ended::Refused(why)) => {
                        let who = address.map(|address| address.ip());
                        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                        if said.anew(who, &why, Instant::now()) {
                            tracing::warn!(from, why, "a host is refused");
                        }
                    }
                }
                drop(permit);
            });
        }
    }
}

async fn connection<W: Worker>(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    shared: &Arc<Shared<W>>,
) -> Result<(), Ended> {
    let options = &shared.options;
    let broke = |error: &dyn std::fmt::Display| Ended::Broke(error.to_string());
    stream.set_nodelay(true).map_err(|error| broke(&error))?;
    let tls = timeout(options.away_after, acceptor.accept(stream))
        .await
        .map_err(|_| Ended::Refused("it did not finish the handshake in time".to_owned()))?
        .map_err(|error| Ended::Refused(format!("TLS: {}", words(&error))))?;
    let certificates = tls.get_ref().1.peer_certificates();
    let zone = certificates.and_then(<[_]>::first).and_then(zone_of);
    let zone = zone.ok_or_else(|| Ended::Refused("its certificate names no zone".to_owned()))?;
    let zone: Zone = zone
        .parse()
        .map_err(|error| Ended::Refused(format!("{error}")))?;
    let service = service_fn(|request| {
        let (shared, zone) = (shared.clone(), zone.clone());
        async move { Ok::<_, Infallible>(answer(&shared, zone, request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(options.away_after)
        .keep_alive_timeout(options.away_after)
        .initial_stream_window_size(8 << 20)
        .initial_connection_window_size(32 << 20)
        .serve_connection(TokioIo::new(tls), service);
    let mut connection = std::pin::pin!(connection);
    // Whoever is on the other side replaces it before: then its certificate is looked at again.
    let old = sleep(options.renew_after.saturating_mul(2));
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(|error| broke(&error)),
        () = old => connection.as_mut().graceful_shutdown(),
    }
    connection.await.map_err(|error| broke(&error))
}

async fn answer<W: Worker>(
    shared: &Shared<W>,
    sender: Zone,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let answered = match (request.method(), request.uri().path()) {
        (&Method::GET, wire::STATUS) => serde_json::to_vec(&shared.worker.status())
            .map_err(|error| malformed(error.to_string())),
        (&Method::POST, wire::WORK) => work(shared, sender, request).await,
        _ => Err(Refused::new(
            StatusCode::NOT_FOUND,
            "unknown-route",
            "hosts of this version do not speak of that with each other",
        )),
    };
    let (status, body) = match answered {
        Ok(body) => (StatusCode::OK, body),
        Err(refused) => (
            StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            serde_json::to_vec(&refused).unwrap_or_default(),
        ),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    if status != StatusCode::OK {
        let json = hyper::header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
    }
    response
}

async fn work<W: Worker>(
    shared: &Shared<W>,
    sender: Zone,
    request: Request<Incoming>,
) -> Result<Vec<u8>, Refused> {
    let (head, body) = request.into_parts();
    let text = |name: &str| header(&head.headers, name);
    let frame: String = text(wire::FRAME).chars().take(80).collect();
    let link = shared.metrics.link(&sender, text(wire::NODE));
    let within = text(wire::WITHIN).parse().map(Duration::from_millis);
    let within = within.map_err(|_| malformed(format!("it has no {}", wire::WITHIN)))?;
    let until = Instant::now() + within.min(LONGEST);
    let most = shared.options.max_message;
    let Some(announced) = body.size_hint().exact() else {
        return Err(malformed("it does not say how long it is"));
    };
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > most {
        return Err(malformed(format!(
            "it has {announced} bytes, and {most} are the most"
        )));
    }
    let units = u32::try_from(announced.div_ceil(UNIT)).unwrap_or(u32::MAX);
    let Ok(_room) = shared.room.try_acquire_many(units) else {
        return Err(Refused::busy(
            "messages-full",
            "this host holds as much of other hosts as it may",
        ));
    };
    let body = timeout(within.min(LONGEST), Limited::new(body, most).collect())
        .await
        .map_err(|_| Refused::late())?
        .map_err(|error| malformed(error.to_string()))?;
    let body = body.to_bytes();
    shared.metrics.bytes_received(link, body.len());
    let order = Order {
        sender,
        frame,
        trace: Trace::of(&head.headers),
        until,
        body,
        metrics: shared.metrics.clone(),
    };
    let answer = shared.worker.work(order).await;
    let bytes = answer.as_ref().map_or(0, Vec::len);
    shared.metrics.bytes_sent(link, bytes);
    answer
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_boundary::{Packed, Parcel};
    use footlight_media::Image;
    use footlight_nn::{Folders, Runtimes, Tensor};
    use footlight_pipeline::{Definition, Deployment, Here, Locations, Nowhere};
    use footlight_sandbox::{Fields, Payload, Sandbox};
    use std::collections::BTreeMap;
    use tempfile::TempDir;

    const FILE: &str = r#"
name = "members"
source = "frame"
classes = { frame = { kind = "image" }, feature = { kind = "tensor", type = "f32", shape = [1, 4] }, note = { kind = "document" } }
stages.detect = { component = "a.wasm", input = "frame", yields = ["feature"] }
stages.verify = { component = "b.wasm", input = "feature", yields = ["note"] }
zones = { names = ["site", "cloud", "moon"], frames = ["site"] }
placement = { detect = ["site"], verify = ["cloud"] }
boundary.feature = { from = ["site"], to = ["cloud"], per-frame = 2, per-second = 9, quantise = "i8" }
"#;

    /// A host in the cloud that is to take what it is sent. It runs no stage, so that none need be built.
    fn cloud() -> (Pipeline, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.wasm", "b.wasm"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let path = folder.path().join("members.toml");
        std::fs::write(&path, FILE).unwrap();
        let locations = Locations {
            here: Some(Here {
                zone: "cloud".parse().unwrap(),
                stages: Some([].into()),
            }),
            ..Locations::default()
        };
        let runtimes = Arc::new(Runtimes::new(Folders::default()));
        let sandbox = Arc::new(Sandbox::new().unwrap());
        let deployment = Deployment::new(sandbox, runtimes, locations);
        let definition = Definition::read(&path).unwrap();
        (deployment.open(definition, &[]).unwrap(), folder)
    }

    fn written(stage: &str, cargo: Vec<Cargo<'_>>) -> Vec<u8> {
        wire::write(&wire::Request {
            pipeline: "members",
            version: "sha256:1",
            stage,
            purpose: Purpose::Answer,
            cargo,
        })
        .unwrap()
    }

    fn parcel(class: &str, bytes: &[u8]) -> Parcel {
        Parcel {
            class: class.to_owned(),
            content: Packed::Tensor(bytes.to_vec()),
            attributes: BTreeMap::new(),
        }
    }

    fn refused(cloud: &Pipeline, sender: &str, body: Vec<u8>) -> (u16, String) {
        let order = Order {
            sender: sender.parse().unwrap(),
            frame: "1".to_owned(),
            trace: Trace::default(),
            until: Instant::now(),
            body: body.into(),
            metrics: Arc::new(Metrics::new("cloud".parse().unwrap(), String::new())),
        };
        let refused = order.carry_out(cloud, &Nowhere).unwrap_err();
        (refused.status, refused.code)
    }

    fn says(cloud: &Pipeline, sender: &str, stage: &str, cargo: Vec<Cargo<'_>>) -> (u16, String) {
        refused(cloud, sender, written(stage, cargo))
    }

    fn whole(item: &Item) -> Vec<Cargo<'_>> {
        vec![Cargo::whole(item)]
    }

    #[test]
    fn what_arrives_is_checked_as_if_nothing_had_been_before() {
        let (cloud, _folder) = cloud();
        let right = parcel("feature", &[127, 0, 0, 0]);
        // It passes, and then there is no stage for it.
        let passed = (409, "not-here".to_owned());
        assert_eq!(
            says(&cloud, "site", "verify", vec![Cargo::parcel(&right)]),
            passed
        );

        let frame = Item {
            class: "frame".to_owned(),
            payload: Payload::Image(Arc::new(Image::new(1, 1, vec![0; 3]).unwrap())),
            attributes: Fields::default(),
        };
        let feature = Item {
            class: "feature".to_owned(),
            payload: Payload::Tensor(Arc::new(Tensor::from_f32(vec![1, 4], &[0.5; 4]).unwrap())),
            attributes: Fields::default(),
        };
        let boundary = |code: &str| (403, format!("boundary-{code}"));
        assert_eq!(
            says(&cloud, "site", "detect", whole(&frame)),
            boundary("image")
        );
        // Only what was put into its form crosses, also of a class that may.
        assert_eq!(
            says(&cloud, "site", "verify", whole(&feature)),
            boundary("image")
        );
        let of = |class: &str, bytes: &[u8]| parcel(class, bytes);
        for (sender, parcel, code) in [
            ("site", of("feature", &[127, 0, 0, 0, 0]), "form"),
            ("site", of("feature", &[127, 127, 127, 127]), "form"),
            ("site", of("frame", &[1, 2, 3]), "no-way"),
            ("site", of("note", &[]), "no-way"),
            ("moon", right.clone(), "no-way"),
            ("mars", right.clone(), "unknown-zone"),
        ] {
            let said = says(&cloud, sender, "verify", vec![Cargo::parcel(&parcel)]);
            assert_eq!(said, boundary(code), "{sender} {parcel:?}");
        }
        // From its own zone it takes items whole, of the class that the stage takes.
        assert_eq!(says(&cloud, "cloud", "verify", whole(&feature)), passed);
        let malformed = (400, "malformed-message".to_owned());
        assert_eq!(says(&cloud, "cloud", "verify", whole(&frame)), malformed);
        let long = Item {
            payload: Payload::Tensor(Arc::new(Tensor::from_f32(vec![1, 5], &[0.5; 5]).unwrap())),
            ..feature.clone()
        };
        assert_eq!(says(&cloud, "cloud", "verify", whole(&long)), malformed);
        assert_eq!(says(&cloud, "cloud", "verifi", whole(&long)), malformed);
    }

    #[test]
    fn a_refusal_is_said_once_and_again_after_a_while() {
        let (mut said, now) = (Said::default(), Instant::now());
        let one = Some([10, 0, 0, 1].into());
        assert!(said.anew(one, "it has expired", now));
        assert!(!said.anew(one, "it has expired", now + Duration::from_secs(1)));
        assert!(said.anew(one, "it is of nobody", now));
        assert!(said.anew(None, "it has expired", now));
        assert!(said.anew(one, "it has expired", now + SAID_FOR));
        for number in 0..10_000 {
            said.anew(one, &number.to_string(), now);
        }
        assert!(said.0.len() <= REFUSALS);
    }

    #[test]
    fn a_message_that_is_cut_off_altered_or_too_long_is_one_refusal() {
        let (cloud, _folder) = cloud();
        let right = parcel("feature", &[127, 0, 0, 0]);
        let body = written("verify", vec![Cargo::parcel(&right)]);
        for length in 0..body.len() {
            let (status, _) = refused(&cloud, "site", body[..length].to_vec());
            assert_eq!(status, 400, "{length} of {} bytes", body.len());
        }
        let longer = [body.as_slice(), &[0]].concat();
        assert_eq!(refused(&cloud, "site", longer).0, 400);
        for place in 0..body.len() {
            for bit in 0..8 {
                let mut altered = body.clone();
                altered[place] ^= 1 << bit;
                let (status, _) = refused(&cloud, "site", altered);
                assert!([400, 403, 409].contains(&status), "{place} {bit}: {status}");
            }
        }
    }
}
