//! A connection to another host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use footlight_boundary::Zone;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::identity::{Current, words, zone_of};
use crate::options::Options;

/// How often a connection is tried on which something is waited for.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// What may be on its way: a frame's crops fit without a round trip.
const WINDOW: u32 = 8 << 20;

/// A connection, over which many things are asked at the same time.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http2::SendRequest<Full<Bytes>>,
    /// The zone that the other host's certificate names.
    pub(crate) zone: Zone,
    identity: Arc<Current>,
    opened: Instant,
}

impl Connection {
    /// Connects to a host, and sees who it is.
    pub(crate) async fn open(
        address: &str,
        identity: Arc<Current>,
        options: &Options,
    ) -> Result<Self, String> {
        let opening = Self::establish(address, identity, options);
        match timeout(options.away_after, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(format!(
                "it did not accept a connection within {:?}",
                options.away_after
            )),
        }
    }

    async fn establish(
        address: &str,
        identity: Arc<Current>,
        options: &Options,
    ) -> Result<Self, String> {
        let tcp = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        // Certificates name zones and no addresses, so the name asked for is the same for all.
        let name = ServerName::try_from("host.footlight.internal").map_err(|e| e.to_string())?;
        let tls = TlsConnector::from(identity.client.clone())
            .connect(name, tcp)
            .await
            .map_err(|error| format!("TLS: {}", words(&error)))?;
        let certificates = tls.get_ref().1.peer_certificates();
        let zone = certificates
            .and_then(<[_]>::first)
            .and_then(zone_of)
            .ok_or("its certificate names no zone")?;
        let zone = zone.parse().map_err(|error| format!("{error}"))?;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(TRY_EVERY)
            .keep_alive_timeout(options.away_after)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(TokioIo::new(tls))
            .await
            .map_err(|error| format!("HTTP/2: {error}"))?;
        let to = address.to_owned();
        // It ends when nobody can ask over it any more, or when it breaks, which whoever asks learns.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(host = to, %error, "a connection to a host broke");
            }
        });
        Ok(Self {
            sender,
            zone,
            identity,
            opened: Instant::now(),
        })
    }

    /// Whether another one should be opened in its stead: it broke, it is old, or the certificate is another now.
    pub(crate) fn is_over(&self, identity: &Arc<Current>, options: &Options) -> bool {
        self.sender.is_closed()
            || self.opened.elapsed() > options.renew_after
            || !Arc::ptr_eq(&self.identity, identity)
    }

    /// Asks something.
    pub(crate) async fn ask(
        &self,
        request: Request<Full<Bytes>>,
        options: &Options,
    ) -> Result<(StatusCode, Bytes), String> {
        let mut sender = self.sender.clone();
        let words = |error: hyper::Error| reason(&error);
        sender.ready().await.map_err(words)?;
        let response = sender.send_request(request).await.map_err(words)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), options.max_message);
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    }
}

/// An error with what is behind it.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        text.push_str(": ");
        text.push_str(&behind.to_string());
        source = behind.source();
    }
    text
}
