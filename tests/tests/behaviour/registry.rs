//! Debian's docker-registry, as anyone runs it.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The variable that says where it is.
const VARIABLE: &str = "FOOTLIGHT_TEST_REGISTRY";

/// A registry on a free port of this machine, without TLS, until it is dropped.
pub struct Registry {
    process: Child,
    folder: TempDir,
    /// `localhost:PORT`.
    pub host: String,
}

/// Why there is none.
pub fn missing() -> Option<String> {
    program()
        .is_none()
        .then(|| format!("there is no docker-registry in the PATH, and {VARIABLE} names none"))
}

fn program() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let mut places = std::env::split_paths(&path).map(|folder| folder.join("docker-registry"));
        places.find(|place| place.is_file())
    })
}

impl Registry {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", free.local_addr().unwrap().port());
        drop(free);
        let (config, log) = (folder.path().join("config.yml"), folder.path().join("log"));
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {host}}}\n",
            folder.path().join("data").display()
        );
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
            folder,
            host,
        };
        while TcpStream::connect(&registry.host).is_err() {
            let status = registry.process.try_wait().unwrap();
            let log = || fs::read_to_string(registry.folder.path().join("log")).unwrap();
            assert!(status.is_none(), "the registry ended: {}", log());
            std::thread::sleep(Duration::from_millis(10));
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
