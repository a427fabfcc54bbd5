//! `footlight run`: serves pipelines until it is told to stop.

use std::io::IsTerminal;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use footlight_cluster::{Cluster, Me};
use footlight_server::{Options, Served, Server};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::args::{LogFormat, RunArgs};
use crate::exit::Outcome;
use crate::opener::Opener;
use crate::peers::{self, AmongHosts};
use crate::starting::Starting;
use crate::{kubernetes, locate, output};

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
    let me = args.kubernetes.then(Me::from_env).transpose()?;
    let among = AmongHosts::prepare(&args.peers, args.kubernetes)?;
    let site_key = locate::site_key(args.site_key.as_deref(), args.kubernetes)?;
    let args = Arc::new(args.clone());
    let here = among.as_ref().map(AmongHosts::here);
    let opener = Opener::prepare(&args, site_key, here)?;
    let pipelines = args.pipelines.iter().map(|place| opener.open(place));
    let pipelines = pipelines.collect::<Result<Vec<_>>>()?;
    let names: Vec<_> = pipelines
        .iter()
        .map(|served| served.pipeline.name())
        .collect();
    if me.is_none() {
        locate::check_galleries(&args.gallery, &names)?;
    }
    let mut options = Options::default();
    if let Some(workers) = args.workers {
        options.workers = usize::from(workers);
    }
    if let Some(max_body) = args.max_body {
        options.max_body =
            usize::try_from(max_body).context("--max-body does not fit this machine's memory")?;
    }
    options.whole_versions = args.kubernetes;
    options.drain = args.drain.unwrap_or_default();
    // Async workers only read and write; frames are worked on by threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the threads that serve requests")?;
    let cluster = me.map(|me| (me, opener));
    complete(
        runtime,
        serve(pipelines, options, among, cluster, listener, starting),
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
    cluster: Option<(Me, Opener)>,
    listener: TcpListener,
    starting: Starting,
) -> Result<()> {
    let interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    starting.over();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    // Dropping it ends what is done for other hosts, after all else.
    let mut tasks = JoinSet::new();
    let mut others = None;
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
            // Of two that say which hosts there are, the cluster does.
            match cluster.is_some() {
                true => others = Some(peers),
                false => drop(tasks.spawn(peers::follow(names, peers))),
            }
            server
        }
    };
    if let Some((me, opener)) = cluster {
        kubernetes::begin(&server);
        let cluster = Cluster::find(me).await?;
        tasks.spawn(kubernetes::follow(server.clone(), opener, cluster, others));
    }
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
