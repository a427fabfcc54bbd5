//! Batches on a device that a test holds up and looks into.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod device;
mod faults;
mod sharing;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use device::Device;
use footlight_nn::{BatchOptions, Batched, Error, Graph, Tensor};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(100);

fn options(max: u32, wait: Duration) -> BatchOptions {
    BatchOptions {
        max: NonZeroU32::new(max).unwrap(),
        wait,
    }
}

fn batched(device: Device, max: u32, wait: Duration) -> (Arc<Device>, Batched) {
    let device = Arc::new(device);
    let graph = Batched::new(Arc::clone(&device) as Arc<dyn Graph>, &options(max, wait)).unwrap();
    // What it was tried with.
    device.seen();
    (device, graph)
}

/// Rows of so many numbers, one after the other.
fn rows(length: usize, numbers: &[f32]) -> Tensor {
    let count = numbers.len() / length;
    Tensor::from_f32(vec![count as u32, length as u32], numbers).unwrap()
}

fn ask(graph: &Batched, tensor: Tensor, deadline: Option<Instant>) -> Result<Vec<f32>, Error> {
    let outputs = graph.infer(vec![("x".to_owned(), tensor)], deadline)?;
    assert_eq!(outputs[0].0, "y");
    outputs[0].1.to_f32()
}

/// A caller with one row of one number, who waits or is being computed when this returns.
fn caller<'scope, 'a: 'scope>(
    scope: &'scope Scope<'scope, '_>,
    graph: &'a Batched,
    number: f32,
    deadline: Option<Instant>,
) -> ScopedJoinHandle<'scope, Result<Vec<f32>, Error>> {
    let known = || {
        let stats = graph.stats();
        stats.callers + stats.waiting
    };
    let before = known();
    let handle = scope.spawn(move || ask(graph, rows(1, &[number]), deadline));
    until(|| known() > before || handle.is_finished());
    handle
}

fn until(happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < LONG, "it never happened");
        thread::sleep(Duration::from_millis(1));
    }
}

fn soon(milliseconds: u64) -> Option<Instant> {
    Some(Instant::now() + Duration::from_millis(milliseconds))
}
