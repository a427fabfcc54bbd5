//! The cluster that is tested on.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use footlight_authoring::process::{last_lines, output, runs};
use footlight_authoring::{Cache, Progress};

use crate::tools;
use crate::workspace::Workspace;

/// Where the script keeps a cluster that is up, where nothing else is said.
const FOLDER: &str = "/tmp/footlight-cluster";
/// What is there while a cluster of this kind is up, in whatever folder.
const SWITCH: &str = "/run/netns/ftl-sw";
/// What every node's link is held to: the paper's, over which its containers took 200 s.
const RATE: &str = "140mbit";
/// Its nodes.
const NODES: [&str; 3] = ["edge", "gpu", "cloud"];
/// A node that joins while tests run. It is off until then, and nothing was ever on it.
const JOINS: &str = "gpu2";
/// What the script runs, and what each comes from.
const PROGRAMS: [(&str, &str); 5] = [
    ("apt-get", "Debian's packages"),
    ("ip", "`apt-get install iproute2`"),
    ("tc", "`apt-get install iproute2`"),
    ("nsenter", "`apt-get install util-linux`"),
    ("curl", "`apt-get install curl`"),
];

/// What keeps the nodes' own image.
const KEEPER: &str = include_str!("keeper.yaml");

/// A registry that a cluster's nodes pull from.
pub struct Given {
    /// As nodes and hosts name it.
    pub registry: String,
    /// As this machine reaches it.
    pub registry_here: String,
    /// Whether it is without TLS.
    pub plain_http: bool,
}

/// A cluster; what was brought up for it goes when it is dropped.
pub struct Cluster {
    kubeconfig: PathBuf,
    registry: Given,
    /// The script, where it is the script's.
    script: Option<Script>,
}

/// `../shared/cluster/cluster`.
struct Script {
    program: PathBuf,
    /// With a client of Kubernetes in it.
    path: OsString,
    /// Whether it is for us to take down.
    ours: bool,
}

impl Cluster {
    /// The user's own, of $KUBECONFIG. Only who names a registry means it: a variable alone may well be left from work on
    /// another cluster.
    pub fn given(registry: Given) -> Result<Cluster> {
        let kubeconfig = env::var_os("KUBECONFIG").filter(|value| !value.is_empty());
        let kubeconfig = kubeconfig.context(
            "--registry is for a cluster of yours: say which by KUBECONFIG, for example \
             `kind get kubeconfig > kind.yaml; export KUBECONFIG=$PWD/kind.yaml`",
        )?;
        Ok(Cluster {
            // Tests are run in another folder than this.
            kubeconfig: std::path::absolute(kubeconfig)?,
            registry,
            script: None,
        })
    }

    /// The one that can be made on this machine.
    ///
    /// # Errors
    /// Where it cannot, with all that is missing.
    pub fn of_this_machine(
        workspace: &Workspace,
        cache: &Cache,
        progress: &Progress,
    ) -> Result<Cluster> {
        let old_kubectl = tools::old_kubectl(cache, progress).ok();
        let mut missing = Vec::new();
        let program = workspace
            .root
            .parent()
            .map(|folder| folder.join("shared/cluster/cluster"))
            .filter(|script| script.is_file());
        if program.is_none() {
            missing.push("../shared/cluster, beside the source tree".to_owned());
        }
        if !rustix::process::geteuid().is_root() {
            missing.push("root, who alone makes network namespaces".to_owned());
        }
        for (name, from) in PROGRAMS {
            if !runs(name, &["-V"]) && !runs(name, &["--version"]) {
                missing.push(format!("{name}: {from}"));
            }
        }
        let path = path_with(old_kubectl.as_deref())?;
        if old_kubectl.is_none() && !runs("kubectl", &["version", "--client"]) {
            missing.push("kubectl: `apt-get install kubernetes-client`".to_owned());
        }
        let (Some(program), true) = (program, missing.is_empty()) else {
            bail!(
                "this machine lacks what a cluster on it needs: {}; or use one of yours: see docs/run-on-a-cluster.md",
                missing.join("; ")
            );
        };
        let folder = env::var_os("CLUSTER_DIR").map_or_else(|| FOLDER.into(), PathBuf::from);
        let port = env::var("CLUSTER_REGISTRY_PORT").unwrap_or_else(|_| "15000".to_owned());
        Ok(Cluster {
            kubeconfig: folder.join("admin.kubeconfig"),
            registry: Given {
                registry: "10.77.0.1:5000".to_owned(),
                registry_here: format!("127.0.0.1:{port}"),
                plain_http: true,
            },
            script: Some(Script {
                program,
                path,
                ours: !folder.join("pid").is_dir(),
            }),
        })
    }

    /// Brings it up, where it is not. Its links are held to a rate, so that images are pulled as over a real one.
    pub fn up(self, cache: &Cache, progress: &Progress) -> Result<Cluster> {
        let Some(script) = &self.script else {
            let file = self.kubeconfig.display();
            progress.line("using", &format!("the cluster of {file}"));
            return Ok(self);
        };
        if !script.ours {
            let file = self.kubeconfig.display();
            let words = format!("the cluster that is up already, and stays up ({file})");
            progress.line("using", &words);
            return Ok(self);
        }
        // Taken down by us when this fails, it would be somebody else's that is taken down.
        if Path::new(SWITCH).exists() {
            let mut cluster = self;
            cluster.script = None;
            bail!(
                "there is another cluster of this kind on this machine, and there is room for one: take it down \
                 (`cluster down`, with its $CLUSTER_DIR), or name its kubeconfig in $KUBECONFIG"
            );
        }
        let step = progress.begin("starting", "a cluster of three nodes", None);
        // When this fails, `self` is dropped, which takes down what is up by then.
        let log = cache.path("cluster.log");
        script.run(&[&["up"], &NODES[..], &[JOINS]].concat(), &log)?;
        script.run(&["stop", JOINS], &log)?;
        script.kubectl(&["delete", "node", JOINS], &self.kubeconfig)?;
        step.done("started");
        for node in self.nodes()? {
            script.run(&["shape", &node, RATE], &log)?;
        }
        progress.line("shaped", &format!("every node's link, to {RATE}"));
        script.apply(KEEPER, &self.kubeconfig)?;
        Ok(self)
    }

    /// The registry that its nodes pull from.
    pub fn registry(&self) -> &Given {
        &self.registry
    }

    /// What a client of Kubernetes reads.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig.display().to_string()
    }

    /// Tells tests how to do to its nodes what happens to machines, where they are on this one.
    pub fn machines(&self) -> Vec<(&'static str, String)> {
        let Some(script) = &self.script else {
            return Vec::new();
        };
        let folder = self.kubeconfig.parent().unwrap_or(Path::new(FOLDER));
        vec![
            (
                "FOOTLIGHT_CLUSTER_SCRIPT",
                script.program.display().to_string(),
            ),
            ("FOOTLIGHT_CLUSTER_FOLDER", folder.display().to_string()),
        ]
    }

    /// Leaves it up.
    pub fn keep(mut self) {
        println!("the cluster is up: export KUBECONFIG={}", self.kubeconfig());
        if let Some(script) = self.script.take() {
            println!("to take it down: {} down", script.program.display());
        }
    }

    fn nodes(&self) -> Result<Vec<String>> {
        let file = self.kubeconfig.with_file_name("nodes");
        let names = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(script) = self.script.as_ref().filter(|script| script.ours) else {
            return;
        };
        let down = output(script.command().arg("down"));
        match down {
            Ok(_) => eprintln!("{:>10}  the cluster", "stopped"),
            Err(error) => eprintln!("error: the cluster is not down: {error}"),
        }
    }
}

impl Script {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("PATH", &self.path).stdin(Stdio::null());
        command
    }

    /// Puts objects on the cluster.
    fn apply(&self, manifest: &str, kubeconfig: &Path) -> Result<()> {
        let file = kubeconfig.with_file_name("applied.yaml");
        fs::write(&file, manifest).with_context(|| file.display().to_string())?;
        self.kubectl(&["apply", "-f", &file.display().to_string()], kubeconfig)
    }

    fn kubectl(&self, words: &[&str], kubeconfig: &Path) -> Result<()> {
        let mut kubectl = Command::new("kubectl");
        kubectl.env("PATH", &self.path);
        kubectl.env("KUBECONFIG", kubeconfig);
        output(kubectl.args(words))?;
        Ok(())
    }

    /// What it starts goes on running, so that it gets a file to write to and no pipe, whose end would not come.
    fn run(&self, words: &[&str], log: &Path) -> Result<()> {
        let file = File::create(log).with_context(|| log.display().to_string())?;
        let mut command = self.command();
        command.args(words).stdout(file.try_clone()?).stderr(file);
        let status = command
            .status()
            .context("cannot run the cluster's script")?;
        if !status.success() {
            let said = fs::read(log).unwrap_or_default();
            let said = last_lines(&String::from_utf8_lossy(&said));
            bail!("`cluster {}` failed ({status}):\n{said}", words.join(" "));
        }
        Ok(())
    }
}

/// The user's, and behind it our client of Kubernetes, for machines without one.
fn path_with(program: Option<&Path>) -> Result<OsString> {
    let users = env::var_os("PATH").unwrap_or_default();
    let behind = program.and_then(Path::parent).map(Path::to_path_buf);
    Ok(env::join_paths(env::split_paths(&users).chain(behind))?)
}
