//! Frames on their way while something is done to the hosts, and what became of every one of them.

use crate::flow::{Flow, Sent};
use crate::ledger::{self, Counts, Row};
use crate::machine::Machines;
use crate::needs::CannotBeDone;
use crate::newnode;
use crate::site::until;
use crate::watch::Watch;
use crate::zones::Zones;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A fault: what happens, to which node, who else serves its stage.
pub struct Fault {
    pub what: &'static str,
    pub node: &'static str,
    pub others: Others,
    /// What the time until service is back is counted from.
    pub from: From,
}

/// Who else serves the stage.
#[derive(Clone, Copy, PartialEq)]
pub enum Others {
    Another,
    Nobody,
    /// Nobody, and frames enter there.
    Entrance,
}

/// From when service is to be back in no time.
#[derive(Clone, Copy, PartialEq)]
pub enum From {
    /// From when Kubernetes notices that something is away.
    Noticed,
    /// From when Kubernetes notices that it is there again.
    Again,
    /// From when what happened is over, of which Kubernetes notices nothing.
    Over,
}

/// Frames on their way, and what is done to the hosts meanwhile.
pub struct Scene {
    pub zones: &'static Zones,
    pub machines: Machines,
    watch: Arc<Watch>,
    pub flow: Flow,
}

/// So many right answers in a row are service.
const IN_A_ROW: usize = 5;

impl Scene {
    pub fn set() -> Result<Scene, CannotBeDone> {
        let machines = Machines::here()?;
        let zones = newnode::joined()?;
        let watch = Arc::new(Watch::start());
        let flow = Flow::start("edge", {
            let watch = Arc::clone(&watch);
            move || watch.address("edge")
        });
        let scene = Scene {
            zones,
            machines,
            watch,
            flow,
        };
        scene.served_since(Instant::now());
        Ok(scene)
    }

    /// Waits until frames that were sent after this are answered right, one after the other.
    fn served_since(&self, since: Instant) {
        until("frames are answered right", || {
            let mut sent = self.flow.sent();
            sent.retain(|sent| sent.began >= since);
            let last = sent.iter().rev().take(IN_A_ROW);
            let right = last.clone().filter(|sent| sent.right()).count();
            if right == IN_A_ROW {
                Ok(())
            } else {
                Err(format!("{:?}", last.collect::<Vec<_>>()))
            }
        });
    }

    /// Waits until Kubernetes notices that something of a node is not well, or is again.
    pub fn wait_for(&self, node: &str, well: bool, since: Instant) {
        let state = if well { "well" } else { "not well" };
        until(&format!("Kubernetes sees that {node} is {state}"), || {
            let noticed = self.watch.noticed(node, well, since);
            noticed.map(drop).ok_or_else(|| "it does not".to_owned())
        });
    }

    /// Does something to the hosts, and says what became of the frames.
    pub fn suffer(self, fault: &Fault, cause: impl FnOnce(&Scene)) {
        let began = Instant::now();
        cause(&self);
        let over = Instant::now();
        self.served_since(over);
        let ended = Instant::now();
        let noticed = self.watch.noticed(fault.node, false, began);
        let from = match fault.from {
            From::Noticed => noticed.unwrap_or(over),
            From::Again => self
                .watch
                .noticed(fault.node, true, noticed.unwrap_or(began))
                .unwrap_or(over),
            From::Over => over,
        };
        let mut sent = self.flow.end();
        sent.retain(|sent| sent.ended >= began && sent.began < ended);
        for alike in sent.chunk_by(|one, next| !one.right() && one.outcome == next.outcome) {
            let since = |one: &Sent| (one.began.max(began) - began).as_secs_f32();
            if let ([first, .., last], false) = (alike, alike[0].right()) {
                let count = alike.len();
                let (from, to) = (since(first), since(last));
                eprintln!(
                    "        {from:.1} to {to:.1} s: {count} times {:?}",
                    first.outcome
                );
            } else if !alike[0].right() {
                eprintln!("        {:.1} s: {:?}", since(&alike[0]), alike[0].outcome);
            }
        }
        let counts = Counts::of(&sent);
        let row = Row {
            fault: fault.what,
            others: match fault.others {
                Others::Another => "another node",
                Others::Nobody => "nobody",
                Others::Entrance => "nobody; frames enter here",
            },
            noticed: noticed.map(|at| at - began),
            back: back(&sent).map_or(Duration::ZERO, |back| back.saturating_duration_since(from)),
            counts,
        };
        assert_eq!(row.counts.wrong, Vec::<String>::new());
        assert_eq!((row.counts.unanswered, row.counts.twice), (0, 0));
        assert_eq!(row.counts.errors, Vec::<String>::new());
        if fault.others != Others::Entrance {
            // Whoever takes a frame answers it.
            assert_eq!((row.counts.no_connection, row.counts.cut_off), (0, 0));
        }
        let refused = row.counts.refused;
        ledger::add(row);
        if fault.others == Others::Another {
            assert_eq!(refused, 0, "another host has the stage");
        }
    }
}

/// When the first frame was sent after which all were answered right; none where all were.
fn back(sent: &[Sent]) -> Option<Instant> {
    let last = sent.iter().rposition(|sent| !sent.right())?;
    sent.get(last + 1).map(|sent| sent.began)
}
