//! Another host, and the connection to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use footlight_boundary::Zone;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::circuit::Circuit;
use crate::connection::Connection;
use crate::identity::Identity;
use crate::metrics::{Metrics, State};
use crate::options::Options;
use crate::status::Status;
use crate::trace::Trace;
use crate::wire;

/// How long to wait before a host that is away is tried again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Another host.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: String,
    known: Mutex<Known>,
    /// What it was sent and has not answered.
    sent: AtomicU64,
    /// Has it be asked at once.
    nudge: Notify,
}

/// What is known of it.
#[derive(Debug, Default)]
struct Known {
    connection: Option<Arc<Connection>>,
    status: Status,
    /// The zone that its certificate named last.
    zone: Option<Zone>,
    circuit: Circuit,
    /// Why it is away, where it is.
    away: Option<String>,
}

/// Something that was sent and is not answered yet.
pub(crate) struct Sent<'a>(&'a Peer);

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        self.0.sent.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Peer {
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            known: Mutex::new(Known {
                away: Some("it was not asked yet".to_owned()),
                ..Known::default()
            }),
            sent: AtomicU64::new(0),
            nudge: Notify::new(),
        }
    }

    /// Keeps a connection open and asks what the host runs, for as long as this is polled.
    pub(crate) async fn keep(&self, identity: &Identity, options: &Options, metrics: &Metrics) {
        let mut pause = PAUSES.0;
        loop {
            match self.look(identity, options, metrics).await {
                Ok(()) => {
                    pause = PAUSES.0;
                    let _ = timeout(options.ask_every, self.nudge.notified()).await;
                }
                Err(why) => {
                    // What the other side says of a certificate that it does not take, if anything arrives, is no
                    // help: it is this host's.
                    self.lost(&identity.trouble().unwrap_or(why));
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    async fn look(
        &self,
        identity: &Identity,
        options: &Options,
        metrics: &Metrics,
    ) -> Result<(), String> {
        let current = identity.current();
        let connection = self.connection();
        let connection = match connection.filter(|open| !open.is_over(&current, options)) {
            Some(open) => open,
            None => {
                let opened = Connection::open(&self.address, current, options).await?;
                let opened = Arc::new(opened);
                self.lock().connection = Some(opened.clone());
                opened
            }
        };
        let request = Request::get(wire::STATUS).body(Full::default());
        let request = request.map_err(|error| error.to_string())?;
        let began = Instant::now();
        let asked = timeout(options.away_after, connection.ask(request, options)).await;
        let asked = asked.map_err(|_| format!("it gave no answer in {:?}", options.away_after))?;
        let asked = asked?;
        let took = began.elapsed();
        let status = match asked {
            (StatusCode::OK, body) => serde_json::from_slice::<Status>(&body),
            (status, _) => {
                return Err(format!(
                    "it answered {status} where hosts say what they run"
                ));
            }
        };
        let status =
            status.map_err(|error| format!("what it says that it runs is not read: {error}"))?;
        metrics.round_trip(&connection.zone, &status.node, took);
        self.found(status, &connection.zone);
        Ok(())
    }

    fn found(&self, status: Status, zone: &Zone) {
        let mut known = self.lock();
        if known.away.take().is_some() {
            tracing::info!(
                host = self.address,
                %zone,
                node = status.node,
                "a host is there"
            );
        }
        known.status = status;
        known.zone = Some(zone.clone());
    }

    /// The host is away: nothing is sent to it until it has answered again.
    fn lost(&self, why: &str) {
        let mut known = self.lock();
        known.connection = None;
        if known.away.as_deref() != Some(why) {
            tracing::warn!(host = self.address, why, "a host is away");
            known.away = Some(why.to_owned());
        }
    }

    /// The connection, while the host is there.
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        self.lock().connection.clone()
    }

    /// Its zone, what it said last, and what it has to do besides; none while it is away, about to end, or left
    /// alone as it fails.
    pub(crate) fn ready(&self) -> Option<(Zone, Status, u64)> {
        let known = self.lock();
        if known.away.is_some() || known.status.stopping || known.circuit.is_open(Instant::now()) {
            return None;
        }
        let zone = known.connection.as_ref()?.zone.clone();
        let sent = self.sent.load(Ordering::Relaxed);
        Some((zone, known.status.clone(), known.status.load.max(sent)))
    }

    /// Where it is, and how.
    pub(crate) fn state(&self) -> (Option<Zone>, String, State) {
        let known = self.lock();
        let state = if known.away.is_some() || known.connection.is_none() {
            State::Away
        } else if known.circuit.is_open(Instant::now()) {
            State::Failing
        } else if known.status.stopping {
            State::Stopping
        } else {
            State::There
        };
        (known.zone.clone(), known.status.node.clone(), state)
    }

    /// What it said last, and why it is away where it is.
    pub(crate) fn last(&self) -> (Status, Option<Zone>, Option<String>) {
        let known = self.lock();
        let zone = known.connection.as_ref().map(|open| open.zone.clone());
        (known.status.clone(), zone, known.away.clone())
    }

    /// Counts something as sent until what is given back is dropped; none where it is to be left alone.
    pub(crate) fn begin(&self) -> Option<Sent<'_>> {
        if !self.lock().circuit.lets(Instant::now()) {
            return None;
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        Some(Sent(self))
    }

    /// It did what it was asked, or said why not.
    pub(crate) fn answered(&self) {
        self.lock().circuit.succeeded();
    }

    /// It did not answer: a connection that broke is no more used.
    pub(crate) fn failed(&self, on: &Arc<Connection>, broke: bool) {
        let mut known = self.lock();
        known.circuit.failed(Instant::now());
        if broke
            && known
                .connection
                .as_ref()
                .is_some_and(|now| Arc::ptr_eq(now, on))
        {
            known.connection = None;
        }
        drop(known);
        self.nudge.notify_one();
    }

    /// Has it be asked soon what it runs: something else than it said.
    pub(crate) fn ask_again(&self) {
        self.nudge.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request with work in it. The node is that of the sender.
pub(crate) fn work(
    frame: &str,
    trace: &Trace,
    node: &str,
    within: Duration,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, String> {
    let milliseconds = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    let mut request = Request::post(wire::WORK)
        .header(wire::FRAME, frame)
        .header(wire::WITHIN, milliseconds);
    if !node.is_empty() {
        request = request.header(wire::NODE, node);
    }
    if let Some(headers) = request.headers_mut() {
        trace.write(headers);
    }
    request
        .body(Full::new(body))
        .map_err(|error| error.to_string())
}
