//! Who goes with whom, and when.
//!
//! There is no thread here: one of a batch's callers runs it for all of them, the one whose deadline is
//! the latest, so that nobody is kept beyond its own. One batch of a form is under way at a time; those
//! who come meanwhile are the next.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::line::{Batch, Caller, Form, Line, Turn};
use super::options::BatchOptions;
use crate::{Error, Tensor};

/// What has become of a caller.
pub(super) enum Outcome {
    Done(Result<Vec<(String, Tensor)>, Error>),
    /// It did not work together with others, and is to be tried by itself.
    Alone(Vec<Tensor>),
}

pub(super) struct Queue {
    options: BatchOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lines: HashMap<Form, Line>,
    /// Everybody who is here, with what has become of them where that is known.
    seats: HashMap<u64, Option<Outcome>>,
    last: u64,
}

/// A caller's place, which is given up by dropping it.
struct Seat<'a> {
    queue: &'a Queue,
    form: Form,
    number: u64,
    changed: Arc<Condvar>,
}

/// A batch that is under way. However that ends, also by a panic, all its callers are told and the next
/// batch may begin.
struct Running<'a> {
    queue: &'a Queue,
    form: &'a Form,
    numbers: Vec<u64>,
    changed: &'a Condvar,
    outcomes: std::vec::IntoIter<Outcome>,
}

impl Queue {
    pub(super) fn new(options: &BatchOptions) -> Queue {
        Queue {
            options: options.clone(),
            state: Mutex::default(),
        }
    }

    /// Whether so many rows may go with others.
    pub(super) fn shares(&self, rows: u32) -> bool {
        rows < self.options.max.get()
    }

    /// How many callers there are whose batch has not begun.
    pub(super) fn waiting(&self) -> usize {
        self.state().lines.values().map(Line::waiting).sum()
    }

    /// Waits until the rows have been computed, or computes those of a whole batch. `run` is given the
    /// callers of the batch, and says what becomes of each, in their order.
    ///
    /// # Errors
    ///
    /// `Deadline`, where the caller's comes before; the others of its batch do not notice.
    pub(super) fn enter(
        &self,
        form: Form,
        caller: Caller,
        run: &dyn Fn(Vec<Caller>) -> Vec<Outcome>,
    ) -> Result<Outcome, Error> {
        let deadline = caller.deadline;
        let seat = self.sit(form, caller);
        let mut state = self.state();
        loop {
            if let Some(outcome) = state.outcome(seat.number) {
                return Ok(outcome);
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(Error::late());
            }
            let line = state.lines.get_mut(&seat.form);
            let turn = line.map(|line| line.turn(&self.options, seat.number, now));
            match turn.unwrap_or(Turn::Wait(None)) {
                Turn::Run(batch) => {
                    drop(state);
                    seat.run(batch, run);
                    state = self.state();
                }
                Turn::Wait(until) => {
                    let until = deadline.into_iter().chain(until).min();
                    state = wait(&seat.changed, state, until, now);
                }
            }
        }
    }

    fn sit(&self, form: Form, caller: Caller) -> Seat<'_> {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.seats.insert(number, None);
        let line = state.lines.entry(form.clone()).or_default();
        let changed = line.join(&self.options, number, caller);
        Seat {
            queue: self,
            form,
            number,
            changed,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn outcome(&mut self, number: u64) -> Option<Outcome> {
        self.seats.get_mut(&number).and_then(Option::take)
    }

    /// Forgets a line in which nobody is.
    fn tidy(&mut self, form: &Form) {
        if self.lines.get(form).is_some_and(Line::is_idle) {
            self.lines.remove(form);
        }
    }
}

impl Seat<'_> {
    fn run(&self, batch: Batch, run: &dyn Fn(Vec<Caller>) -> Vec<Outcome>) {
        let (numbers, callers) = batch.callers.into_iter().unzip();
        let mut running = Running {
            queue: self.queue,
            form: &self.form,
            numbers,
            changed: &self.changed,
            outcomes: Vec::new().into_iter(),
        };
        running.outcomes = run(callers).into_iter();
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        // What is in there is dropped after others may go on.
        let _outcome = state.seats.remove(&self.number);
        let line = state.lines.get_mut(&self.form);
        let _left = line.and_then(|line| line.leave(self.number));
        state.tidy(&self.form);
        drop(state);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        for number in &self.numbers {
            let outcome = self.outcomes.next();
            if let Some(seat) = state.seats.get_mut(number) {
                *seat = Some(outcome.unwrap_or_else(|| {
                    Outcome::Done(Err(Error::runtime(
                        "the inference for several callers was broken off by a defect of the host",
                    )))
                }));
            }
        }
        if let Some(line) = state.lines.get_mut(self.form) {
            line.done();
        }
        state.tidy(self.form);
        drop(state);
        self.changed.notify_all();
    }
}

fn wait<'a>(
    changed: &Condvar,
    state: MutexGuard<'a, State>,
    until: Option<Instant>,
    now: Instant,
) -> MutexGuard<'a, State> {
    match until {
        None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        Some(until) => {
            let longest = until.saturating_duration_since(now);
            let waited = changed.wait_timeout(state, longest);
            waited.unwrap_or_else(PoisonError::into_inner).0
        }
    }
}
