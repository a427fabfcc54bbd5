//! A real registry, Debian's `docker-registry`, and what is put there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use footlight_image::{Image, TAG};

use super::network::Namespace;
use crate::load;
use crate::process::{Running, run as execute};

const PORT: u16 = 5000;
const READY: Duration = Duration::from_secs(30);

/// A registry that runs until this is dropped.
pub struct Registry<'a> {
    _process: Running,
    namespace: &'a Namespace,
}

impl<'a> Registry<'a> {
    /// Starts one in a namespace, with what it holds in a folder.
    pub fn start(namespace: &'a Namespace, folder: &Path) -> Result<Registry<'a>> {
        let settings = folder.join("registry.yml");
        fs::write(
            &settings,
            format!(
                "version: 0.1\nlog: {{level: warn, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: {:?}}}}}\n\
                 http: {{addr: \"{}:{PORT}\"}}\n",
                folder.join("registry").display().to_string(),
                namespace.address,
            ),
        )?;
        namespace.within(|| {
            let mut command = Command::new("docker-registry");
            command.arg("serve").arg(&settings);
            let mut process = Running::start(command, &folder.join("registry.log"))?;
            let began = Instant::now();
            let url = format!("http://{}:{PORT}/v2/", namespace.address);
            while load::agent().get(&url).call().is_err() {
                if process.has_ended()? || began.elapsed() > READY {
                    let log = fs::read_to_string(folder.join("registry.log")).unwrap_or_default();
                    bail!(
                        "docker-registry does not start: {}",
                        log.lines().last().unwrap_or_default()
                    );
                }
                thread::sleep(Duration::from_millis(20));
            }
            Ok(Registry {
                _process: process,
                namespace,
            })
        })
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        format!("{}:{PORT}", self.namespace.address)
    }

    /// Puts an image there; its reference. The link is not used for it.
    pub fn push(&self, image: &Image, repository: &str) -> Result<String> {
        let reference = format!("{}/{repository}:{TAG}", self.host());
        self.namespace
            .within(|| {
                execute(
                    Command::new("oras")
                        .args(["cp", "--from-oci-layout", "--to-plain-http"])
                        .arg(format!("{}:{TAG}", image.layout.display()))
                        .arg(&reference),
                )
            })
            .with_context(|| format!("cannot put {repository} into the registry"))?;
        Ok(reference)
    }
}
