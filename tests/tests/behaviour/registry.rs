//! A registry, where there is a program of one; else an OCI layout, which stands for one.

use crate::places;
use std::env;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Somewhere that artifacts are pushed to and pulled from.
pub struct Registry {
    process: Option<Child>,
    repository: String,
    /// Where all of it is kept.
    pub data: PathBuf,
}

impl Registry {
    /// Debian's docker-registry at a free port, or a layout, in a folder of its own there.
    pub fn start(folder: &Path) -> Self {
        let data = folder.join("shelf");
        fs::create_dir(&data).unwrap();
        let Some(program) = program() else {
            let repository = format!("oci:{}", data.join("layout").display());
            return Self {
                process: None,
                repository,
                data,
            };
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = port.local_addr().unwrap().to_string();
        drop(port);
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: {host}}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n",
            data.display()
        );
        let path = folder.join("registry.yml");
        fs::write(&path, config).unwrap();
        let log = folder.join("registry.log");
        let mut process = Command::new(program)
            .arg("serve")
            .arg(path)
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        while TcpStream::connect(&host).is_err() {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("{status}: {}", fs::read_to_string(log).unwrap());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Self {
            process: Some(process),
            repository: format!("{host}/site/members"),
            data,
        }
    }

    /// The reference of something there.
    pub fn reference(&self, tag: &str) -> String {
        format!("{}:{tag}", self.repository)
    }

    /// Takes it out of reach.
    pub fn stop(&mut self) {
        match &mut self.process {
            Some(process) => {
                let _ = process.kill();
                let _ = process.wait();
            }
            None => fs::rename(&self.data, self.data.with_extension("gone")).unwrap(),
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn program() -> Option<PathBuf> {
    if let Some(named) = places::variable("FOOTLIGHT_TEST_REGISTRY") {
        return Some(named);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("docker-registry"))
        .find(|path| path.is_file())
}
