//! How work is sent to another host, and sent again where that did not do it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use footlight_boundary::{Refusal, Zone};
use footlight_pipeline::{Elsewhere, Errand, Failure, Worked};
use hyper::StatusCode;
use tokio::time::{sleep, timeout};

use crate::choice::Candidate;
use crate::metrics::{Metrics, Outcome};
use crate::order::Refused;
use crate::peer::{self, Peer};
use crate::peers::Peers;
use crate::trace::Trace;
use crate::wire::{self, Cargo};

/// The code of a host that found nobody for a stage after its own.
const NOBODY: &str = "stage-not-served";
/// How often the hosts are looked at again that may have a stage which has moved.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Work on a frame, for which other hosts are asked.
#[derive(Debug, Clone)]
pub struct OfFrame {
    pub(crate) peers: Arc<Peers>,
    pub(crate) frame: String,
    pub(crate) trace: Trace,
    pub(crate) until: Instant,
}

/// What came of asking one host.
enum Answer {
    /// It is done.
    Done(Worked),
    /// Another host could do it.
    TryAnother(Outcome, Failure),
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
        // A stage that has just moved to another host is known to be there once that host was asked again; a connection
        // that broke may be there again.
        let mut soon = None;
        let mut gone: BTreeSet<String> = BTreeSet::new();
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
                if soon.is_some_and(|until| Instant::now() < until) {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                return Err(last.unwrap_or_else(|| self.nobody(version)));
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
            let metrics = &self.peers.metrics;
            if last.is_some() {
                metrics.again(&next.zone, &next.node);
            }
            let began = Instant::now();
            let answer = self.ask(errand, &next, body).await;
            metrics.asked(&next.zone, &next.node, outcome(&answer));
            match answer {
                Answer::Done(worked) => {
                    metrics.took(&next.zone, &next.node, began.elapsed());
                    return Ok(worked);
                }
                Answer::Failed(failure) => return Err(failure),
                Answer::TryAnother(outcome, failure) => {
                    if matches!(outcome, Outcome::NotHere | Outcome::Gone) {
                        let until = Instant::now() + 2 * self.peers.options.ask_every;
                        soon.get_or_insert(until.min(self.until));
                    }
                    // Once more, over another connection.
                    let address = &next.peer.address;
                    if outcome == Outcome::Gone && gone.insert(address.clone()) {
                        tried.remove(address);
                    }
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

    fn nobody(&self, version: &str) -> Failure {
        self.peers.metrics.nobody();
        let trouble = self.peers.identity.trouble();
        let trouble = trouble.map_or_else(String::new, |why| format!(": {why}"));
        Failure::Nobody(format!(
            "no host is there that runs it in this version of the pipeline and may be sent its items{trouble}; \
             `GET /v1/peers` says which hosts there are ({version})"
        ))
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
            parcels = packed.map_err(|refusal| {
                self.peers.metrics.asked(to, "", Outcome::Refused);
                self.refuse(errand, refusal)
            })?;
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

    async fn ask(
        &self,
        errand: &Errand<'_>,
        candidate: &Candidate<Arc<Peer>>,
        body: Bytes,
    ) -> Answer {
        let peer = &candidate.peer;
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
            let why = format!(
                "the host {} went away while it was asked: {why}",
                peer.address
            );
            Answer::TryAnother(Outcome::Gone, Failure::Nobody(why))
        };
        let (Some(connection), Some(_sent)) = (peer.connection(), peer.begin()) else {
            return gone("there is no connection");
        };
        // Where it is now: an address may have become another host's.
        let zone = &connection.zone;
        if *zone != candidate.zone {
            return gone("it is in another zone now");
        }
        // What others have added to the trace stays in the zone, and so does the name of a node.
        let (trace, node) = match zone == self.peers.zone() {
            true => (self.trace.part(), self.peers.node()),
            false => (self.trace.part().bare(), ""),
        };
        tracing::debug!(
            frame = self.frame,
            stage = errand.stage(),
            host = peer.address,
            part = trace.part_id(),
            "items are sent"
        );
        let metrics = &self.peers.metrics;
        metrics.items(zone, &candidate.node, errand.items().len());
        let link = metrics.link(zone, &candidate.node);
        metrics.bytes_sent(link, body.len());
        let request = match peer::work(&self.frame, &trace, node, left, body) {
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
        metrics.bytes_received(link, body.len());
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
            let why = format!(
                "the host {} answered {status}, and not as a host does",
                peer.address
            );
            return Answer::TryAnother(Outcome::Failed, Failure::Nobody(why));
        };
        match status {
            StatusCode::CONFLICT => {
                peer.ask_again();
                Answer::TryAnother(Outcome::NotHere, Failure::Nobody(refused.detail))
            }
            StatusCode::SERVICE_UNAVAILABLE => match refused.code.as_str() {
                // It has nobody to send to in turn.
                NOBODY => Answer::TryAnother(Outcome::Nobody, Failure::Nobody(refused.detail)),
                _ => Answer::TryAnother(Outcome::Busy, Failure::Busy(refused.detail)),
            },
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
            &self.peers.metrics,
            errand.pipeline().name(),
            errand.stage(),
            &self.frame,
            &refusal,
        );
        Failure::Refused(refusal)
    }
}

/// What came of asking a host, to be counted.
fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Done(_) => Outcome::Done,
        Answer::TryAnother(outcome, _) => *outcome,
        Answer::Failed(failure) => match failure {
            Failure::Nobody(_) => Outcome::Nobody,
            Failure::Busy(_) => Outcome::Busy,
            Failure::Late(_) => Outcome::Late,
            Failure::Refused(_) => Outcome::Refused,
            Failure::Told { code, .. } if code.starts_with("boundary-") => Outcome::Refused,
            Failure::Told { .. } => Outcome::Failed,
        },
    }
}

/// A line in the log for what did not pass a boundary, and one more in what is counted.
pub(crate) fn audit(
    metrics: &Metrics,
    pipeline: &str,
    stage: &str,
    frame: &str,
    refusal: &Refusal,
) {
    metrics.refusal(pipeline, refusal);
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
