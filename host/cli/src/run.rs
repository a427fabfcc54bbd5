//! `footlight run`: serves pipelines until it is told to stop.

use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use footlight_artifacts::Judge;
use footlight_nn::{Runtimes, cache_dir};
use footlight_pipeline::{
    ArtifactSource, Deployment, FileSource, Here, Locations, Place, References, Source, Supply,
};
use footlight_sandbox::Sandbox;
use footlight_sealed::Sealed;
use footlight_server::{Options, Served, Server};
use footlight_trust::SiteKey;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::args::{LogFormat, RunArgs};
use crate::exit::Outcome;
use crate::peers::{self, AmongHosts};
use crate::starting::Starting;
use crate::{artifact, locate, output};

/// How long threads that still wait when all is done have to end.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Serves pipelines until SIGTERM or Ctrl-C.
pub fn run(args: &RunArgs) -> Result<Outcome> {
    let starting = Starting::begin().context("cannot listen for SIGTERM")?;
    start_log(args.log_format)?;
    // Before anything that takes time, so that an address in use is said at once.
    let listener = TcpListener::bind(args.listen).with_context(|| {
        format!(
            "cannot listen at {}; choose another address with --listen, or port 0 for a free one",
            args.listen
        )
    })?;
    listener.set_nonblocking(true)?;
    let among = AmongHosts::prepare(&args.peers)?;
    let compiled = locate::compiled();
    let runtimes = locate::runtimes(&args.locations.libraries, compiled.clone());
    let openers = Openers {
        args,
        compiled,
        runtimes,
        supply: artifact::supply(&args.locations.artifacts)?,
        site_key: locate::site_key(args.site_key.as_deref())?,
        judge: artifact::policy(&args.locations.artifacts)?,
        here: among.as_ref().map(AmongHosts::here),
    };
    let pipelines = args.pipelines.iter().map(|place| openers.open(place));
    let pipelines = pipelines.collect::<Result<Vec<_>>>()?;
    let names: Vec<_> = pipelines
        .iter()
        .map(|served| served.pipeline.name())
        .collect();
    locate::check_galleries(&args.gallery, &names)?;
    let mut options = Options::default();
    if let Some(workers) = args.workers {
        options.workers = usize::from(workers);
    }
    if let Some(max_body) = args.max_body {
        options.max_body =
            usize::try_from(max_body).context("--max-body does not fit this machine's memory")?;
    }
    options.drain = args.drain.unwrap_or_default();
    // Async workers only read and write; frames are worked on by threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the threads that serve requests")?;
    complete(
        runtime,
        serve(pipelines, options, among, listener, starting),
    )?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

/// Runs this to its end, and then leaves behind what still waits: what is to be finished has been, or has had its time,
/// and a registry that fell silent would keep the process for minutes more.
fn complete<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LEFT_BEHIND);
    outcome
}

async fn serve(
    pipelines: Vec<Served>,
    options: Options,
    among: Option<AmongHosts>,
    listener: TcpListener,
    starting: Starting,
) -> Result<()> {
    let interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    starting.over();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    // Dropping it ends what is done for other hosts, after all else.
    let mut tasks = JoinSet::new();
    let server = match among {
        None => Server::new(pipelines, options)?,
        Some(among) => {
            let peers = among.peers();
            let server = Server::among(pipelines, options, peers.clone())?;
            let (for_others, names) = among.listener()?;
            tracing::info!(
                address = %for_others.address()?,
                zone = %peers.zone(),
                "listening for other hosts"
            );
            let serving = server.clone();
            tasks.spawn(async move { serving.serve_peers(for_others).await });
            tasks.spawn(peers::follow(names, peers));
            server
        }
    };
    // A host whose output nobody reads still serves.
    let _ = output::line(format_args!(
        "listening on http://{}",
        listener.local_addr()?
    ));
    server.serve(listener, stop(interrupt, terminate)).await?;
    Ok(())
}

/// Ends at the first signal to stop. A second one ends the program without waiting for what it holds.
async fn stop(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("Ctrl-C: finishing what is held; again to leave at once"),
        _ = terminate.recv() => tracing::info!("SIGTERM: finishing what is held"),
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::warn!("told to stop twice: leaving at once");
        std::process::exit(1);
    });
}

/// What pipelines are opened with.
struct Openers<'a> {
    args: &'a RunArgs,
    compiled: Option<Arc<Sealed>>,
    runtimes: Arc<Runtimes>,
    supply: Arc<Supply>,
    site_key: Option<Arc<SiteKey>>,
    /// Where the host is, where it is one of several.
    here: Option<Here>,
    /// The trust policy that judges what is fetched.
    judge: Option<Arc<dyn Judge>>,
}

impl Openers<'_> {
    fn open(&self, place: &Place) -> Result<Served> {
        let args = self.args;
        let file = place.file().map(PathBuf::as_path);
        let locations = Locations {
            stages: locate::stage_folders(file.unwrap_or(Path::new("")), &args.locations),
            cache: cache_dir(),
            artifacts: Some(self.supply.clone()),
            gallery: None,
            site_key: self.site_key.clone(),
            here: self.here.clone(),
        };
        // Before it is read: what changes from then on is a change.
        let source: Arc<dyn Source> = match place {
            Place::File(path) => Arc::new(FileSource::new(path, locations.clone())),
            Place::Artifact(reference) => {
                Arc::new(ArtifactSource::new(reference.clone(), self.supply.clone()))
            }
        };
        let definition = source.load()?;
        let several = args.pipelines.len() > 1;
        let file = &definition.file;
        let gallery = locate::gallery(&args.gallery, &file.name, several)?;
        if let (Place::Artifact(reference), None) = (&gallery, &file.gallery) {
            bail!(
                "{}: the pipeline has no [gallery], so it cannot verify with {reference}",
                definition.origin
            );
        }
        let locations = Locations {
            gallery: Some(gallery),
            ..locations
        };
        // An engine for each pipeline: frames of one cannot take up the instances that another has room for.
        let sandbox = match &self.compiled {
            Some(compiled) => Sandbox::new()?.keeping(compiled.clone()),
            None => Sandbox::new()?,
        };
        let deployment = Deployment::new(Arc::new(sandbox), self.runtimes.clone(), locations);
        let pipeline = deployment.open(definition, &[])?;
        let sources = References::new(
            source.clone(),
            place.artifact().cloned(),
            self.supply.clone(),
            self.judge.clone(),
        );
        Ok(Served {
            deployment,
            pipeline,
            sources: Arc::new(sources),
            source,
            watch: !args.no_watch,
        })
    }
}

/// The log goes to standard error; RUST_LOG says how much of it, `info` by default.
fn start_log(format: LogFormat) -> Result<()> {
    let directives = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = if directives.trim().is_empty() {
        EnvFilter::new("info")
    } else {
        directives
            .parse()
            .with_context(|| format!("RUST_LOG is `{directives}`; write a level such as `debug` or `footlight_server=debug`"))?
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would be written to where writing has just failed.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
    }
    .map_err(|error| anyhow!("cannot start the log: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_that_waits_for_ever_does_not_keep_the_process() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let (ended, end) = mpsc::channel();
        thread::spawn(move || {
            let done = complete(runtime, async {
                // As one does that reads from a registry.
                tokio::task::spawn_blocking(|| thread::sleep(Duration::from_secs(600)));
                "done"
            });
            ended.send(done)
        });
        assert_eq!(end.recv_timeout(Duration::from_secs(20)), Ok("done"));
    }
}
