//! Who works on frames: blocking threads behind a bounded queue.
//!
//! Decoding, inference and guest code take milliseconds to seconds of a core, so they never run on a
//! thread that also moves bytes. One that comes when the queue is full is refused at once rather than
//! made to wait for longer than its client will.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::kind::Kind;
use crate::live::{Frame, Live, Slot, Ticket};
use crate::problem::Problem;

/// The workers and the queue before them.
pub(crate) struct Workers {
    /// One permit for each that is worked on or waits.
    places: Arc<Semaphore>,
    /// One permit for each that is worked on.
    hands: Arc<Semaphore>,
    /// Those that wait and give way to newer ones.
    live: Live,
    workers: usize,
    queue: usize,
}

/// A place in the queue. It is given back when it is dropped: by the client going away while it waits,
/// or by the work ending, however it ends.
pub(crate) struct Place {
    slot: Slot,
    hands: Arc<Semaphore>,
}

/// A place whose turn has come.
pub(crate) struct Due {
    place: OwnedSemaphorePermit,
    hand: Hand,
}

/// A worker, for as long as the work takes.
pub(crate) struct Hand {
    held: Mutex<Option<OwnedSemaphorePermit>>,
    hands: Arc<Semaphore>,
}

impl Hand {
    /// Waits for something that is done elsewhere, and lets others have the worker meanwhile. The place is kept, so
    /// that no more is taken on than there is room for.
    pub(crate) fn rest<T>(&self, wait: impl FnOnce() -> T) -> T {
        drop(self.lock().take());
        let done = wait();
        // It is never closed; were it, the work would end without one.
        let hand = Handle::current().block_on(Arc::clone(&self.hands).acquire_owned());
        *self.lock() = hand.ok();
        done
    }

    fn lock(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workers {
    /// That many workers (at least one), and that many places to wait for them.
    pub(crate) fn new(workers: usize, queue: usize) -> Self {
        let workers = workers.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = queue.min(Semaphore::MAX_PERMITS / 2);
        Self {
            places: Arc::new(Semaphore::new(workers.saturating_add(queue))),
            hands: Arc::new(Semaphore::new(workers)),
            live: Live::default(),
            workers,
            queue,
        }
    }

    /// A place, or the refusal to give one.
    pub(crate) fn admit(&self) -> Result<Place, Problem> {
        Ok(self.place(Slot::alone(self.ticket()?)))
    }

    /// A place for a frame of a live stream: that of an older one of its stream which still waits, and which ends with
    /// that; otherwise one as any other has.
    pub(crate) fn admit_live(&self, frame: Frame) -> Result<Place, Problem> {
        let slot = self.live.admit(frame, || self.ticket())?;
        Ok(self.place(slot))
    }

    fn place(&self, slot: Slot) -> Place {
        Place {
            slot,
            hands: Arc::clone(&self.hands),
        }
    }

    fn ticket(&self) -> Result<Ticket, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| {
            Problem::new(
                Kind::Overloaded,
                "queue-full",
                format!(
                    "all {} workers are busy and {} more requests wait for them; send it again later",
                    self.workers, self.queue
                ),
            )
        })?;
        Ok(Ticket::new(place, Arc::clone(&self.hands).acquire_owned()))
    }

    #[cfg(test)]
    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// How many are worked on or wait.
    pub(crate) fn busy(&self) -> usize {
        (self.workers + self.queue).saturating_sub(self.places.available_permits())
    }

    /// How many wait now, be it for a worker or for another host.
    pub(crate) fn waiting(&self) -> usize {
        let admitted = self.busy();
        let working = self.workers.saturating_sub(self.hands.available_permits());
        admitted.saturating_sub(working)
    }

    /// Waits until nothing is worked on and nothing waits.
    pub(crate) async fn rest(&self) {
        let all = self.workers.saturating_add(self.queue);
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        drop(self.places.acquire_many(all).await);
    }
}

impl Place {
    /// Waits for a worker. One of a live stream may give way to a newer one before that.
    pub(crate) async fn turn(self) -> Result<Due, Problem> {
        let (place, hand) = self.slot.turn().await?;
        let hand = Hand {
            held: Mutex::new(Some(hand)),
            hands: self.hands,
        };
        Ok(Due { place, hand })
    }

    /// Waits for a worker and does the work on it.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Hand) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.turn().await?.run(work).await
    }
}

impl Due {
    /// Does the work. Once begun, it is finished even if nobody waits for it any more. Work that panics is an error,
    /// and the worker takes the next one.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Hand) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Self { place, hand } = self;
        let done = spawn_blocking(move || {
            let result = work(&hand);
            drop((place, hand));
            result
        });
        done.await.map_err(|error| {
            let message = error
                .try_into_panic()
                .map_or_else(|e| e.to_string(), |p| words(&*p));
            tracing::error!(
                message,
                "work on a request panicked; this is a defect of the host"
            );
            Problem::new(
                Kind::Internal,
                "panicked",
                "the host failed at this request; its log says where, please report it",
            )
        })
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn one_beyond_the_queue_is_refused_and_a_place_comes_back() {
        let workers = Workers::new(1, 1);
        let (go, wait) = channel::<()>();
        let busy = tokio::spawn(workers.admit().unwrap().run(move |_| wait.recv()));
        let queued = workers.admit().unwrap();
        let refusal = workers.admit().err().unwrap();
        assert_eq!(refusal.reason, "queue-full");
        assert_eq!(refusal.status, 503);
        assert_eq!(refusal.retry_after, Some(1));

        go.send(()).unwrap();
        busy.await.unwrap().unwrap().unwrap();
        assert_eq!(queued.run(|_| 7).await.unwrap(), 7);
        assert!(workers.admit().is_ok());
        assert_eq!(workers.waiting(), 0);
    }

    #[tokio::test]
    async fn a_client_that_leaves_the_queue_leaves_its_place() {
        let workers = Workers::new(1, 1);
        let (go, wait) = channel::<()>();
        let busy = tokio::spawn(workers.admit().unwrap().run(move |_| wait.recv()));
        let queued = tokio::spawn(workers.admit().unwrap().run(|_| ()));
        assert!(workers.admit().is_err());
        queued.abort();
        assert!(queued.await.unwrap_err().is_cancelled());
        assert!(workers.admit().is_ok());
        go.send(()).unwrap();
        busy.await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn work_whose_client_left_is_finished_and_keeps_its_place_until_then() {
        let workers = Workers::new(1, 0);
        let (go, wait) = channel::<()>();
        let (started, begun) = channel();
        let (done, finished) = channel();
        let place = workers.admit().unwrap();
        let client = tokio::spawn(place.run(move |_| {
            started.send(()).unwrap();
            wait.recv().unwrap();
            done.send(()).unwrap();
        }));
        tokio::task::spawn_blocking(move || begun.recv().unwrap())
            .await
            .unwrap();
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        assert!(workers.admit().is_err());
        go.send(()).unwrap();
        tokio::task::spawn_blocking(move || finished.recv().unwrap())
            .await
            .unwrap();
        workers.rest().await;
    }

    #[tokio::test]
    async fn a_worker_that_waits_for_others_is_another_s_meanwhile_and_its_place_is_not() {
        let workers = Workers::new(1, 1);
        let (go, wait) = channel::<()>();
        let resting = workers.admit().unwrap().run(move |hand| {
            hand.rest(|| wait.recv().unwrap());
            1
        });
        let resting = tokio::spawn(resting);
        assert_eq!(workers.admit().unwrap().run(|_| 2).await.unwrap(), 2);
        let waiting = workers.admit().unwrap();
        assert!(workers.admit().is_err(), "both places are taken");
        drop(waiting);
        go.send(()).unwrap();
        assert_eq!(resting.await.unwrap().unwrap(), 1);
        workers.rest().await;
        assert_eq!(workers.busy(), 0);
    }

    #[tokio::test]
    async fn a_panic_is_one_error_and_the_next_is_served() {
        let workers = Workers::new(1, 0);
        let problem = workers.admit().unwrap().run(|_| panic!("on purpose")).await;
        let problem: Problem = problem.map(|(): ()| ()).unwrap_err();
        assert_eq!((problem.status, problem.reason.as_str()), (500, "panicked"));
        assert_eq!(workers.admit().unwrap().run(|_| 1).await.unwrap(), 1);
    }
}
