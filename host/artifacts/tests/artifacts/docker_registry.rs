//! Debian's docker-registry, and where other tools are.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use footlight_artifacts::Reference;
use tempfile::{TempDir, tempdir};

use crate::common::reference;

/// Where a program is: as its variable has it, else in the PATH.
pub fn find(program: &str, variable: &str) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("there is no {program} in the PATH, and {variable} names none"))
}

pub fn program() -> Result<PathBuf, String> {
    find("docker-registry", "FOOTLIGHT_TEST_REGISTRY")
}

/// The registry and another tool.
pub fn with(tool: &str) -> Result<(PathBuf, PathBuf), String> {
    let variable = format!("FOOTLIGHT_TEST_{}", tool.to_uppercase());
    Ok((program()?, find(tool, &variable)?))
}

/// The registry and a skopeo that keeps an index as it is.
pub fn with_skopeo() -> Result<(PathBuf, PathBuf), String> {
    let (registry, skopeo) = with("skopeo")?;
    let output = Command::new(&skopeo).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.map_err(|error| format!("skopeo cannot be started: {error}"))?;
    let mut numbers = version
        .trim()
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .split('.');
    let mut number = || {
        numbers
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    // 1.9 writes an index anew, and leaves out the types of artifacts.
    if (number(), number()) < (1, 18) {
        return Err(format!("{} is older than 1.18", version.trim()));
    }
    Ok((registry, skopeo))
}

/// A registry that runs as long as it is kept.
pub struct Registry {
    process: Child,
    pub host: String,
    folder: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `sesame`, as htpasswd keeps it.
const HTPASSWD: &str = "ada:$2y$05$abcdefghijklmnopqrstuuKcS.CYWVYVaLiiCKrrc0A5s3mGesJ9O\n";

impl Registry {
    pub fn plain(program: &Path) -> Self {
        Self::start(program, "127.0.0.1", "")
    }

    /// With TLS, and a password. On an address of this machine that is not taken for one without TLS.
    pub fn guarded(program: &Path) -> Self {
        Self::start(program, "127.0.0.2", "guarded")
    }

    fn start(program: &Path, address: &str, guarded: &str) -> Self {
        let folder = tempdir().unwrap();
        let port = TcpListener::bind((address, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let host = format!("{address}:{port}");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n",
            at("data")
        );
        if guarded.is_empty() {
            config += &format!("http: {{addr: {host}}}\n");
        } else {
            let key = rcgen::generate_simple_self_signed([address.to_owned()]).unwrap();
            fs::write(at("certificate.pem"), key.cert.pem()).unwrap();
            fs::write(at("key.pem"), key.signing_key.serialize_pem()).unwrap();
            fs::write(at("htpasswd"), HTPASSWD).unwrap();
            config += &format!(
                "http: {{addr: {host}, tls: {{certificate: {}, key: {}}}}}\n",
                at("certificate.pem"),
                at("key.pem")
            );
            config += &format!(
                "auth: {{htpasswd: {{realm: test, path: {}}}}}\n",
                at("htpasswd")
            );
        }
        fs::write(at("config.yml"), config).unwrap();
        let mut process = Command::new(program)
            .args(["serve", &at("config.yml")])
            .stdout(Stdio::null())
            .stderr(fs::File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        while TcpStream::connect(&host).is_err() {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("{status}: {}", fs::read_to_string(at("log")).unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Self {
            process,
            host,
            folder,
        }
    }

    pub fn reference(&self, rest: &str) -> Reference {
        reference(format!("{}/{rest}", self.host))
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }
}

/// Runs another tool.
#[track_caller]
pub fn run(tool: &Path, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(tool)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}
