use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What stages hold right now, and what they have moved: all that were given the same one.
#[derive(Debug, Default)]
pub struct Usage {
    instances: AtomicU64,
    host_bytes: AtomicU64,
    written: AtomicU64,
    pixels_to_guests: AtomicU64,
    results_to_guests: AtomicU64,
    from_guests: AtomicU64,
}

impl Usage {
    /// Instances at work.
    pub fn instances(&self) -> u64 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Bytes of the images and tensors that stages made and hold in the host.
    pub fn host_bytes(&self) -> u64 {
        self.host_bytes.load(Ordering::Relaxed)
    }

    /// Bytes of tensors that were written from images, ever.
    pub fn written_bytes(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Bytes of those tensors that guests read into their own memory, ever. An inference needs none.
    pub fn pixel_bytes_to_guests(&self) -> u64 {
        self.pixels_to_guests.load(Ordering::Relaxed)
    }

    /// Bytes of other tensors that guests read into their own memory, ever: the results of inferences.
    pub fn result_bytes_to_guests(&self) -> u64 {
        self.results_to_guests.load(Ordering::Relaxed)
    }

    /// Bytes of tensors that guests made in their own memory, ever.
    pub fn bytes_from_guests(&self) -> u64 {
        self.from_guests.load(Ordering::Relaxed)
    }

    pub(crate) fn count_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_to_guest(&self, bytes: usize, pixels: bool) {
        let counter = match pixels {
            true => &self.pixels_to_guests,
            false => &self.results_to_guests,
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_from_guest(&self, bytes: usize) {
        self.from_guests.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// What one instance holds in images and tensors, against its limit. Whatever it still holds when it
/// goes is given back.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    held: u64,
    usage: Arc<Usage>,
}

/// The limit that a charge would exceed, in bytes.
#[derive(Debug, thiserror::Error)]
#[error(
    "{asked} bytes more than the {held} bytes already held would exceed the stage's `host-memory` limit of {limit} bytes for images and tensors"
)]
pub(crate) struct OverBudget {
    asked: u64,
    held: u64,
    limit: u64,
}

impl Budget {
    pub(crate) fn new(limit: u64, usage: Arc<Usage>) -> Self {
        usage.instances.fetch_add(1, Ordering::Relaxed);
        Self {
            limit,
            held: 0,
            usage,
        }
    }

    /// What all stages that are counted with this one hold and move.
    pub(crate) fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Counts bytes that are about to be held.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), OverBudget> {
        match self.held.checked_add(bytes) {
            Some(held) if held <= self.limit => {
                self.held = held;
                self.usage.host_bytes.fetch_add(bytes, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(OverBudget {
                asked: bytes,
                held: self.held,
                limit: self.limit,
            }),
        }
    }

    /// Counts bytes that are no longer held.
    pub(crate) fn release(&mut self, bytes: u64) {
        let bytes = bytes.min(self.held);
        self.held = self.held.saturating_sub(bytes);
        self.usage.host_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.release(self.held);
        self.usage.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_limited_and_given_back() {
        let usage = Arc::new(Usage::default());
        let mut budget = Budget::new(100, usage.clone());
        assert!(budget.charge(60).is_ok());
        assert!(budget.charge(41).is_err());
        assert!(budget.charge(u64::MAX).is_err());
        assert_eq!(usage.host_bytes(), 60);
        budget.release(20);
        assert!(budget.charge(60).is_ok());
        assert_eq!((usage.host_bytes(), usage.instances()), (100, 1));
        drop(budget);
        assert_eq!((usage.host_bytes(), usage.instances()), (0, 0));
    }
}
