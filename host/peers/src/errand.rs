//! How work is sent to another host, and sent again where that did not do it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use footlight_boundary::{Refusal, Zone};
use footlight_pipeline::{Elsewhere, Errand, Failure, Worked};
use hyper::StatusCode;
use tokio::time::timeout;

use crate::listener::Refused;
use crate::peer::{self, Peer};
use crate::peers::Peers;
use crate::wire::{self, Cargo};

/// The code of a host that found nobody for a stage after its own.
const NOBODY: &str = "stage-not-served";

/// Work on a frame, for which other hosts are asked.
#[derive(Debug, Clone)]
pub struct OfFrame {
    pub(crate) peers: Arc<Peers>,
    pub(crate) frame: String,
    pub(crate) until: Instant,
}

/// What came of asking one host.
enum Answer {
    /// It is done.
    Done(Worked),
    /// Another host could do it.
    TryAnother(Failure),
    /// No other host would do better.
    Failed(Failure),
}

impl Elsewhere for OfFrame {
    /// Blocks: not for async threads.
    fn work(&self, errand: &Errand<'_>) -> Result<Worked, Failure> {
        self.peers.runtime.block_on(self.send(errand))
    }
}

impl OfFrame {
    /// Asks one host after the other. A stage keeps nothing between items, so it does no harm where two hosts have
    /// done the same work; what counts is that one answer is taken.
    async fn send(&self, errand: &Errand<'_>) -> Result<Worked, Failure> {
        let pipeline = errand.pipeline();
        let (name, stage) = (pipeline.name(), errand.stage());
        let version = &pipeline.version().pipeline;
        let mut written: BTreeMap<Zone, Bytes> = BTreeMap::new();
        let mut tried: BTreeSet<String> = BTreeSet::new();
        let mut last = None;
        loop {
            let may_go = |zone: &Zone| match pipeline.plan() {
                Some(plan) => {
                    let mut items = errand.items().iter();
                    items.all(|item| plan.may_go(&item.class, self.peers.zone(), zone))
                        && plan.may_run(stage, zone.as_str()).is_ok()
                }
                None => zone == self.peers.zone(),
            };
            let candidates = self.peers.candidates(name, version, stage, may_go);
            let next = candidates
                .into_iter()
                .find(|candidate| !tried.contains(&candidate.peer.address));
            let Some(next) = next else {
                return Err(last.unwrap_or_else(|| {
                    Failure::Nobody(format!(
                        "no host is there that runs it in this version of the pipeline and may be sent its items; \
                         `GET /v1/peers` says which hosts there are ({version})"
                    ))
                }));
            };
            tried.insert(next.peer.address.clone());
            let body = match written.get(&next.zone) {
                Some(body) => body.clone(),
                None => {
                    let body = self.write(errand, &next.zone)?;
                    written.insert(next.zone.clone(), body.clone());
                    body
                }
            };
            match self.ask(errand, &next.peer, body).await {
                Answer::Done(worked) => return Ok(worked),
                Answer::Failed(failure) => return Err(failure),
                Answer::TryAnother(failure) => {
                    tracing::debug!(
                        frame = self.frame,
                        stage,
                        host = next.peer.address,
                        why = %failure,
                        "another host is asked"
                    );
                    last = Some(failure);
                }
            }
        }
    }

    /// The work as bytes for a zone.
    fn write(&self, errand: &Errand<'_>, to: &Zone) -> Result<Bytes, Failure> {
        let parcels;
        let cargo = if to == self.peers.zone() {
            errand
                .items()
                .iter()
                .map(|item| Cargo::whole(item))
                .collect()
        } else {
            let packed = errand.parcels(to);
            parcels = packed.map_err(|refusal| self.refuse(errand, refusal))?;
            parcels.iter().map(Cargo::parcel).collect()
        };
        let pipeline = errand.pipeline();
        let request = wire::Request {
            pipeline: pipeline.name(),
            version: &pipeline.version().pipeline,
            stage: errand.stage(),
            purpose: errand.purpose(),
            cargo,
        };
        let bytes = wire::write(&request).map_err(|why| told("host-failed", why))?;
        let most = self.peers.options.max_message;
        if bytes.len() > most {
            return Err(told(
                "message-too-large",
                format!(
                    "its items are {} bytes together, and {most} are the most that hosts send each other for one frame",
                    bytes.len()
                ),
            ));
        }
        Ok(bytes.into())
    }

    async fn ask(&self, errand: &Errand<'_>, peer: &Arc<Peer>, body: Bytes) -> Answer {
        let late = || {
            Failure::Late(format!(
                "the host {} did not do it before the frame's time was over",
                peer.address
            ))
        };
        let left = self.until.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(1) {
            return Answer::Failed(late());
        }
        let gone = |why: &str| {
            Answer::TryAnother(Failure::Nobody(format!(
                "the host {} went away while it was asked: {why}",
                peer.address
            )))
        };
        let (Some(connection), Some(_sent)) = (peer.connection(), peer.begin()) else {
            return gone("there is no connection");
        };
        let request = match peer::work(&self.frame, left, body) {
            Ok(request) => request,
            Err(why) => return Answer::Failed(told("host-failed", why)),
        };
        let asked = connection.ask(request, &self.peers.options);
        let (status, body) = match timeout(left, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => {
                peer.failed(&connection, true);
                return gone(&why);
            }
            Err(_) => {
                peer.failed(&connection, false);
                return Answer::Failed(late());
            }
        };
        peer.answered();
        if status == StatusCode::OK {
            return match self.read(errand, &connection.zone, &body) {
                Ok(worked) => Answer::Done(worked),
                Err(failure) => Answer::Failed(failure),
            };
        }
        self.refused(peer, status, &body, late)
    }

    /// What to make of an answer that is not one.
    fn refused(
        &self,
        peer: &Peer,
        status: StatusCode,
        body: &[u8],
        late: impl Fn() -> Failure,
    ) -> Answer {
        let Ok(refused) = serde_json::from_slice::<Refused>(body) else {
            return Answer::TryAnother(Failure::Nobody(format!(
                "the host {} answered {status}, and not as a host does",
                peer.address
            )));
        };
        match status {
            StatusCode::CONFLICT => {
                peer.ask_again();
                Answer::TryAnother(Failure::Nobody(refused.detail))
            }
            StatusCode::SERVICE_UNAVAILABLE => Answer::TryAnother(match refused.code.as_str() {
                // It has nobody to send to in turn.
                NOBODY => Failure::Nobody(refused.detail),
                _ => Failure::Busy(refused.detail),
            }),
            StatusCode::GATEWAY_TIMEOUT => Answer::Failed(late()),
            _ => Answer::Failed(Failure::Told {
                code: refused.code,
                stage: refused.stage,
                detail: refused.detail,
            }),
        }
    }

    /// What came back from a host in a zone.
    fn read(&self, errand: &Errand<'_>, zone: &Zone, body: &[u8]) -> Result<Worked, Failure> {
        let broken = |why| {
            told(
                "host-failed",
                format!("what a host gave back is not read: {why}"),
            )
        };
        let mut reply: wire::Reply<'_> = wire::read(body).map_err(broken)?;
        let mut made = Vec::with_capacity(reply.made.len());
        for (parent, cargo) in std::mem::take(&mut reply.made) {
            let item = match cargo {
                Cargo::Item(item) if zone == self.peers.zone() => item.read().map_err(broken)?,
                Cargo::Item(_) => {
                    return Err(broken(
                        "it is from another zone, and an item is whole".to_owned(),
                    ));
                }
                Cargo::Parcel(parcel) => errand
                    .pipeline()
                    .unpack(zone.as_str(), &parcel.read())
                    .map_err(|refusal| self.refuse(errand, refusal))?,
            };
            made.push((parent, item));
        }
        Ok(wire::worked(reply, made))
    }

    /// Says in the audit log that something did not pass.
    fn refuse(&self, errand: &Errand<'_>, refusal: Refusal) -> Failure {
        audit(
            errand.pipeline().name(),
            errand.stage(),
            &self.frame,
            &refusal,
        );
        Failure::Refused(refusal)
    }
}

/// A line in the log for what did not pass a boundary.
pub(crate) fn audit(pipeline: &str, stage: &str, frame: &str, refusal: &Refusal) {
    tracing::warn!(
        target: "footlight::audit",
        pipeline,
        stage,
        frame,
        code = refusal.code(),
        "{refusal}"
    );
}

fn told(code: &str, detail: String) -> Failure {
    Failure::Told {
        code: code.to_owned(),
        stage: None,
        detail,
    }
}
