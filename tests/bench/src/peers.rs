//! What people would use instead, on the same models, frames and number of threads.
//!
//! The peers are in `tests/bench/peers`: Python modules with the same command line, and a component for
//! `wasmtime serve`. They are installed once, from where their users get them, and run as anyone would run
//! them. A peer that cannot be installed or does not answer rightly is a row that says so.

mod wasmtime_serve;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use footlight_nn::{Card, cache_dir};
use serde_json::Value;

use crate::frames::{self, Frame};
use crate::host::Host;
use crate::load;
use crate::measure::{Spread, in_turns};
use crate::places::Places;
use crate::process::{Running, run as execute};
use crate::row::Row;

const SECTION: &str = "peers";
const ROUNDS: usize = 6;
const FRAMES: usize = 60;
const STARTS: usize = 3;
const READY: Duration = Duration::from_secs(120);

/// Somebody else's way: its module, what it is, and by how much we mean to be ahead.
struct Peer {
    module: &'static str,
    what: &'static str,
    /// Our throughput is at least this many times its.
    throughput: f64,
    /// Our memory and our time to the first verdict are at most this part of its.
    share: f64,
}

const PEERS: [Peer; 3] = [
    Peer {
        module: "three_services",
        what: "three Python services",
        throughput: 2.0,
        share: 0.25,
    },
    Peer {
        module: "one_process",
        what: "one Python process",
        throughput: 1.0,
        share: 1.0,
    },
    Peer {
        module: "ray_serve",
        what: "Ray Serve",
        throughput: 1.0,
        share: 1.0,
    },
];

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for peer in &PEERS {
        match against(places, peer) {
            Ok(measured) => rows.extend(measured),
            Err(error) => rows.push(Row::failed(
                SECTION,
                peer.what,
                format!("could not be run: {error:#}"),
            )),
        }
    }
    rows.extend(wasmtime_serve::run(places));
    Ok(rows)
}

fn against(places: &Places, peer: &Peer) -> Result<Vec<Row>> {
    let python = install(places, peer.module, peer.what)?;
    let folder = tempfile::tempdir()?;
    let frames = frames::usual(places)?;
    let one = frames.first().context("no frames")?;

    let start_ours = |_| start(|| first_of_ours(places, one));
    let start_theirs = |_| start(|| first_of_theirs(places, peer, &python, folder.path(), one));
    let starts = in_turns(STARTS, start_ours, start_theirs)?;

    let gallery = tempfile::tempdir()?;
    let ours = Host::start(places, gallery.path())?;
    ours.enrol("obama", &places.photos.join("people/obama.jpg"))?;
    let theirs = Theirs::start(places, peer, &python, folder.path())?;
    same(&ours, &theirs, &frames)?;
    rows(
        peer.what,
        (peer.throughput, peer.share),
        &frames,
        starts,
        [
            Side {
                process: &ours.process,
                frames: ours.frames(),
            },
            Side {
                process: &theirs.process,
                frames: theirs.frames(),
            },
        ],
    )
}

/// A program that runs, and where frames go.
struct Side<'a> {
    process: &'a Running,
    frames: String,
}

/// Measures ours and theirs, which have been found to do the same work. `limits` are those of a [`Peer`]:
/// for throughput, and for memory and start.
fn rows(
    what: &str,
    (throughput, share): (f64, f64),
    frames: &[Frame],
    starts: [Spread; 3],
    [ours, theirs]: [Side; 2],
) -> Result<Vec<Row>> {
    let clients = thread::available_parallelism()?.get();
    let rate = |side: &Side| -> Result<f64> {
        Ok(load::send(&side.frames, clients, frames, FRAMES)?.rate)
    };
    // The first frames of either are not counted.
    rate(&ours)?;
    rate(&theirs)?;
    let rates = in_turns(ROUNDS, |_| rate(&ours), |_| rate(&theirs))?;
    let memory = [
        memory(ours.process, || rate(&ours))?,
        memory(theirs.process, || rate(&theirs))?,
    ];
    Ok(vec![
        Row::both(
            SECTION,
            format!("{what}: frames a second, {clients} clients"),
            "frames/s",
            rates,
        )
        .at_least(throughput),
        Row::both(
            SECTION,
            format!("{what}: memory"),
            "MB",
            [
                Spread::exact(memory[0]),
                Spread::exact(memory[1]),
                Spread::exact(memory[0] / memory[1]),
            ],
        )
        .at_most(share)
        .noted("the most that was seen under load: proportional set size of all processes"),
        Row::both(
            SECTION,
            format!("{what}: start to the first verdict"),
            "s",
            starts,
        )
        .at_most(share),
    ])
}

/// The most memory that a program is seen to hold during this work, in MB. Not after it: a server that makes an
/// instance for each request, with the model in it, holds little of anything then.
fn memory(process: &Running, work: impl FnOnce() -> Result<f64> + Send) -> Result<f64> {
    thread::scope(|scope| {
        let work = scope.spawn(work);
        let mut most = 0;
        while !work.is_finished() {
            most = most.max(process.memory()?);
            thread::sleep(Duration::from_millis(20));
        }
        match work.join() {
            Ok(done) => done?,
            Err(_) => bail!("a client panicked"),
        };
        Ok(most as f64 / 1e6)
    })
}

/// How long until there is a first verdict, in seconds.
fn start(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}

fn first_of_ours(places: &Places, frame: &Frame) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = Host::start(places, folder.path())?;
    host.enrol("obama", &places.photos.join("people/obama.jpg"))?;
    load::first(&host.frames(), frame, READY)?;
    Ok(())
}

fn first_of_theirs(
    places: &Places,
    peer: &Peer,
    python: &Path,
    folder: &Path,
    frame: &Frame,
) -> Result<()> {
    let theirs = Theirs::start(places, peer, python, folder)?;
    load::first(&theirs.frames(), frame, READY)?;
    Ok(())
}

/// A peer that runs.
struct Theirs {
    process: Running,
    port: u16,
}

impl Theirs {
    fn start(places: &Places, peer: &Peer, python: &Path, folder: &Path) -> Result<Theirs> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let threads = thread::available_parallelism()?.get().to_string();
        let card = |name: &str| -> Result<PathBuf> {
            let card = Card::read(&places.workspace.join(format!("models/{name}.toml")))?;
            Ok(card.locate(&cache_dir())?)
        };
        let photo = places.photos.join("people/obama.jpg");
        let mut command = Command::new(python);
        command
            .current_dir(places.workspace.join("tests/bench/peers"))
            .args([
                "-m",
                peer.module,
                "--port",
                &port.to_string(),
                "--threads",
                &threads,
                "--detector",
            ])
            .arg(card("retinaface-mobilenet-0.25")?)
            .arg("--features")
            .arg(card("fr-feature")?)
            .arg("--enroll")
            .arg(format!("obama={}", photo.display()))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let mut theirs = Theirs {
            process: Running::start(command, &folder.join(format!("{}.log", peer.module)))?,
            port,
        };
        let began = Instant::now();
        let agent = load::agent();
        while agent
            .get(format!("http://127.0.0.1:{port}/readyz"))
            .call()
            .is_err()
        {
            if theirs.process.has_ended()? || began.elapsed() > READY {
                let log = fs::read_to_string(folder.join(format!("{}.log", peer.module)))
                    .unwrap_or_default();
                bail!(
                    "it did not become ready: {}",
                    log.lines().last().unwrap_or("it said nothing")
                );
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(theirs)
    }

    fn frames(&self) -> String {
        format!("http://127.0.0.1:{}/frame", self.port)
    }
}

/// Makes a peer's Python environment, once for each content of its list of packages.
fn install(places: &Places, module: &str, what: &str) -> Result<PathBuf> {
    let requirements = places
        .workspace
        .join("tests/bench/peers")
        .join(module)
        .join("requirements.txt");
    let list = fs::read(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let digest: String = footlight_nn::sha256_hex(&list).chars().take(12).collect();
    let folder = places.peers.join(format!("{module}-{digest}"));
    let python = folder.join("bin/python");
    let done = folder.join("installed");
    if !done.is_file() {
        eprintln!("  installing {what}");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&places.peers)?;
        execute(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        execute(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--no-deps"])
                .arg("--requirement")
                .arg(&requirements),
        )?;
        fs::write(done, "")?;
    }
    Ok(python)
}

/// Both must find the same faces and the same members, or they do not do the same work.
fn same(ours: &Host, theirs: &Theirs, frames: &[Frame]) -> Result<()> {
    let agent = load::agent();
    for frame in frames {
        let mine = load::post(&agent, &ours.frames(), frame)?;
        let other = load::post(&agent, &theirs.frames(), frame)?;
        let mine = members(mine.get("answer").unwrap_or(&mine))?;
        let other = members(&other)?;
        if mine != other {
            bail!(
                "in a frame of {}, we find {mine:?} and it finds {other:?}",
                frame.name
            );
        }
    }
    Ok(())
}

/// The faces of an answer from left to right: the member's id, or none.
fn members(answer: &Value) -> Result<Vec<Option<String>>> {
    let faces = answer
        .get("faces")
        .and_then(Value::as_array)
        .context("the answer has no faces")?;
    let mut found: Vec<(f64, Option<String>)> = faces
        .iter()
        .map(|face| {
            let bounds = face.get("box");
            let left = bounds.and_then(|bounds| bounds.get(0).or_else(|| bounds.get("x")));
            let verdict = face.get("verdict");
            let member = verdict.and_then(|verdict| verdict.get("member")?.as_bool()) == Some(true);
            let id = verdict.and_then(|verdict| verdict.get("id")?.as_str());
            (
                left.and_then(Value::as_f64).unwrap_or_default(),
                id.filter(|_| member).map(str::to_owned),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(found.into_iter().map(|(_, id)| id).collect())
}
