//! Every node serves.

use crate::members;
use crate::needs::{CannotBeDone, Need, trial};
use crate::site;
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "cluster: every node runs the pipeline of the registry, and knows who was enrolled there",
        &[Need::Cluster],
        every_node,
    )]
}

fn every_node() -> Result<(), CannotBeDone> {
    let pods = site::all_in_one();
    for pod in &pods {
        members::forget(pod);
        members::knows_nobody(pod).unwrap();
    }
    // Each host has members of its own: those of one are nobody to the next.
    for (index, pod) in pods.iter().enumerate() {
        members::enrol(pod);
        members::right_verdicts(pod).unwrap();
        if let Some(next) = pods.get(index + 1) {
            members::knows_nobody(next).unwrap();
        }
    }
    Ok(())
}
