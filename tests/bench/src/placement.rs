//! What it saves to have the stages apart: bytes on each link and the delay from frame to verdict, against all of it in the
//! cloud. The paper left these numbers for later.

mod network;
mod quiet;
mod scene;
mod sides;
mod stream;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use self::network::{Bytes, Network};
use self::scene::{QUALITY, Scene, faces};
use self::sides::Side;
use self::stream::{Stream, stream};
use crate::measure::{Spread, in_turns};
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "placement";
/// The uplink's rates in Mbit/s: the paper's, and what a site may have. With each, how many frames are timed: they take
/// longer over a slow one.
const RATES: [(u32, usize); 3] = [(140, 30), (20, 20), (5, 10)];
/// Faces in a frame.
const FACES: [usize; 4] = [1, 2, 5, 10];
/// How often a camera has a frame.
const EVERY: Duration = Duration::from_millis(200);
/// Frames of a camera during which bytes are counted, and how often.
const COUNTED: usize = 10;
const COUNTS: usize = 3;
/// How long nothing is sent while what hosts say to each other is counted.
const IDLE: Duration = Duration::from_secs(8);
/// A live stream: faces in its frames, how many frames, and how many may be under way.
const LIVE_FACES: usize = 2;
const LIVE_FRAMES: usize = 40;
const UNDER_WAY: [usize; 2] = [1, 2];
/// An answer that comes later than this is too late.
const IN_TIME: Duration = Duration::from_secs(1);

/// How the names of the rows end that are drawn.
pub const UP: &str = ": up the uplink, a frame";
pub const DELAY: &str = ": frame to verdict";

/// What is measured with.
struct Site {
    network: Network,
    apart: Side,
    together: Side,
    scenes: Vec<(usize, Scene)>,
}

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let what = "stages apart, against all in the cloud";
    let data = places.data.as_deref();
    let lacking = crate::network::lacks().or_else(|| scene::lacks(data));
    let (None, Some(data)) = (&lacking, data) else {
        let why = lacking.unwrap_or_default();
        return Ok(vec![Row::failed(SECTION, what, why)]);
    };
    let others = quiet::busy()?;
    let folder = tempfile::tempdir()?;
    let site = Site::open(places, data, folder.path())?;
    // From the camera's place, as a client's connections belong to where it opens them.
    let mut rows = site.network.camera.namespace.within(|| site.rows())?;
    if let (Some(row), Some(others)) = (rows.first_mut(), others) {
        row.note = row.note.take().map(|note| format!("{note}; {others}"));
    }
    Ok(rows)
}

impl Site {
    fn open(places: &Places, data: &Path, folder: &Path) -> Result<Site> {
        let network = Network::open()?;
        let (apart, together) = sides::start(places, data, &network, folder)?;
        let scenes = FACES
            .into_iter()
            .map(|count| Ok((count, Scene::with(data, count)?)))
            .collect::<Result<_>>()?;
        Ok(Site {
            network,
            apart,
            together,
            scenes,
        })
    }

    fn rows(&self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let control = self.network.congestion_control()?;
        for (rate, _) in RATES {
            self.network.hold(rate)?;
            let second = rate as usize * 1_000_000 / 8;
            let goodput = (0..3)
                .map(|_| self.network.goodput(second / 2))
                .collect::<Result<_>>()?;
            let name = format!("an uplink of {rate} Mbit/s: a plain transfer");
            let note = format!(
                "held to its rate in each direction, without delay; TCP with {control}, as this machine has it"
            );
            rows.push(Row::alone(SECTION, name, "Mbit/s", Spread::of(goodput)).noted(note));
        }
        rows.extend(or_failed("bytes between idle hosts", self.idle()));
        for (count, scene) in &self.scenes {
            let counted = self.bytes(*count, scene);
            rows.extend(or_failed(&format!("{}: bytes", faces(*count)), counted));
        }
        for (rate, frames) in RATES {
            self.network.hold(rate)?;
            for (count, scene) in &self.scenes {
                let name = format!("{rate} Mbit/s, {}{DELAY}", faces(*count));
                rows.extend(or_failed(&name, self.delay(&name, scene, frames)));
            }
        }
        for (rate, _) in RATES {
            self.network.hold(rate)?;
            let name = format!("live, {rate} Mbit/s");
            rows.extend(or_failed(&name, self.live(&name)));
        }
        Ok(rows)
    }

    /// What hosts say to each other when there is nothing to do.
    fn idle(&self) -> Result<Vec<Row>> {
        self.fastest()?;
        let before = self.network.carried()?;
        thread::sleep(IDLE);
        let bytes = self.network.carried()?.since(&before, IDLE.as_secs_f64());
        let [up, down] = bytes.apart;
        let figures = [
            ("up the uplink", up),
            ("down the uplink", down),
            ("edge to GPU", bytes.edge_to_gpu),
            ("GPU to edge", bytes.gpu_to_edge),
        ];
        let row = |(link, bytes): (&str, f64)| {
            let name = format!("hosts with nothing to do: {link}");
            Row::alone(SECTION, name, "bytes/s", Spread::exact(bytes.round())).noted(
                "three hosts, each connected to both others; all in the cloud has none of it",
            )
        };
        Ok(figures.into_iter().map(row).collect())
    }

    /// The bytes of a frame on each link, of a camera that sends at its pace.
    fn bytes(&self, count: usize, scene: &Scene) -> Result<Vec<Row>> {
        self.fastest()?;
        let (mut apart, mut together) = (Vec::new(), Vec::new());
        let up = in_turns(
            COUNTS,
            |_| {
                let bytes = self.count(&self.apart, scene)?;
                apart.push(bytes);
                let [up, _] = bytes.apart;
                Ok(up / 1e3)
            },
            |_| {
                let bytes = self.count(&self.together, scene)?;
                together.push(bytes);
                let [up, _] = bytes.together;
                Ok(up / 1e3)
            },
        )?;
        let name = faces(count);
        let [_, _, ratio] = &up;
        let size = format!(
            "a JPEG of {:.0} kB at quality {QUALITY}; {:.0} times fewer bytes",
            scene.frame.bytes.len() as f64 / 1e3,
            1.0 / ratio.median
        );
        let alone = |link: &str, of: fn(&Bytes) -> f64| {
            let spread = Spread::of(apart.iter().map(|bytes| of(bytes) / 1e3).collect());
            Row::alone(SECTION, format!("{name}: {link}, a frame"), "kB", spread)
        };
        let rounds = apart.iter().zip(&together);
        let down: Vec<[f64; 2]> = rounds
            .map(|(apart, together)| {
                let ([_, mine], [_, other]) = (apart.apart, together.together);
                [mine / 1e3, other / 1e3]
            })
            .collect();
        let of = |figure: fn(&[f64; 2]) -> f64| Spread::of(down.iter().map(figure).collect());
        let down = [
            of(|[mine, _]| *mine),
            of(|[_, other]| *other),
            of(|[mine, other]| mine / other),
        ];
        Ok(vec![
            Row::both(SECTION, format!("{name}{UP}"), "kB", up)
                .at_most(0.02)
                .noted(size),
            Row::both(
                SECTION,
                format!("{name}: down the uplink, a frame"),
                "kB",
                down,
            ),
            alone("camera to edge", |bytes| bytes.camera_to_edge),
            alone("edge to GPU", |bytes| bytes.edge_to_gpu),
            alone("GPU to edge", |bytes| bytes.gpu_to_edge),
        ])
    }

    /// What each of some frames takes on each link.
    fn count(&self, side: &Side, scene: &Scene) -> Result<Bytes> {
        let before = self.network.carried()?;
        let mut next = Instant::now();
        for _ in 0..COUNTED {
            side.frame(scene)?;
            next += EVERY;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        Ok(self.network.carried()?.since(&before, COUNTED as f64))
    }

    /// One frame at a time.
    fn delay(&self, name: &str, scene: &Scene, frames: usize) -> Result<Vec<Row>> {
        // The first over a link of another rate finds out what the link is like.
        self.apart.frame(scene)?;
        self.together.frame(scene)?;
        let mut next = Instant::now();
        let times = in_turns(
            frames,
            |_| {
                // Not more faces in a second than may leave the site.
                thread::sleep(next.saturating_duration_since(Instant::now()));
                next = Instant::now() + EVERY;
                self.apart.frame(scene)
            },
            |_| self.together.frame(scene),
        )?;
        let row = Row::both(SECTION, name, "ms", times).at_most(1.0);
        Ok(vec![row.noted("one frame at a time")])
    }

    /// A camera that goes on.
    fn live(&self, name: &str) -> Result<Vec<Row>> {
        let scene = self.scenes.iter().find(|(count, _)| *count == LIVE_FACES);
        let (_, scene) = scene.context("no frame for a live stream")?;
        let mut streams = [None::<Stream>, None];
        for under_way in UNDER_WAY {
            for (side, best) in [&self.apart, &self.together].into_iter().zip(&mut streams) {
                let new = stream(&side.url, scene, EVERY, LIVE_FRAMES, under_way)?;
                *best = Some(match best.take() {
                    Some(before) => before.better(new, IN_TIME),
                    None => new,
                });
            }
        }
        let [Some(apart), Some(together)] = streams else {
            return Ok(Vec::new());
        };
        let share = |stream: &Stream| stream.in_time(IN_TIME);
        let note = format!(
            "{} frames a second with {}; a frame that comes while too many are under way is left out; each side with one \
             or two under way, as is better for it",
            1.0 / EVERY.as_secs_f64(),
            faces(LIVE_FACES)
        );
        let answered = Row {
            theirs: Some(share(&together)),
            ..Row::alone(
                SECTION,
                format!("{name}: answered within a second"),
                "%",
                Spread::exact(share(&apart)),
            )
        };
        let mut rows = vec![answered.at_least(100.0).noted(&note)];
        if !together.is_empty() && !apart.is_empty() {
            let (mine, other) = (apart.delay(), together.delay());
            let ratio = Spread::exact(mine.median / other.median);
            rows.push(
                Row::both(
                    SECTION,
                    format!("{name}: delay of what was answered"),
                    "ms",
                    [mine, other, ratio],
                )
                .noted(note),
            );
        }
        Ok(rows)
    }

    fn fastest(&self) -> Result<()> {
        let rates = RATES.map(|(rate, _)| rate);
        self.network
            .hold(rates.into_iter().max().unwrap_or_default())
    }
}

fn or_failed(what: &str, measured: Result<Vec<Row>>) -> Vec<Row> {
    measured.unwrap_or_else(|error| {
        let why = format!("could not be measured: {error:#}");
        vec![Row::failed(SECTION, what, why)]
    })
}
