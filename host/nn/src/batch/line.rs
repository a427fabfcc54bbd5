//! The batches of one form, in the order in which they began to be put together.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar};
use std::time::Instant;

use super::options::BatchOptions;
use crate::Tensor;

/// The shapes of the inputs without their first sides. Only tensors of the same form go together.
pub(super) type Form = Vec<Vec<u32>>;

/// Somebody with rows to compute.
pub(super) struct Caller {
    pub rows: u32,
    /// In the model's order, each with as many rows.
    pub inputs: Vec<Tensor>,
    pub deadline: Option<Instant>,
    pub since: Instant,
}

/// Callers who are to be computed together.
pub(super) struct Batch {
    /// With their numbers.
    pub callers: Vec<(u64, Caller)>,
    since: Instant,
    /// What its callers wait for.
    changed: Arc<Condvar>,
}

/// Those who wait.
#[derive(Default)]
pub(super) struct Line {
    /// Whether a batch is under way, which is not among these any more.
    running: bool,
    batches: VecDeque<Batch>,
}

/// What a caller is to do.
pub(super) enum Turn {
    /// Compute this batch, its own.
    Run(Batch),
    /// Wait until it is woken, or until this time.
    Wait(Option<Instant>),
}

impl Line {
    /// Adds a caller to the last batch, or to a new one. It is woken through what is returned.
    pub(super) fn join(
        &mut self,
        options: &BatchOptions,
        number: u64,
        caller: Caller,
    ) -> Arc<Condvar> {
        let fits = |batch: &&mut Batch| {
            let rows = batch.rows().checked_add(caller.rows);
            rows.is_some_and(|rows| rows <= options.max.get())
        };
        let changed = match self.batches.back_mut().filter(fits) {
            Some(batch) => {
                batch.callers.push((number, caller));
                Arc::clone(&batch.changed)
            }
            None => {
                let changed = Arc::default();
                self.batches.push_back(Batch {
                    since: caller.since,
                    callers: vec![(number, caller)],
                    changed: Arc::clone(&changed),
                });
                changed
            }
        };
        // With this one the first batch may have become full.
        if !self.running && self.full(options) {
            self.call();
        }
        changed
    }

    /// Whether a caller is to run its batch now; if not, when to look again if nothing happens before.
    pub(super) fn turn(&mut self, options: &BatchOptions, number: u64, now: Instant) -> Turn {
        let full = self.full(options);
        let leads = |batch: &&mut Batch| batch.leader() == Some(number);
        let Some(batch) = self.batches.front_mut().filter(leads) else {
            return Turn::Wait(None);
        };
        if self.running {
            return Turn::Wait(None);
        }
        if !full && now.saturating_duration_since(batch.since) < options.wait {
            return Turn::Wait(batch.since.checked_add(options.wait));
        }
        match self.batches.pop_front() {
            Some(batch) => {
                self.running = true;
                Turn::Run(batch)
            }
            None => Turn::Wait(None),
        }
    }

    /// The batch that was under way is done.
    pub(super) fn done(&mut self) {
        self.running = false;
        self.call();
    }

    /// Takes out a caller whose batch has not begun.
    pub(super) fn leave(&mut self, number: u64) -> Option<(u64, Caller)> {
        let mine = |(other, _): &(u64, Caller)| *other == number;
        let left = self.batches.iter_mut().find_map(|batch| {
            let place = batch.callers.iter().position(mine)?;
            // Another one may have to lead it now.
            batch.changed.notify_all();
            Some(batch.callers.remove(place))
        })?;
        self.batches.retain(|batch| !batch.callers.is_empty());
        self.call();
        Some(left)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.batches.iter().map(|batch| batch.callers.len()).sum()
    }

    /// Whether there is nobody.
    pub(super) fn is_idle(&self) -> bool {
        !self.running && self.batches.is_empty()
    }

    /// Whether the first batch takes nobody any more.
    fn full(&self, options: &BatchOptions) -> bool {
        let first = self.batches.front();
        self.batches.len() > 1 || first.is_some_and(|batch| batch.rows() >= options.max.get())
    }

    /// Has the callers of the first batch look whether it is their turn.
    fn call(&self) {
        if let Some(batch) = self.batches.front() {
            batch.changed.notify_all();
        }
    }
}

impl Batch {
    fn rows(&self) -> u32 {
        self.callers.iter().map(|(_, caller)| caller.rows).sum()
    }

    /// Who runs it: the first of those with the latest deadline.
    fn leader(&self) -> Option<u64> {
        self.callers
            .iter()
            .rev()
            // Having no deadline is later than any.
            .max_by_key(|(_, caller)| (caller.deadline.is_none(), caller.deadline))
            .map(|(number, _)| *number)
    }
}
