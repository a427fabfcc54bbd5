//! What a host can do on its node beyond its work: nothing.

use crate::kubectl;
use crate::needs::{CannotBeDone, Need, trial};
use crate::processes::Process;
use crate::site;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "cluster: a host is nobody, gains nothing, and cannot write to its root",
            &[Need::Cluster],
            nobody,
        ),
        trial(
            "cluster: the image has one program, and a host has no keys but its own",
            &[Need::Cluster],
            one_program,
        ),
        trial(
            "cluster: a host may read and say at the API server what it has to, and nothing else",
            &[Need::Cluster],
            least,
        ),
    ]
}

fn nobody() -> Result<(), CannotBeDone> {
    for pod in site::all_in_one() {
        let host = Process::of(&pod)?;
        assert_eq!(host.status("Uid"), "65532 65532 65532 65532");
        assert_eq!(host.status("Gid"), "65532 65532 65532 65532");
        for capabilities in ["CapEff", "CapPrm", "CapBnd", "CapInh"] {
            assert_eq!(host.status(capabilities), "0000000000000000");
        }
        assert_eq!(host.status("NoNewPrivs"), "1");
        assert_eq!(host.status("Seccomp"), "2", "a filter of system calls");
        let mounts = host.read("mountinfo");
        let root = mounts.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            (fields[4] == "/").then(|| fields[5].to_owned())
        });
        let root = root.unwrap();
        assert!(root.split(',').any(|option| option == "ro"), "{root}");
    }
    Ok(())
}

fn one_program() -> Result<(), CannotBeDone> {
    let pods = site::all_in_one();
    let pod = &pods[0];
    let version = kubectl::says(&["exec", &pod.name, "--", "/usr/bin/footlight", "--version"]);
    assert!(version.starts_with("footlight "), "{version}");
    for shell in ["/bin/sh", "/bin/bash", "/usr/bin/sh", "/bin/busybox"] {
        let said = kubectl::fails(&["exec", &pod.name, "--", shell, "-c", "true"]);
        assert!(said.contains("no such file"), "{said}");
    }
    let host = Process::of(pod)?;
    let programs: Vec<_> = fs::read_dir(host.in_root("usr/bin")).unwrap().collect();
    assert_eq!(programs.len(), 1);
    assert!(!host.in_root("bin").exists());
    // It speaks to the API server, and has what for: a token that lasts, where the cluster can do that, an hour or so.
    let folders = ["var/run/secrets", "run/secrets"].iter();
    let folders = folders.filter_map(|folder| fs::read_dir(host.in_root(folder)).ok());
    let names = folders.flat_map(|entries| entries.map(|entry| entry.unwrap().file_name()));
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, BTreeSet::from(["kubernetes.io".into()]));
    Ok(())
}

/// What a host may do at the API server, and what not: of secrets, for one, it is given what is mounted.
fn least() -> Result<(), CannotBeDone> {
    site::all_in_one();
    let may = |verb: &str, what: &str| {
        let host = "system:serviceaccount:footlight:footlight";
        // What stands behind a slash would be taken for an object's name.
        let (kind, part) = what.split_once('/').unwrap_or((what, ""));
        let part = format!("--subresource={part}");
        let words = ["auth", "can-i", verb, kind, &part, "--as", host];
        let asked = kubectl::of_the_hosts(&words).output().unwrap();
        asked.status.success()
    };
    for (what, verbs) in [
        ("pipelines.footlight.dev", &["get", "list", "watch"][..]),
        ("pipelines.footlight.dev/status", &["patch", "update"]),
        (
            "members.footlight.dev",
            &["list", "watch", "create", "delete"],
        ),
        ("pods", &["list", "watch"]),
        ("nodes", &["get", "watch"]),
    ] {
        for verb in verbs {
            assert!(may(verb, what), "{verb} {what}");
        }
    }
    for (what, verbs) in [
        (
            "pipelines.footlight.dev",
            &["create", "update", "patch", "delete"][..],
        ),
        ("pods", &["create", "delete", "patch"]),
        ("pods/exec", &["create"]),
        ("nodes", &["patch", "delete"]),
        ("secrets", &["get", "list", "watch", "create"]),
        ("configmaps", &["get", "create"]),
        ("serviceaccounts/token", &["create"]),
    ] {
        for verb in verbs {
            assert!(!may(verb, what), "{verb} {what}");
        }
    }
    Ok(())
}
