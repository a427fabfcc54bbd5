//! The requests of a compiled model.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openvino::{CompiledModel, PropertyKey};

use super::convert;
use super::request::Request;
use crate::Error;

/// As many requests as keep the device busy. Whoever comes when all are at work waits for one, as it
/// would wait for the device.
///
/// They are made before the first inference. The processor's plugin lets whoever makes one wait for an
/// inference that is under way, so that a short one would wait for a long one in order to begin.
pub(super) struct Pool {
    /// Locked only to make a request.
    compiled: Mutex<CompiledModel>,
    /// Locked only to take a request out and put it back, never over an inference.
    shelf: Mutex<Shelf>,
    returned: Condvar,
}

struct Shelf {
    idle: Vec<Request>,
    /// How many were dropped because they failed, and not made anew so far.
    missing: usize,
}

impl Pool {
    /// Requests for a model.
    pub(super) fn new(compiled: CompiledModel) -> Result<Pool, Error> {
        let device: usize = compiled
            .get_property(&PropertyKey::OptimalNumberOfInferRequests)
            .ok()
            .and_then(|number| number.parse().ok())
            .unwrap_or(1);
        let pool = Pool {
            compiled: Mutex::new(compiled),
            shelf: Mutex::new(Shelf {
                idle: Vec::new(),
                missing: 0,
            }),
            returned: Condvar::new(),
        };
        // Twice as many as it works on: while it works, the next inputs are set and the last outputs read.
        let idle = (0..device.max(1).saturating_mul(2))
            .map(|_| pool.make())
            .collect::<Result<_, _>>()?;
        pool.shelf().idle = idle;
        Ok(pool)
    }

    /// Does something with a request. Where it fails, nobody knows what state the request is in: it is
    /// dropped, and another one made when it is needed.
    ///
    /// With a deadline, nobody waits for a request for longer.
    pub(super) fn with<T>(
        &self,
        deadline: Option<Instant>,
        work: impl FnOnce(&mut Request) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let taken = self.take(deadline)?;
        let mut place = Place {
            pool: self,
            request: None,
        };
        let mut request = match taken {
            Some(request) => request,
            None => self.make()?,
        };
        let done = work(&mut request)?;
        place.request = Some(request);
        Ok(done)
    }

    /// An idle request, or none where one has to be made.
    fn take(&self, deadline: Option<Instant>) -> Result<Option<Request>, Error> {
        let longest = deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        let (mut shelf, waited) = self
            .returned
            .wait_timeout_while(self.shelf(), longest, |shelf| {
                shelf.idle.is_empty() && shelf.missing == 0
            })
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(Error::late());
        }
        let request = shelf.idle.pop();
        if request.is_none() {
            shelf.missing = shelf.missing.saturating_sub(1);
        }
        Ok(request)
    }

    fn make(&self) -> Result<Request, Error> {
        self.compiled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .create_infer_request()
            .map(Request::new)
            .map_err(|error| convert::runtime(&error).context("no request can be made"))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A panic cannot leave the shelf half changed.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody's turn. It ends with the request back on the shelf, or with one missing there, also where
/// the work panics: the pool never becomes smaller.
struct Place<'a> {
    pool: &'a Pool,
    request: Option<Request>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut shelf = self.pool.shelf();
        match self.request.take() {
            Some(request) => shelf.idle.push(request),
            None => shelf.missing = shelf.missing.saturating_add(1),
        }
        drop(shelf);
        self.pool.returned.notify_one();
    }
}
