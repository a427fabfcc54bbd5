//! How work is taken in from other hosts.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use footlight_boundary::Zone;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::identity::{Identity, words, zone_of};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::order::{Order, Refused, malformed};
use crate::said::Said;
use crate::status::Status;
use crate::trace::Trace;
use crate::wire;

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
/// What does the work that other hosts send.
pub trait Worker: Send + Sync + 'static {
    /// What it runs.
    fn status(&self) -> Status;

    /// Does the work of an order, on a thread that may block, with [`Order::carry_out`].
    fn work(&self, order: Order) -> impl Future<Output = Result<Vec<u8>, Refused>> + Send;

    /// Where it is counted.
    fn metrics(&self) -> Arc<Metrics>;
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
