//! Frames of live streams: of each stream the newest waits, and no other.
//!
//! A camera sends on whether or not a host keeps up. What waits is old by the time that it is worked on, and nobody
//! wants the old where there is the new. So a newer frame of a stream takes the turn of one that still waits: the turn,
//! and not the end of the queue, as a stream that is faster than the queue would otherwise never come to its turn.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::sync::{AcquireError, OwnedSemaphorePermit};

use crate::kind::Kind;
use crate::problem::Problem;

/// The most characters that a stream's name may have.
pub(crate) const MOST: usize = 64;

/// A frame of a live stream.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) pipeline: String,
    pub(crate) stream: String,
    /// When its request began: of two frames, the one that began later is the newer.
    pub(crate) since: Instant,
}

/// A place in the queue, and the wait for the turn.
pub(crate) struct Ticket {
    place: OwnedSemaphorePermit,
    turn: Turn,
}

type Turn = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// A place whose turn has come, and a worker.
type Reached = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Ticket {
    pub(crate) fn new(
        place: OwnedSemaphorePermit,
        turn: impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + 'static,
    ) -> Self {
        Self {
            place,
            turn: Box::pin(turn),
        }
    }
}

/// The streams of which a frame waits. There are no more than there are places.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<Mutex<HashMap<(String, String), Waiting>>>);

/// A frame that waits.
struct Waiting {
    since: Instant,
    held: Held,
}

/// What a frame waits with. Another may take it away.
type Held = Arc<Mutex<State>>;

enum State {
    Waits(Ticket, Option<Waker>),
    /// The turn came, or a newer frame did.
    Over,
}

/// Where a frame waits.
pub(crate) struct Slot {
    held: Held,
    /// Where it is listed, for newer ones to find it.
    listed: Option<(Live, Frame)>,
}

impl Live {
    /// Where a frame is to wait: with the ticket of an older one of its stream, or with a new one.
    pub(crate) fn admit(
        &self,
        frame: Frame,
        ticket: impl FnOnce() -> Result<Ticket, Problem>,
    ) -> Result<Slot, Problem> {
        let mut all = lock(&self.0);
        let key = frame.key();
        let waiting = all.get(&key);
        // Its body arrived later than that of one that was begun after it.
        if waiting.is_some_and(|waiting| waiting.since > frame.since) {
            return Err(superseded(&frame.stream));
        }
        let taken = waiting.and_then(|waiting| take(&waiting.held));
        let ticket = match taken {
            Some(ticket) => ticket,
            None => ticket()?,
        };
        let held = Arc::new(Mutex::new(State::Waits(ticket, None)));
        let waiting = Waiting {
            since: frame.since,
            held: held.clone(),
        };
        all.insert(key, waiting);
        drop(all);
        Ok(Slot {
            held,
            listed: Some((self.clone(), frame)),
        })
    }

    fn remove(&self, frame: &Frame, held: &Held) {
        let mut all = lock(&self.0);
        let key = frame.key();
        if all
            .get(&key)
            .is_some_and(|waiting| Arc::ptr_eq(&waiting.held, held))
        {
            all.remove(&key);
        }
    }
}

impl Frame {
    fn key(&self) -> (String, String) {
        (self.pipeline.clone(), self.stream.clone())
    }
}

impl Slot {
    /// Where what gives way to nothing waits.
    pub(crate) fn alone(ticket: Ticket) -> Self {
        Self {
            held: Arc::new(Mutex::new(State::Waits(ticket, None))),
            listed: None,
        }
    }

    /// Waits for the turn; an error where a newer frame takes it.
    pub(crate) async fn turn(self) -> Result<Reached, Problem> {
        let reached = poll_fn(|context| poll(&self.held, context)).await;
        match reached {
            Some(Ok(reached)) => Ok(reached),
            Some(Err(_)) => Err(Problem::new(
                Kind::Overloaded,
                "shutting-down",
                "the server is stopping",
            )),
            None => {
                let stream = self.listed.as_ref().map(|(_, frame)| &*frame.stream);
                Err(superseded(stream.unwrap_or_default()))
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some((live, frame)) = &self.listed {
            live.remove(frame, &self.held);
        }
    }
}

/// Takes a ticket away from whoever waits with it, who learns it.
fn take(held: &Held) -> Option<Ticket> {
    let before = mem::replace(&mut *lock(held), State::Over);
    match before {
        State::Waits(ticket, waker) => {
            if let Some(waker) = waker {
                waker.wake();
            }
            Some(ticket)
        }
        State::Over => None,
    }
}

/// The turn, once it has come; none where the ticket was taken away.
fn poll(held: &Held, context: &mut Context<'_>) -> Poll<Option<Result<Reached, AcquireError>>> {
    let mut state = lock(held);
    let State::Waits(ticket, waker) = &mut *state else {
        return Poll::Ready(None);
    };
    let Poll::Ready(hand) = ticket.turn.as_mut().poll(context) else {
        *waker = Some(context.waker().clone());
        return Poll::Pending;
    };
    let State::Waits(ticket, _) = mem::replace(&mut *state, State::Over) else {
        return Poll::Ready(None);
    };
    Poll::Ready(Some(hand.map(|hand| (ticket.place, hand))))
}

fn superseded(stream: &str) -> Problem {
    let detail = format!("a newer frame of the stream `{stream}` took its turn before it came");
    Problem::new(Kind::Superseded, "superseded", detail)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::Workers;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;
    use tokio::task::{JoinHandle, yield_now};

    const HANG: Duration = Duration::from_secs(60);

    fn frame(stream: &str) -> Frame {
        Frame {
            pipeline: "members".to_owned(),
            stream: stream.to_owned(),
            since: Instant::now(),
        }
    }

    /// Has the only worker be busy until something is sent.
    async fn busy(workers: &Workers) -> (Sender<()>, JoinHandle<()>) {
        let (go, wait): (_, Receiver<()>) = channel();
        let due = workers.admit().unwrap().turn().await.unwrap();
        let work = due.run(move |_| wait.recv().unwrap());
        (go, tokio::spawn(async move { work.await.unwrap() }))
    }

    /// Sends a frame, which says its name once it is worked on.
    fn send(
        workers: &Workers,
        frame: Frame,
        name: &'static str,
        done: &Sender<&'static str>,
    ) -> Result<JoinHandle<Result<(), Problem>>, Problem> {
        let (place, done) = (workers.admit_live(frame)?, done.clone());
        Ok(tokio::spawn(async move {
            place.run(move |_| done.send(name).unwrap()).await
        }))
    }

    #[tokio::test]
    async fn a_newer_frame_takes_the_turn_of_one_that_waits_and_no_more_room() {
        let workers = Workers::new(1, 3);
        let (go, working) = busy(&workers).await;
        let (done, order) = channel();
        let first = send(&workers, frame("door"), "door 1", &done).unwrap();
        let other = send(&workers, frame("yard"), "yard 1", &done).unwrap();
        // An upload waits behind them, and nothing of a stream takes its place.
        let upload = workers.admit().unwrap();
        let said = done.clone();
        let upload = tokio::spawn(upload.run(move |_| said.send("upload").unwrap()));
        assert!(workers.admit().is_err(), "the queue is full");
        yield_now().await;

        let second = send(&workers, frame("door"), "door 2", &done).unwrap();
        let problem = tokio::time::timeout(HANG, first).await.expect("at once");
        let problem = problem.unwrap().unwrap_err();
        assert_eq!(
            (problem.status, problem.reason.as_str()),
            (503, "superseded")
        );
        assert_eq!(problem.retry_after, None, "it is not to be sent again");
        let third = send(&workers, frame("door"), "door 3", &done).unwrap();
        assert!(second.await.unwrap().is_err());
        assert_eq!(workers.busy(), 4);
        assert!(workers.admit_live(frame("lane")).is_err());
        assert!(workers.admit().is_err());

        go.send(()).unwrap();
        working.await.unwrap();
        for right in [third, other, upload] {
            right.await.unwrap().unwrap();
        }
        // It has the turn of the first: a stream that is faster than the queue is worked on nevertheless.
        drop(done);
        let order: Vec<_> = order.iter().collect();
        assert_eq!(order, ["door 3", "yard 1", "upload"]);
        workers.rest().await;
        assert_eq!(workers.busy(), 0);
    }

    #[tokio::test]
    async fn one_whose_body_came_late_does_not_take_the_turn_of_a_newer_one() {
        let workers = Workers::new(1, 3);
        let (go, working) = busy(&workers).await;
        let (done, order) = channel();
        let late = frame("door");
        let newer = Frame {
            since: late.since + Duration::from_millis(1),
            ..late.clone()
        };
        let newer = send(&workers, newer, "newer", &done).unwrap();
        assert_eq!(
            send(&workers, late, "late", &done).unwrap_err().reason,
            "superseded"
        );
        go.send(()).unwrap();
        working.await.unwrap();
        newer.await.unwrap().unwrap();
        drop(done);
        assert_eq!(order.iter().collect::<Vec<_>>(), ["newer"]);
    }

    #[tokio::test]
    async fn what_is_worked_on_is_finished_and_a_client_that_leaves_leaves_its_place() {
        let workers = Workers::new(1, 1);
        let (go, wait): (_, Receiver<()>) = channel();
        let due = workers.admit_live(frame("door")).unwrap();
        let due = due.turn().await.unwrap();
        let begun = tokio::spawn(due.run(move |_| wait.recv().unwrap()));
        let (done, order) = channel();
        let left = send(&workers, frame("door"), "left", &done).unwrap();
        yield_now().await;
        left.abort();
        assert!(left.await.unwrap_err().is_cancelled());
        assert!(lock(&workers.live().0).is_empty());
        let next = send(&workers, frame("door"), "next", &done).unwrap();
        yield_now().await;
        // That it waited is over with its turn, which whoever is worked on has no more.
        go.send(()).unwrap();
        begun.await.unwrap().unwrap();
        next.await.unwrap().unwrap();
        drop(done);
        assert_eq!(order.iter().collect::<Vec<_>>(), ["next"]);
        workers.rest().await;
        assert!(lock(&workers.live().0).is_empty());
    }
}
