//! `footlight run`: serves pipelines until it is told to stop.

use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use footlight_nn::{Runtimes, cache_dir};
use footlight_pipeline::{Definition, Deployment, FileSource, Locations, OperatorsOnly};
use footlight_sandbox::Sandbox;
use footlight_server::{Options, Served, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::args::{LogFormat, RunArgs};
use crate::exit::Outcome;
use crate::{locate, output};

/// Serves pipelines until SIGTERM or Ctrl-C.
pub fn run(args: &RunArgs) -> Result<Outcome> {
    start_log(args.log_format)?;
    // Before anything that takes time, so that an address in use is said at once.
    let listener = TcpListener::bind(args.listen).with_context(|| {
        format!(
            "cannot listen at {}; choose another address with --listen, or port 0 for a free one",
            args.listen
        )
    })?;
    listener.set_nonblocking(true)?;
    let runtimes = locate::runtimes(&args.locations.libraries);
    let pipelines = args
        .pipelines
        .iter()
        .map(|file| open(file, args, &runtimes))
        .collect::<Result<Vec<_>>>()?;
    let mut options = Options::default();
    if let Some(workers) = args.workers {
        options.workers = usize::from(workers);
    }
    if let Some(max_body) = args.max_body {
        options.max_body =
            usize::try_from(max_body).context("--max-body does not fit this machine's memory")?;
    }
    let server = Server::new(pipelines, options)?;
    // Async workers only read and write; frames are worked on by threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the threads that serve requests")?;
    runtime.block_on(serve(server, listener))?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

async fn serve(server: Server, listener: TcpListener) -> Result<()> {
    let interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
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

fn open(file: &Path, args: &RunArgs, runtimes: &Arc<Runtimes>) -> Result<Served> {
    let stages = locate::stage_folders(file, &args.locations);
    let locations = Locations {
        stages,
        cache: cache_dir(),
        gallery: None,
    };
    // Before it is read: what changes from then on is a change.
    let source = Arc::new(FileSource::new(file, locations.clone()));
    let definition = Definition::read(file)?;
    let several = args.pipelines.len() > 1;
    let gallery = locate::gallery_folder(args.gallery.as_deref(), &definition.file.name, several)?;
    let locations = Locations {
        gallery: Some(gallery),
        ..locations
    };
    // An engine for each pipeline: frames of one cannot take up the instances that another has room for.
    let sandbox = Arc::new(Sandbox::new()?);
    let deployment = Deployment::new(sandbox, runtimes.clone(), locations);
    let pipeline = deployment.open(definition, &[])?;
    Ok(Served {
        deployment,
        pipeline,
        sources: Arc::new(OperatorsOnly::new(source.clone())),
        source,
        watch: !args.no_watch,
    })
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
