//! A stage that does what no stage should: which of it, its setting `act` says.
//!
//! It misbehaves at frames of the width `at-width` alone. All others it answers as a stage should, so
//! that a test can show that the next frame is served.

mod calls;
mod greed;
mod items;

use footlight_stage::bindings::wasi::nn::graph::ExecutionTarget;
use footlight_stage::{Failure, Fields, Item, Stage, export, log, settings};
use std::sync::atomic::{AtomicU32, Ordering};

/// Items that this instance has worked on. Each item finds an instance of its own, so that this is
/// never more than one.
static SEEN: AtomicU32 = AtomicU32::new(0);

struct Hostile;

impl Stage for Hostile {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let seen = SEEN.fetch_add(1, Ordering::Relaxed) + 1;
        let at_width: u32 = settings::require("at-width")?;
        if input.image()?.width() != at_width {
            return Ok(vec![note().with("seen", seen)]);
        }
        let act: String = settings::require("act")?;
        match act.as_str() {
            "trap" => std::process::abort(),
            "panic" => misbehave(),
            "loop" => loop {
                std::hint::spin_loop();
            },
            "overflow-stack" => Ok(vec![note().with("depth", deeper(0).to_string())]),
            "flood-log" => {
                let long = "x".repeat(10_000);
                (0..10_000).for_each(|_| {
                    log::info(format!("flood {long}\nERROR not a line of the host's own"))
                });
                Ok(vec![note().with("seen", seen)])
            }
            "find-unsuitable" => Err(Failure::unsuitable("this frame has the wrong width")),
            "eat-memory" => greed::memory(),
            "ask-for-huge-tensor" => greed::huge_tensor(&input),
            "keep-views" => greed::views(&input, 1000),
            "keep-handles" => greed::views(&input, 1),
            "ask-without-end" => greed::without_end(&input),
            "hoard-tensors" => greed::tensors(),
            "compute-short-tensor" => calls::short_tensor(),
            "compute-other-type" => calls::other_type(),
            "compute-other-name" => calls::other_name(),
            "name-unknown-graph" => calls::unknown_graph(),
            "load-bytes" => calls::load_bytes(ExecutionTarget::Cpu),
            "load-for-tpu" => calls::load_bytes(ExecutionTarget::Tpu),
            act => items::yielded(act, input),
        }
    }
}

export!(Hostile);

/// A document as the pipeline declares it.
fn note() -> Item {
    Item::new("note", Fields::new())
}

#[expect(
    clippy::panic,
    reason = "what a host makes of a panic is what a test asks"
)]
fn misbehave() -> ! {
    panic!("on purpose")
}

/// Never returns: the stack ends before the numbers do.
fn deeper(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX {
        return 0;
    }
    deeper(depth + 1).wrapping_add(frame.iter().sum())
}
