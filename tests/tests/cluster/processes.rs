//! The hosts' processes, where the cluster's nodes are on this machine.

use crate::needs::CannotBeDone;
use crate::pods::Pod;
use std::fs;
use std::path::PathBuf;

/// A host's process.
pub struct Process(u32);

impl Process {
    /// That of a pod: the control groups of its containers have the pod's identity in their names.
    pub fn of(pod: &Pod) -> Result<Process, CannotBeDone> {
        let (dashes, underscores) = (pod.uid.clone(), pod.uid.replace('-', "_"));
        let of_the_pod = |process: &u32| {
            let read = |name| fs::read_to_string(format!("/proc/{process}/{name}"));
            let groups = read("cgroup").unwrap_or_default();
            read("comm").is_ok_and(|name| name.trim() == "footlight")
                && (groups.contains(&dashes) || groups.contains(&underscores))
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let mut processes =
            entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let found = processes.find(of_the_pod);
        found.map(Process).ok_or_else(|| {
            CannotBeDone("the nodes' processes are not to be seen from here".to_owned())
        })
    }

    /// Ends it as a crash would.
    pub fn kill(&self) {
        let process = rustix::process::Pid::from_raw(self.0.try_into().unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    }

    /// What the kernel says of it under a name.
    pub fn status(&self, name: &str) -> String {
        let text = self.read("status");
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|rest| rest.strip_prefix(':'));
        value.expect(name).trim().replace('\t', " ")
    }

    /// A file of its folder in /proc.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Something in its root folder.
    pub fn in_root(&self, path: &str) -> PathBuf {
        self.path("root").join(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }
}
