//! What is seen of artifacts: on disk, on the wire, and by whoever calls.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod collection;
mod common;
mod containerd;
mod docker_registry;
mod faults;
mod layouts;
mod pipelines;
mod process;
mod referrers;
mod registry;
mod server;
mod signatures;
mod store;
mod tokens;

use libtest_mimic::{Arguments, Completion, Trial};

fn main() {
    if process::is_another() {
        return process::act();
    }
    let mut trials = Vec::new();
    trials.extend(store::trials());
    trials.extend(collection::trials());
    trials.extend(faults::trials());
    trials.extend(layouts::trials());
    trials.extend(pipelines::trials());
    trials.extend(signatures::trials());
    trials.extend(referrers::trials());
    trials.extend(tokens::trials());
    trials.extend(registry::trials());
    trials.extend(containerd::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A test that needs nothing.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// A test that needs something; where that is missing it is ignored, and it is said why.
fn trial_with<T: 'static>(name: &str, need: fn() -> Result<T, String>, test: fn(T)) -> Trial {
    Trial::ignorable_test(name, move || {
        Ok(match need() {
            Ok(need) => {
                test(need);
                Completion::Completed
            }
            Err(reason) => Completion::ignored_with(reason),
        })
    })
}
