//! Testing on a cluster: the host's image and the pipeline go into a registry, and the tests of `tests/tests/cluster` make
//! the cluster run them.
//!
//! The cluster is the one of `../shared/cluster`, which is brought up for it, or one that the user has and names.

mod cluster;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use footlight_authoring::process::output;
use footlight_authoring::{Cache, Progress};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

pub use self::cluster::Cluster;
use self::cluster::Given;
use crate::image;
use crate::test;
use crate::tools;
use crate::workspace::Workspace;

/// How cargo is told of the tests.
pub const TESTS: [&str; 4] = ["--package", "footlight-tests", "--test", "cluster"];

/// What is asked of the tests on a cluster.
#[derive(Args)]
pub struct Options {
    /// Use the cluster of $KUBECONFIG, whose nodes pull from this registry and where this machine may push to it
    #[arg(long, value_name = "REGISTRY")]
    registry: Option<String>,
    /// The same registry, as this machine reaches it [default: the same name]
    #[arg(long, value_name = "REGISTRY", requires = "registry")]
    registry_here: Option<String>,
    /// The registry is spoken to without TLS, from here and by hosts
    #[arg(long, requires = "registry")]
    plain_http: bool,
    /// Leave the cluster up afterwards, with all that is in it
    #[arg(long)]
    keep: bool,
    /// Passed on to the tests, for example `killed`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Builds what is tested, brings a cluster up, tests and takes it down.
pub fn run(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    options: &Options,
) -> Result<ExitCode> {
    test::build(workspace, cache, progress)?;
    let given = options.registry.as_ref().map(|registry| Given {
        registry: registry.clone(),
        registry_here: options.registry_here.as_ref().unwrap_or(registry).clone(),
        plain_http: options.plain_http,
    });
    let cluster = match given {
        Some(given) => Cluster::given(given)?,
        None => Cluster::of_this_machine(workspace, cache, progress)?,
    };
    let site = Site::open(workspace, cache, progress, cluster)?;
    let mut command = test::cargo_test(workspace, cache, &TESTS, &[]);
    command.arg("--").args(&options.arguments);
    command.envs(tools::for_tests(cache, progress));
    site.tell(&mut command);
    if options.keep {
        command.env("FOOTLIGHT_CLUSTER_KEEP", "1");
    }
    let passed = command.status().context("cannot run cargo")?.success();
    if options.keep {
        site.cluster.keep();
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A cluster, and what is in its registry for the tests.
pub struct Site {
    cluster: Cluster,
    variables: Vec<(&'static str, String)>,
}

impl Site {
    /// Brings the cluster up and fills its registry. The cluster goes when the site is dropped.
    ///
    /// # Errors
    /// Where the cluster does not come up, or something cannot be pushed.
    pub fn open(
        workspace: &Workspace,
        cache: &Cache,
        progress: &Progress,
        cluster: Cluster,
    ) -> Result<Site> {
        // From here on there is something that must end with us: what runs when a signal comes fails, and this goes on.
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
        let cluster = cluster.up(cache, progress)?;
        let registry = cluster.registry();
        let image = pushed_image(workspace, cache, progress, registry)?;
        let object = |name| {
            let file = pushed_pipeline(workspace, cache, progress, registry, name)?;
            Ok::<_, anyhow::Error>(file.display().to_string())
        };
        let mut variables = vec![
            ("FOOTLIGHT_CLUSTER_IMAGE", image),
            ("FOOTLIGHT_CLUSTER_PIPELINE", object("members")?),
            (
                "FOOTLIGHT_CLUSTER_PIPELINE_ACROSS_ZONES",
                object("members-across-zones")?,
            ),
            ("FOOTLIGHT_CLUSTER_REGISTRY", registry.registry.clone()),
            (
                "FOOTLIGHT_CLUSTER_REGISTRY_HERE",
                registry.registry_here.clone(),
            ),
        ];
        if registry.plain_http {
            variables.push(("FOOTLIGHT_CLUSTER_PLAIN_HTTP", registry.registry.clone()));
        }
        variables.push(("FOOTLIGHT_CLUSTER_KUBECONFIG", cluster.kubeconfig()));
        variables.extend(cluster.machines());
        Ok(Site { cluster, variables })
    }

    /// Tells the tests of it.
    pub fn tell(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

/// The image by its digest, as nodes name it.
fn pushed_image(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    registry: &Given,
) -> Result<String> {
    let folder = tempfile::tempdir_in(&workspace.target)?;
    let image = image::make(workspace, cache, progress, &folder.path().join("image"))?;
    let began = Instant::now();
    let there = format!("{}/footlight/host:e2e", registry.registry_here);
    image::push(cache, progress, &image.layout, &there, registry.plain_http)?;
    let inside = format!("{}/footlight/host@{}", registry.registry, image.digest);
    done(progress, "pushed", &inside, began);
    Ok(inside)
}

/// A file with the object of a pipeline that is in the registry, as nodes name it.
fn pushed_pipeline(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    registry: &Given,
    name: &str,
) -> Result<PathBuf> {
    let began = Instant::now();
    let repository = format!("footlight/{name}");
    let here = &registry.registry_here;
    let footlight = |words: &[&str]| {
        let mut command = Command::new(workspace.host());
        command.env("FOOTLIGHT_CACHE", cache.root()).args(words);
        if registry.plain_http {
            command.args(["--plain-http", here]);
        }
        command
    };
    let mut push = footlight(&["pipeline", "push", "--json"]);
    push.arg("--stages")
        .arg(workspace.stages())
        .arg(workspace.root.join(format!("guests/{name}.toml")))
        .arg(format!("{here}/{repository}:e2e"));
    let said: Value = serde_json::from_str(&output(&mut push)?)
        .context("`footlight pipeline push --json` prints no JSON")?;
    let digest = said.get("digest").and_then(Value::as_str);
    let digest = digest.context("`footlight pipeline push --json` says no digest")?;

    let reference = format!("{repository}@{digest}");
    let mut print = footlight(&["k8s", "pipeline", "--namespace", "footlight"]);
    let object = output(print.arg(format!("{here}/{reference}")))?;
    // It names its parts by the registry that it was read from, which nodes know by another name.
    let inside = &registry.registry;
    let object = object.replace(&format!("{here}/"), &format!("{inside}/"));
    let folder = workspace.target.join("e2e");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(format!("{name}.yaml"));
    fs::write(&file, object).with_context(|| file.display().to_string())?;
    done(progress, "pushed", &format!("{inside}/{reference}"), began);
    Ok(file)
}

fn done(progress: &Progress, kind: &str, what: &str, began: Instant) {
    let seconds = began.elapsed().as_secs_f32();
    progress.line(kind, &format!("{what} in {seconds:.1} s"));
}
