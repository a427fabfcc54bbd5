//! What goes wrong on one node is that node's, and service comes back by itself.

use crate::kubectl;
use crate::members;
use crate::needs::{CannotBeDone, Need, trial};
use crate::pods::{self, Pod};
use crate::processes::Process;
use crate::site::{self, until};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, fn() -> Result<(), CannotBeDone>); 3] = [
        (
            "cluster: a host that is killed is back, with its members",
            killed,
        ),
        (
            "cluster: a pod that is deleted is replaced, and the others serve meanwhile",
            deleted,
        ),
        (
            "cluster: a pipeline that is not there is said in the log, and the others serve",
            not_there,
        ),
    ];
    let tests = tests.into_iter();
    tests
        .map(|(name, test)| trial(name, &[Need::Cluster], test))
        .collect()
}

/// All hosts, each with members.
fn with_members() -> Vec<Pod> {
    let pods = site::all_in_one();
    for pod in &pods {
        members::enrol(pod);
    }
    pods
}

fn killed() -> Result<(), CannotBeDone> {
    let pods = with_members();
    let pod = &pods[0];
    Process::of(pod)?.kill();
    until("the host is back after kill -9", || {
        let now = pods::on(&pod.node)?;
        if now.restarts == pod.restarts || !now.ready {
            return Err(format!("{now:?}"));
        }
        members::right_verdicts(&now)
    });
    let now = pods::on(&pod.node).unwrap();
    assert_eq!(
        (now.uid.as_str(), now.restarts),
        (pod.uid.as_str(), pod.restarts + 1)
    );
    // Nothing is fetched anew: the store, too, is where it was.
    let log = kubectl::says(&["logs", &now.name]);
    assert!(!log.contains("fetched"), "{log}");
    Ok(())
}

fn deleted() -> Result<(), CannotBeDone> {
    let pods = with_members();
    let (pod, others) = pods.split_first().unwrap();
    kubectl::says(&["delete", "pod", &pod.name, "--wait=false"]);
    for other in others {
        members::right_verdicts(other).unwrap();
    }
    let new = until("another pod is ready in its place", || {
        let now = pods::on(&pod.node)?;
        if now.uid == pod.uid || !now.ready {
            return Err(format!("{now:?}"));
        }
        Ok(now)
    });
    // Members were in the pod's own volume, as the manual says.
    members::knows_nobody(&new).unwrap();
    members::enrol(&new);
    members::right_verdicts(&new).unwrap();
    Ok(())
}

fn not_there() -> Result<(), CannotBeDone> {
    let pods = with_members();
    let (pod, others) = pods.split_first().unwrap();
    let pipeline = site::pipeline();
    let (repository, _) = pipeline.split_once('@').unwrap();
    let missing = format!("{repository}-of-nobody:1.0");
    site::tell(Some(&missing));
    kubectl::says(&["delete", "pod", &pod.name, "--wait=false"]);
    let log = until("a pod says what it lacks", || {
        let now = pods::on(&pod.node)?;
        if now.uid == pod.uid || now.restarts == 0 {
            return Err(format!("{now:?}"));
        }
        Ok(kubectl::says(&["logs", &now.name, "--previous"]))
    });
    assert!(log.contains(&missing), "{log}");
    assert!(!pods::on(&pod.node).unwrap().ready);
    for other in others {
        members::right_verdicts(other).unwrap();
    }
    site::tell(None);
    // It would be tried again, but after a pause that grows.
    kubectl::says(&["delete", "pod", &pods::on(&pod.node).unwrap().name]);
    site::every_node_ready();
    Ok(())
}
