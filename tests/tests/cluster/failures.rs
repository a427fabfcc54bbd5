//! What goes wrong on one node is that node's, and service comes back by itself.

use crate::kubectl;
use crate::members;
use crate::needs::{CannotBeDone, Need, Test, trial};
use crate::objects;
use crate::pods::{self, Pod};
use crate::processes::Process;
use crate::site::{self, until};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 3] = [
        (
            "cluster: a host that is killed is back, with its members",
            killed,
        ),
        (
            "cluster: a pod that is deleted is replaced, and the others serve meanwhile",
            deleted,
        ),
        (
            "cluster: a pipeline that is not there is said, and the other is served",
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
    let host = Process::of(pod)?;
    let kept = kept(&host);
    assert!(kept.len() > 5, "{kept:?}");
    host.kill();
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
    // Nothing was fetched or compiled anew: the files are the same, and not only alike.
    assert_eq!(self::kept(&Process::of(&now)?), kept);
    Ok(())
}

/// The files that a host has fetched, and those that it has compiled, by name and number.
fn kept(host: &Process) -> Vec<(PathBuf, u64)> {
    let mut folders = vec![
        host.in_root("var/cache/footlight/store/blobs"),
        host.in_root("var/cache/footlight/compiled"),
    ];
    let root = host.in_root("");
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let (path, about) = entry.map(|entry| (entry.path(), entry.metadata())).unwrap();
            let about = about.unwrap();
            if about.is_dir() {
                folders.push(path);
            } else {
                files.push((path.strip_prefix(&root).unwrap().to_owned(), about.ino()));
            }
        }
    }
    files.sort();
    files
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
    // Another one, with a stage in a repository that the registry does not have.
    let mut object = objects::members();
    let name = "nobody";
    object["metadata"]["name"] = name.into();
    let component = &mut object["spec"]["stages"]["verify"]["component"];
    let reference = component.as_str().unwrap();
    let (repository, _) = reference.split_once('@').unwrap();
    let missing = format!("{repository}-of-nobody");
    *component = format!("{missing}@sha256:{}", "0".repeat(64)).into();
    let missing = format!("{missing} has no manifest");
    kubectl::apply(&object).unwrap();
    let _gone = Gone(name);
    until("it is said that a stage is not there", || {
        let told = objects::told(name)?;
        let ready = objects::condition(&told, "Ready").ok_or("nothing is said")?;
        let said = ready.reason == "Refused" && ready.message.contains(&missing);
        if said {
            Ok(())
        } else {
            Err(format!("{ready:?}"))
        }
    });
    for pod in &pods {
        let now = pods::on(&pod.node).unwrap();
        assert!(now.ready && now.restarts == pod.restarts, "{now:?}");
        members::right_verdicts(&now).unwrap();
    }
    Ok(())
}

/// Removes a pipeline when this goes, however the test ended.
struct Gone<'a>(&'a str);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        kubectl::says(&["delete", "pipelines.footlight.dev", self.0]);
    }
}
