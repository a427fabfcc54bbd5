//! Debian's docker-registry, as anyone runs it.

use crate::places;
use std::env;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The variable that says where it is.
const VARIABLE: &str = "FOOTLIGHT_TEST_REGISTRY";

/// Why there is none.
pub fn missing() -> Option<String> {
    let missing = program().is_none();
    missing.then(|| format!("there is no docker-registry in the PATH, and {VARIABLE} names none"))
}

fn program() -> Option<PathBuf> {
    if let Some(named) = places::variable(VARIABLE) {
        return Some(named);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("docker-registry"))
        .find(|path| path.is_file())
}

/// A registry on a free port of this machine, without TLS, until it is dropped.
pub struct Registry {
    process: Child,
    /// `localhost:PORT`.
    pub host: String,
    /// Where all of it is kept.
    pub data: PathBuf,
}

impl Registry {
    /// Keeps all of it in a folder that is there.
    pub fn start(folder: &Path) -> Self {
        let data = folder.join("registry-data");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", free.local_addr().unwrap().port());
        drop(free);
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: {host}}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n",
            data.display()
        );
        let (config, log) = (folder.join("registry.yml"), folder.join("registry.log"));
        fs::write(&config, text).unwrap();
        let process = Command::new(program().unwrap())
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut registry = Self {
            process,
            host,
            data,
        };
        while TcpStream::connect(&registry.host).is_err() {
            let status = registry.process.try_wait().unwrap();
            let said = || fs::read_to_string(&log).unwrap();
            assert!(status.is_none(), "the registry ended: {}", said());
            thread::sleep(Duration::from_millis(10));
        }
        registry
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somewhere that artifacts are pushed to and pulled from: a registry, where there is a program of one; else an OCI
/// layout, which stands for one.
pub struct Shelf {
    registry: Option<Registry>,
    repository: String,
    /// Where all of it is kept.
    pub data: PathBuf,
}

impl Shelf {
    /// One in a folder that is there.
    pub fn start(folder: &Path) -> Self {
        if missing().is_some() {
            let data = folder.join("shelf");
            fs::create_dir(&data).unwrap();
            return Self {
                registry: None,
                repository: format!("oci:{}", data.join("layout").display()),
                data,
            };
        }
        let registry = Registry::start(folder);
        Self {
            repository: format!("{}/site/members", registry.host),
            data: registry.data.clone(),
            registry: Some(registry),
        }
    }

    /// The reference of something there.
    pub fn reference(&self, tag: &str) -> String {
        format!("{}:{tag}", self.repository)
    }

    /// Takes it out of reach.
    pub fn stop(&mut self) {
        match self.registry.take() {
            Some(registry) => drop(registry),
            None => fs::rename(&self.data, self.data.with_extension("gone")).unwrap(),
        }
    }
}
