//! How long until a stage runs somewhere else: a registry, and a node behind a link of the paper's rate.
//!
//! The paper had container images of up to 3.5 GB, and 200 s until one was deployed, which is a link of 140 Mbit/s. Both
//! sides have the same link, registry, models and application here. A node is told to run it, and time and bytes are counted
//! until it has answered the first frame rightly.

mod commands;
mod containers;
mod contents;
mod network;
mod node;
mod registry;
mod swap;
mod verdict;

use std::time::Instant;

use anyhow::{Context, Result};
use footlight_image::Image;
use tempfile::TempDir;

use self::containers::Containerd;
use self::contents::Service;
use self::network::Network;
use self::node::Published;
use self::registry::Registry;
use crate::frames::{self, Frame};
use crate::measure::{Spread, in_turns};
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "deploy";
/// The link's rate in Mbit/s.
const RATE: u32 = 140;
/// Containers are slow: the quartiles of so few rounds are their ends.
const ROUNDS: usize = 3;
/// What the rows that are drawn measure.
pub const DRAWN: &str = ": to the first right verdict";

const SERVICES: [Service; 2] = [
    Service {
        module: "one_process_tensorflow",
        what: "TensorFlow",
        converts: true,
    },
    Service {
        module: "one_process",
        what: "OpenVINO",
        converts: false,
    },
];

/// What every round uses.
struct Site<'a> {
    places: &'a Places,
    network: &'a Network,
    registry: Registry<'a>,
    /// Large, and gone afterwards.
    folder: TempDir,
    frame: Frame,
}

/// What a node took.
#[derive(Clone, Copy)]
struct Taken {
    seconds: f64,
    megabytes: f64,
}

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let Some(bases) = &places.bases else {
        let why = "its tools could not be fetched: see what xtask says above";
        return Ok(vec![Row::failed(SECTION, "deployment", why)]);
    };
    if let Some(why) = crate::network::lacks() {
        return Ok(vec![Row::failed(SECTION, "deployment", why)]);
    }
    let network = Network::open(RATE)?;
    let program = std::env::current_exe()?;
    let folder = tempfile::Builder::new()
        .prefix("deploy-")
        .tempdir_in(program.parent().context("this program is in no folder")?)?;
    let site = Site {
        places,
        network: &network,
        registry: Registry::start(&network.registry, folder.path())?,
        frame: frames::with_faces(places, 1, 0)?,
        folder,
    };

    let goodput = (0..ROUNDS)
        .map(|_| network.goodput())
        .collect::<Result<_>>()?;
    let mut rows = vec![
        Row::alone(
            SECTION,
            "the link: a plain transfer",
            "Mbit/s",
            Spread::of(goodput),
        )
        .noted(format!(
            "held to {RATE} Mbit/s in each direction, without delay"
        )),
    ];
    let published = node::publish(&site);
    match &published {
        Ok(published) => {
            rows.extend(or_failed(
                "Footlight, an empty node",
                node::rows(&site, published),
            ));
            let brand_new = node::brand_new_rows(&site, published, bases);
            rows.extend(or_failed("Footlight, a brand-new node", brand_new));
            rows.extend(or_failed(swap::WHAT, swap::rows(&site, published)));
        }
        Err(error) => rows.push(Row::failed(
            SECTION,
            "Footlight",
            format!("the pipeline could not be published: {error:#}"),
        )),
    }
    for service in &SERVICES {
        let what = format!("container with {}", service.what);
        let measured = against(&site, service, &what, published.as_ref().ok());
        rows.extend(or_failed(&what, measured));
    }
    Ok(rows)
}

fn or_failed(what: &str, measured: Result<Vec<Row>>) -> Vec<Row> {
    measured.unwrap_or_else(|error| {
        let why = format!("could not be measured: {error:#}");
        vec![Row::failed(SECTION, what, why)]
    })
}

/// A container image of the paper's make-up, and Footlight in turns with it.
fn against(
    site: &Site,
    service: &Service,
    what: &str,
    published: Option<&Published>,
) -> Result<Vec<Row>> {
    let bases = site.places.bases.as_deref().context("no bases")?;
    let image = service.image(site.places, bases)?;
    let reference = site.registry.push(&image, service.module)?;
    let (mut pulls, mut starts, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut theirs = |_| {
        let round = container(site, &reference)?;
        pulls.push(round.pull);
        starts.push(round.start);
        bytes.push(round.megabytes);
        Ok(round.pull + round.start)
    };
    let name = format!("{what}{DRAWN}");
    let note = format!("rounds: {ROUNDS}; {}", size(&image));
    let mut rows = match published {
        Some(published) => {
            let times = in_turns(
                ROUNDS,
                |_| Ok(node::empty(site, published)?.seconds),
                theirs,
            )?;
            vec![
                Row::both(SECTION, name, "s", times)
                    .at_most(0.01)
                    .noted(note),
            ]
        }
        None => {
            let times = (0..ROUNDS).map(&mut theirs).collect::<Result<_>>()?;
            vec![Row::theirs(SECTION, name, "s", Spread::of(times)).noted(note)]
        }
    };
    rows.extend([
        Row::theirs(
            SECTION,
            format!("{what}: of that, pulled and unpacked"),
            "s",
            Spread::of(pulls),
        ),
        Row::theirs(
            SECTION,
            format!("{what}: of that, started"),
            "s",
            Spread::of(starts),
        ),
        Row::theirs(
            SECTION,
            format!("{what}: over the link"),
            "MB",
            Spread::of(bytes),
        ),
    ]);
    Ok(rows)
}

fn size(image: &Image) -> String {
    format!(
        "an image of {:.0} MB, unpacked {:.0} MB",
        image.sizes.compressed as f64 / 1e6,
        image.sizes.unpacked as f64 / 1e6
    )
}

/// What a container took, in seconds.
struct Round {
    pull: f64,
    start: f64,
    megabytes: f64,
}

fn container(site: &Site, reference: &str) -> Result<Round> {
    let node = &site.network.node;
    let containerd = Containerd::start(node, site.folder.path())?;
    let before = node.received()?;
    let began = Instant::now();
    containerd.pull(reference)?;
    let pull = began.elapsed().as_secs_f64();
    let megabytes = (node.received()? - before) as f64 / 1e6;
    let began = Instant::now();
    let _container = containerd.run(reference, &[])?;
    let url = format!("http://127.0.0.1:{}/frame", contents::PORT);
    verdict::first_right(node, &url, &site.frame)
        .with_context(|| format!("the container said: {}", containerd.output()))?;
    Ok(Round {
        pull,
        start: began.elapsed().as_secs_f64(),
        megabytes,
    })
}
