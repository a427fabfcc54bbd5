//! The server itself: connections, and how it ends.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use footlight_peers::Peers;
use footlight_pipeline::NodeFacts;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout_at};

use crate::attempt::Attempt;
use crate::entry::{Entry, Served};
use crate::host::{Awaited, Host};
use crate::others::ForOthers;
use crate::swap::{Opened, Turn};
use crate::{Error, Options};
use crate::{readiness, routes, watch};

/// Serves pipelines over HTTP.
#[derive(Clone)]
pub struct Server {
    host: Arc<Host>,
}

impl Server {
    /// A server of these pipelines. None is ready before it was probed, and none is watched, which
    /// [`Server::serve`] sees to.
    ///
    /// # Errors
    /// [`Error::SameName`] for two pipelines of one name, [`Error::NameTaken`] for one whose names cannot
    /// be in an answer.
    pub fn new(pipelines: Vec<Served>, options: Options) -> Result<Self, Error> {
        Ok(Self {
            host: Arc::new(Host::new(pipelines, options, None)?),
        })
    }

    /// The same of a host that is one of several. What they send it is worked on once the listener is served.
    ///
    /// # Errors
    /// As [`Server::new`].
    pub fn among(
        pipelines: Vec<Served>,
        options: Options,
        peers: Arc<Peers>,
    ) -> Result<Self, Error> {
        Ok(Self {
            host: Arc::new(Host::new(pipelines, options, Some(peers))?),
        })
    }

    /// Serves one more pipeline, in the place of one of the same name, once its stages have run their probe items.
    ///
    /// # Errors
    /// [`Error::NameTaken`] as for [`Server::new`], [`Error::Probe`] for a stage that failed.
    pub async fn add(&self, served: Served) -> Result<(), Error> {
        let entry = Arc::new(Entry::new(served)?);
        let probed = readiness::probe(&entry).await;
        probed.map_err(Error::Probe)?;
        self.host.add(entry);
        Ok(())
    }

    /// Serves a pipeline no more. Frames that were begun are finished.
    pub fn remove(&self, pipeline: &str) {
        if self.host.remove(pipeline).is_some() {
            tracing::info!(pipeline, "served no more");
        }
    }

    /// Says what is to be served and is not there.
    pub fn expect(&self, awaited: Awaited) {
        self.host.expect(awaited);
    }

    /// Has a pipeline take what its source has now, on a node that may be another than before. What was asked for before and
    /// still waits for other hosts is given up. None where there is no such pipeline, or the host has a defect. Whoever drops
    /// this before its end has nobody wait for a registry that does not answer.
    pub async fn renew(&self, pipeline: &str, node: NodeFacts) -> Option<Attempt> {
        let entry = self.host.pipeline(pipeline).ok()?;
        let wish = entry.wish();
        entry.deployment.on_node(node);
        let beside = entry.clone();
        let opened = spawn_blocking(move || Opened::of(&beside, beside.source())).await;
        let opened = opened
            .inspect_err(|error| {
                tracing::error!(pipeline, %error, "opening a version panicked; this is a defect of the host");
            })
            .ok()?;
        let turn = Turn::wait(&self.host, &entry).await;
        // A panic is in the log, and the version that ran goes on.
        turn.take_opened(opened, wish).await.ok()
    }

    /// Takes the members that a pipeline shares with other hosts as they are now, between two frames. Blocks.
    pub fn take_members(&self, pipeline: &str) {
        // One that is not open yet takes them when it is opened.
        if let Ok(entry) = self.host.pipeline(pipeline) {
            entry.take_members();
        }
    }

    /// The version of a pipeline that runs here, and its stages that do.
    pub fn running(&self, pipeline: &str) -> Option<(String, Vec<String>)> {
        let running = self.host.pipeline(pipeline).ok()?.running();
        let stages = running.pipeline.stages().into_iter();
        let version = running.pipeline.version().pipeline.clone();
        Some((version, stages.map(|stage| stage.name).collect()))
    }

    /// Works on what other hosts send, until this is dropped.
    pub async fn serve_peers(&self, listener: footlight_peers::Listener) {
        let Some(peers) = &self.host.peers else {
            return;
        };
        let for_others = ForOthers {
            host: self.host.clone(),
            metrics: peers.metrics().clone(),
        };
        listener.serve(Arc::new(for_others)).await;
    }

    /// The routes, for a caller that sees to connections itself. Where frames are to be served, it also
    /// has to run [`Server::probe`].
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.host))
    }

    /// Runs a probe item through every stage, on blocking threads, until every pipeline is ready; one that
    /// fails is tried again every ten seconds.
    pub async fn probe(&self) {
        self.host.probe().await;
    }

    /// Serves connections until `shutdown`, and for [`Options::drain`] more in which it says that it is about to end;
    /// then accepts no more, finishes what it holds and returns. What is not finished after [`Options::grace`] is cut
    /// off; a stage at work still ends by its own time limit.
    ///
    /// # Errors
    /// [`Error::Listen`] where the socket accepts no connection any more.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let options = &self.host.options;
        let router = self.router();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new());
        http.header_read_timeout(options.head_timeout);
        let graceful = GracefulShutdown::new();
        let open = Arc::new(Semaphore::new(
            options.connections.clamp(1, Semaphore::MAX_PERMITS),
        ));
        // Dropping it ends whatever task is left, so that nothing outlives this call.
        let mut tasks = JoinSet::new();
        let host = Arc::clone(&self.host);
        tasks.spawn(async move { host.probe().await });
        tasks.spawn(watch::watch(Arc::clone(&self.host)));

        let mut shutdown = pin!(self.drained(shutdown));
        loop {
            let accepted = async {
                let permit = Arc::clone(&open).acquire_owned().await;
                (accept(&listener).await, permit)
            };
            let (stream, permit) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                (stream, permit) = accepted => (stream?, permit),
            };
            while tasks.try_join_next().is_some() {}
            let service = TowerToHyperService::new(router.clone());
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tasks.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection broke");
                }
                drop(permit);
            });
        }

        drop(listener);
        self.host.stop();
        tracing::info!(
            held = graceful.count(),
            "stopping: no new connections, finishing those held"
        );
        let deadline = Instant::now() + options.grace;
        let finish = async {
            graceful.shutdown().await;
            // Also what was begun for clients that are gone.
            self.host.rest().await;
        };
        if timeout_at(deadline, finish).await.is_err() {
            tracing::warn!(grace = ?options.grace, "stopped with requests unfinished");
        }
        Ok(())
    }
}

impl Server {
    /// Waits for the end, says that it is near, and waits until whoever sends has had time to hear it.
    async fn drained(&self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.host.drain();
        let drain = self.host.options.drain;
        if !drain.is_zero() {
            tracing::info!(?drain, "about to stop: still taking frames");
            sleep(drain).await;
        }
    }
}

/// The next connection. What concerns one connection, or passes, is waited out.
async fn accept(listener: &TcpListener) -> Result<TcpStream, Error> {
    /// How long to wait while the process has as many files open as it may.
    const PAUSE: Duration = Duration::from_millis(200);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and written at once; waiting for more would only delay them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
                return Ok(stream);
            }
            Err(error) => match error.kind() {
                ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionRefused
                | ErrorKind::Interrupted => {}
                ErrorKind::InvalidInput | ErrorKind::NotConnected => {
                    return Err(Error::Listen(error));
                }
                _ => {
                    tracing::warn!(%error, "no connection could be accepted; trying again");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}
