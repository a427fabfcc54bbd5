//! What users of a cluster see: hosts of the image, as the manifests of `k8s/` describe them, on a real cluster. It is
//! brought up by `cargo xtask e2e`, which says where it is; without one, what wants one is reported as ignored. Manifests are
//! looked at without a cluster, too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod capture;
mod classes;
mod confined;
mod failures;
mod faults;
mod flow;
mod identities;
mod kubectl;
mod ledger;
mod machine;
mod manifests;
mod members;
mod mistakes;
mod needs;
mod newnode;
mod objects;
mod placement;
mod pods;
mod processes;
mod scene;
mod schemas;
mod serving;
mod site;
mod watch;
mod zones;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // There is one cluster, and tests kill what others would use.
    arguments.test_threads.get_or_insert(1);
    let groups: [Vec<Trial>; 9] = [
        manifests::trials(),
        serving::trials(),
        confined::trials(),
        failures::trials(),
        classes::trials(),
        // From here on there are two zones.
        placement::trials(),
        mistakes::trials(),
        newnode::trials(),
        faults::trials(),
    ];
    let conclusion = libtest_mimic::run(&arguments, groups.into_iter().flatten().collect());
    site::leave();
    conclusion.exit();
}
