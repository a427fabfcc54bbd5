//! A registry of this machine: Debian's docker-registry.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// It runs as long as it is kept.
pub struct Registry {
    process: Child,
    pub host: String,
    _folder: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    env::var_os("FOOTLIGHT_TEST_REGISTRY").map_or_else(|| "docker-registry".into(), PathBuf::from)
}

impl Registry {
    /// Why there can be none.
    pub fn missing() -> Option<String> {
        let found = Command::new(program()).arg("--version").output();
        found.is_err().then(|| {
            "there is no docker-registry in the PATH, and FOOTLIGHT_TEST_REGISTRY names none"
                .to_owned()
        })
    }

    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = free.local_addr().unwrap().to_string();
        drop(free);
        let config = folder.path().join("config.yml");
        let data = folder.path().join("data");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {host}}}\n",
            data.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new(program())
            .arg("serve")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It ends with this, also where it never answers.
        let registry = Self {
            process,
            host,
            _folder: folder,
        };
        for _ in 0..500 {
            if TcpStream::connect(&registry.host).is_ok() {
                return registry;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the registry does not start");
    }
}
