//! What breaks while frames flow, and what becomes of every one of them.
//!
//! The edge node's camera sends five frames a second to the host beside it, over a connection of its own for each. Two nodes
//! have the features, one verifies. What was measured goes into `target/e2e/faults.md`.

use crate::flow::{Outcome, Sent};
use crate::identities;
use crate::kubectl;
use crate::ledger;
use crate::machine::Machines;
use crate::needs::{CannotBeDone, Need, Test, trial};
use crate::newnode;
use crate::objects;
use crate::processes::Process;
use crate::scene::{Fault, From, Others, Scene};
use crate::site::{until, within};
use crate::zones::{self, TIER, Zones};
use footlight_tests::authority::Good;
use libtest_mimic::Trial;
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 13] = [
        (
            "faults: a host is killed whose stage another has",
            killed_with_another,
        ),
        (
            "faults: the host of the camera is killed",
            killed_at_the_camera,
        ),
        (
            "faults: the only host that verifies is killed",
            killed_alone,
        ),
        (
            "faults: a pod is deleted whose stage another has",
            deleted_with_another,
        ),
        (
            "faults: the only pod that verifies is deleted",
            deleted_alone,
        ),
        // A host that is killed for the second time in ten minutes is kept waiting by its kubelet, so its pod is a new one.
        (
            "faults: the registry stands still, and a host is killed",
            no_registry,
        ),
        ("faults: a node is powered off, and on", powered_off),
        ("faults: a node's link is cut for 20 s", cut),
        (
            "faults: the API server stands still for 30 s",
            no_api_server,
        ),
        ("faults: a new version is rolled over all nodes", rolled),
        ("faults: a stage moves with a label", moved),
        ("faults: a certificate expires", expired),
        (
            "faults: nothing was answered wrong, twice or never",
            all_of_them,
        ),
    ];
    let tests = tests.into_iter();
    tests
        .map(|(name, test)| trial(&format!("cluster: {name}"), &[Need::Cluster], test))
        .collect()
}

fn kill(node: &str) -> Result<(), CannotBeDone> {
    Process::of(&zones::host(node))?.kill();
    Ok(())
}

/// Kills a host and waits until Kubernetes has seen it.
fn killed(fault: &Fault) -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    Process::of(&zones::host(fault.node))?;
    scene.suffer(fault, |scene| {
        let began = Instant::now();
        kill(fault.node).map_err(|CannotBeDone(why)| why).unwrap();
        scene.wait_for(fault.node, false, began);
    });
    Ok(())
}

fn killed_with_another() -> Result<(), CannotBeDone> {
    killed(&Fault {
        what: "kill -9 of a host with features",
        node: "gpu",
        others: Others::Another,
        from: From::Noticed,
    })
}

fn killed_at_the_camera() -> Result<(), CannotBeDone> {
    killed(&Fault {
        what: "kill -9 of the host that frames enter at",
        node: "edge",
        others: Others::Entrance,
        from: From::Noticed,
    })
}

fn killed_alone() -> Result<(), CannotBeDone> {
    killed(&Fault {
        what: "kill -9 of the host that verifies",
        node: "cloud",
        others: Others::Nobody,
        from: From::Noticed,
    })
}

fn deleted(fault: &Fault) -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    scene.suffer(fault, |scene| {
        let pod = zones::host(fault.node);
        let began = Instant::now();
        kubectl::says(&["delete", "pod", &pod.name, "--wait=false"]);
        scene.wait_for(fault.node, false, began);
        scene.wait_for(fault.node, true, began);
    });
    Ok(())
}

fn deleted_with_another() -> Result<(), CannotBeDone> {
    deleted(&Fault {
        what: "a pod with features is deleted",
        node: "gpu",
        others: Others::Another,
        from: From::Again,
    })
}

fn deleted_alone() -> Result<(), CannotBeDone> {
    deleted(&Fault {
        what: "the pod that verifies is deleted",
        node: "cloud",
        others: Others::Nobody,
        from: From::Again,
    })
}

fn powered_off() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let fault = Fault {
        what: "the node that verifies is powered off until Kubernetes notices, and on",
        node: "cloud",
        others: Others::Nobody,
        from: From::Again,
    };
    scene.suffer(&fault, |scene| {
        let began = Instant::now();
        scene.machines.off("cloud");
        scene.wait_for("cloud", false, began);
        scene.machines.on("cloud");
        scene.wait_for("cloud", true, began);
    });
    Ok(())
}

fn cut() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let fault = Fault {
        what: "the link of a node with features is cut for 20 s",
        node: "gpu",
        others: Others::Another,
        from: From::Noticed,
    };
    scene.suffer(&fault, |scene| {
        let _again = Healed(&scene.machines);
        scene.machines.run(&["cut", "gpu"]);
        thread::sleep(Duration::from_secs(20));
    });
    Ok(())
}

/// Heals a link when this goes.
struct Healed<'a>(&'a Machines);

impl Drop for Healed<'_> {
    fn drop(&mut self) {
        self.0.run(&["heal", "gpu"]);
    }
}

fn no_api_server() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let fault = Fault {
        what: "the API server stands still for 30 s",
        node: "none",
        others: Others::Another,
        from: From::Over,
    };
    scene.suffer(&fault, |scene| {
        let _still = scene.machines.still("apiserver");
        thread::sleep(Duration::from_secs(30));
    });
    Ok(())
}

/// Whoever starts meanwhile has what it needs.
fn no_registry() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let fault = Fault {
        what: "the registry stands still, and kill -9 of the host that verifies",
        node: "cloud",
        others: Others::Nobody,
        from: From::Noticed,
    };
    let still = scene.machines.still("registry");
    scene.suffer(&fault, |scene| {
        let began = Instant::now();
        kill("cloud").map_err(|CannotBeDone(why)| why).unwrap();
        scene.wait_for("cloud", false, began);
    });
    drop(still);
    Ok(())
}

fn rolled() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let fault = Fault {
        what: "a new version is rolled over all nodes",
        node: "none",
        others: Others::Another,
        from: From::Over,
    };
    let version = |sent: &Sent| match &sent.outcome {
        Outcome::Right { version, .. } => Some(version.clone()),
        _ => None,
    };
    let old = scene.flow.sent().last().and_then(version).unwrap();
    scene.suffer(&fault, |scene| {
        let mut object = zones::pipeline();
        object["spec"]["stages"]["verify"]["settings"]["threshold"] = json!(0.43);
        let began = Instant::now();
        objects::run(&object);
        until("the new version answers", || {
            let latest = scene.flow.sent().last().and_then(version);
            if latest.is_some_and(|latest| latest != old) {
                Ok(())
            } else {
                Err("the old one does".to_owned())
            }
        });
        let took = began.elapsed().as_secs_f32();
        // From one to the other, once: a frame that is sent when the new one has answered is answered by it.
        let sent = scene.flow.sent();
        let new = sent
            .iter()
            .find(|sent| version(sent).is_some_and(|it| it != old))
            .unwrap();
        let later = sent.iter().filter(|sent| sent.began > new.ended);
        let back = later
            .filter(|sent| version(sent).is_some_and(|it| it == old))
            .count();
        assert_eq!(
            back, 0,
            "answers of the old version after the first of the new one"
        );
        eprintln!("        the new version answers after {took:.1} s");
    });
    objects::run(&zones::pipeline());
    Ok(())
}

/// One node has the features, then another.
fn moved() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let label = |node: &str, tier: &str| {
        kubectl::says(&[
            "label",
            "node",
            node,
            "--overwrite",
            &format!("{TIER}={tier}"),
        ]);
    };
    let on = |node: &str| {
        until(&format!("features are on {node}"), || {
            let nodes = objects::nodes_of(&objects::told(zones::NAME)?, "features");
            if nodes == [node] {
                Ok(())
            } else {
                Err(format!("they are on {nodes:?}"))
            }
        });
    };
    label(newnode::NODE, "spare");
    on("gpu");
    let _again = Again;
    let fault = Fault {
        what: "features move from one node to another by a label of each",
        node: "none",
        others: Others::Another,
        from: From::Over,
    };
    scene.suffer(&fault, |_| {
        label(newnode::NODE, "gpu");
        label("gpu", "spare");
        on(newnode::NODE);
    });
    Ok(())
}

/// Puts both nodes' labels back.
struct Again;

impl Drop for Again {
    fn drop(&mut self) {
        for node in ["gpu", newnode::NODE] {
            zones::join(node, "site", "gpu");
        }
    }
}

fn expired() -> Result<(), CannotBeDone> {
    let scene = Scene::set()?;
    let fault = Fault {
        what: "the certificate of the host that verifies is one that has expired, then a good one",
        node: "none",
        others: Others::Nobody,
        from: From::Over,
    };
    let _good = GoodAgain(scene.zones);
    scene.suffer(&fault, |scene| {
        let began = Instant::now();
        give(scene.zones, Good::Expired);
        // Connections that are there are renewed each minute.
        let _ = within(Duration::from_secs(75), || {
            let sent = scene.flow.sent();
            let failed = sent.iter().any(|sent| sent.began > began && !sent.right());
            if failed { Ok(()) } else { Err(String::new()) }
        });
        give(scene.zones, Good::ForLong);
    });
    Ok(())
}

/// Gives the hosts in the cloud another certificate.
fn give(zones: &Zones, good: Good) {
    identities::give(&zones.authority, "cloud", good);
    // A kubelet looks at what it mounted once a minute, and when something of the pod changes. By then it should know that
    // there is another.
    thread::sleep(Duration::from_millis(300));
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let changed = format!("footlight.dev/looked-at={}", time.as_millis());
    let pod = zones::host("cloud").name;
    kubectl::says(&["annotate", "pod", &pod, "--overwrite", &changed]);
}

/// Gives a good certificate when this goes, however the test ended.
struct GoodAgain<'a>(&'a Zones);

impl Drop for GoodAgain<'_> {
    fn drop(&mut self) {
        give(self.0, Good::ForLong);
    }
}

/// Prints all rows; each was held to account where it was made.
fn all_of_them() -> Result<(), CannotBeDone> {
    ledger::print().map_err(|()| CannotBeDone("none of the faults was tried".to_owned()))
}
