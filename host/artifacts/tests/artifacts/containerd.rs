//! containerd on what we push: a node of a cluster takes stages and pipelines as it takes images.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;
use tempfile::{TempDir, tempdir};

use crate::common::{component, open, stage};
use crate::docker_registry::{Registry, with};
use crate::trial_with;
use footlight_artifacts::Digest;

pub fn trials() -> Vec<Trial> {
    vec![trial_with("containerd: a stage is pulled", needs, pulled)]
}

/// A registry, and a containerd that may run.
fn needs() -> Result<(PathBuf, PathBuf), String> {
    let programs = with("containerd")?;
    let about = std::fs::metadata("/proc/self").map_err(|error| error.to_string())?;
    match about.uid() {
        0 => Ok(programs),
        _ => Err("containerd runs as root only".to_owned()),
    }
}

/// It runs as long as it is kept, on folders of its own.
struct Containerd {
    process: Child,
    ctr: PathBuf,
    folder: TempDir,
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Containerd {
    fn start(program: &Path) -> Self {
        let folder = tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let config = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = {:?}\n[ttrpc]\naddress = {:?}\n",
            at("root"),
            at("state"),
            at("socket"),
            at("ttrpc")
        );
        std::fs::write(at("config.toml"), config).unwrap();
        let process = Command::new(program)
            .args(["--config", &at("config.toml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let containerd = Self {
            process,
            ctr: program.with_file_name("ctr"),
            folder,
        };
        for _ in 0..500 {
            if containerd.run(&["version"]).is_ok() {
                return containerd;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("containerd does not start");
    }

    /// What a command of its client prints.
    fn run(&self, words: &[&str]) -> Result<Vec<u8>, String> {
        let output = Command::new(&self.ctr)
            .arg("--address")
            .arg(self.folder.path().join("socket"))
            .args(words)
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

fn pulled((registry, program): (PathBuf, PathBuf)) {
    let registry = Registry::plain(&registry);
    let containerd = Containerd::start(&program);
    let folder = tempdir().unwrap();
    let target = registry.reference("stages/one:1");
    let pushed = open(folder.path()).push(stage("one"), &target).unwrap();
    let reference = target.to_string();
    let fetch = ["content", "fetch", "--plain-http", &reference];
    containerd.run(&fetch).unwrap();
    let get = |digest: &Digest| {
        let digest = digest.to_string();
        containerd.run(&["content", "get", &digest]).unwrap()
    };
    assert_eq!(Digest::of(&get(&pushed.digest)), pushed.digest);
    let layer = component("one");
    assert_eq!(get(&Digest::of(&layer)), layer);
    let images = containerd.run(&["images", "list", "--quiet"]).unwrap();
    assert_eq!(String::from_utf8_lossy(&images).trim(), reference);
}
