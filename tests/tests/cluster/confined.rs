//! What a host can do on its node beyond its work: nothing.

use crate::kubectl;
use crate::needs::{CannotBeDone, Need, trial};
use crate::processes::Process;
use crate::site;
use libtest_mimic::Trial;
use std::fs;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "cluster: a host is nobody, gains nothing, and cannot write to its root",
            &[Need::Cluster],
            nobody,
        ),
        trial(
            "cluster: the image has one program, and no key to the API server",
            &[Need::Cluster],
            one_program,
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
    assert!(!host.in_root("var/run/secrets").exists());
    assert!(!host.in_root("run/secrets").exists());
    Ok(())
}
