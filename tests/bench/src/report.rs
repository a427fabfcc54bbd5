//! The page of results, and its plots.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::chart::{Bar, Pair, Scale, bar_chart, pair_chart};
use crate::deploy::DRAWN;
use crate::placement::{DELAY, UP};
use crate::row::{Results, Row, number};

/// A plot: its title, what it shows, its bars.
type Plot = (String, String, Vec<Bar>);

/// The sections of the page, in its order: name, heading, what it is about.
const SECTIONS: [(&str, &str, &str); 8] = [
    (
        "tax",
        "What the sandbox costs",
        "Frame to verdict through three components, against the same work in one native Rust program with the same crates and the same inference sessions.",
    ),
    (
        "start",
        "What an item costs besides its work",
        "Every item is worked on in an instance of its own. The graphs answer at once here, so that what is left is the sandbox.",
    ),
    (
        "copies",
        "What is copied",
        "Counted by the host, for a frame of one face.",
    ),
    (
        "variants",
        "What lower precision saves",
        "Error rates are on the models' cards.",
    ),
    (
        "peers",
        "Against what people would use instead",
        "The same models, frames and number of threads; each side starts, serves and is measured in turn. The programs are in `tests/bench/peers`. Where the three services are concerned, both sides spend most of a frame in the same inferences, and two cores are busy with one frame already; of our memory some 50 MB are OpenVINO's libraries and 20 MB the compiler of stages; of our start half a second is OpenVINO compiling the models, which is not kept yet, nor are compiled stages. `wasmtime serve` starts sooner as its component and its model are compiled and simplified before.",
    ),
    (
        "deploy",
        "How long until it runs somewhere else",
        "A registry and a node in network namespaces of their own, with a link between them of the rate that the paper's 3.5 GB in 200 s come to. A node is told to run the application; time and bytes are counted until it has answered the first frame rightly. Footlight is told a pipeline's digest, and brings stages and models; a brand-new node brings the host itself before, as a container image. The containers are one Python process with the same models behind HTTP (`tests/bench/peers`), in images built from Debian's and PyPI's packages, without anything for GPUs, which the paper's had; containerd is there before, as the host is.",
    ),
    (
        "placement",
        "What it saves to have the stages apart",
        "The numbers that the paper left for later. Ours: detection on a host by the camera, features on another host of the site, verification in the cloud (`guests/members-across-zones.toml`, [several hosts](several-hosts.md)). Theirs: the camera sends each frame over the uplink to one host that does all of it (`guests/members.toml`); it is Footlight too, with the same stages, models and members. Both have one pass of detection at 640 x 384, as suits a camera's frames. Frames are scenes of 1920 x 1080 pixels, JPEG with 4:2:0: people before a part of a real photo, scaled up 1.4 times, with faces about 180 pixels wide, as at a door. Every answer is checked: each face once and no other, each verdict right. Each host has a network namespace of its own, joined by bridges. Each side has its own uplink, held to its rate in both directions by a token bucket. Bytes are those that the interfaces counted at five frames a second: headers from Ethernet on, TLS, acknowledgements, and what idle hosts say to each other. What to bear in mind: all hosts share two cores, so ours gain nothing from three machines. Nothing here delays packets; a real uplink adds its round trip to both sides, once a frame. Links within the site are held to no rate; a gigabit would add some 3 ms for the frame. Ours have mutual TLS between hosts; theirs takes the frame over plain HTTP.",
    ),
    (
        "scale",
        "How it grows",
        "Clients over HTTP; faces in a frame; members in the gallery.",
    ),
];

/// Writes `benchmarks.md` and its plots.
pub fn write(docs: &Path, results: &Results) -> Result<()> {
    let mut page = String::from(
        "# Measurements\n\n\
         Made by `cargo xtask bench` from `benchmarks.json`; do not edit. A ratio is the median of the ratios of \
         rounds in which both sides took turns, and its spread is that of the rounds' quartiles. What does not \
         hold its target is listed as what does.\n",
    );
    for (name, heading, about) in SECTIONS {
        let rows: Vec<&Row> = results
            .rows
            .iter()
            .filter(|row| row.section == name)
            .collect();
        let Some(run) = results.runs.get(name).filter(|_| !rows.is_empty()) else {
            continue;
        };
        write!(page, "\n## {heading}\n\n{about}\n\n")?;
        writeln!(
            page,
            "`{}`, {}, {}; {}.\n",
            run.command,
            run.date,
            run.machine,
            run.versions.join(", ")
        )?;
        table(&mut page, &rows)?;
        for plot in plots(docs, name, &rows)? {
            writeln!(page, "\n![{plot}](benchmarks/{plot}.svg)")?;
        }
    }
    page.push_str(&faults(docs)?);
    let file = docs.join("benchmarks.md");
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))
}

/// What was measured on a cluster while things failed, of which `cargo xtask e2e` makes the tables. They are kept in a file
/// of their own, with what is to be said of them.
fn faults(docs: &Path) -> Result<String> {
    let file = docs.join("benchmarks/faults.md");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let text = text.trim();
    Ok(format!("\n## When things fail on a cluster\n\n{text}\n"))
}

/// The rows that the README shows: the section, how the name begins, and what it is called there.
const SHOWN: [(&str, &str, &str); 12] = [
    (
        "tax",
        "frame to verdict",
        "frame to verdict, against a native program",
    ),
    (
        "tax",
        "frames a second",
        "the same on all cores, against a native program",
    ),
    (
        "start",
        "an item of verification, median",
        "the sandbox around an item: store, instance, every call, end",
    ),
    (
        "copies",
        "pixels that entered a guest",
        "pixels that enter a stage's memory",
    ),
    (
        "copies",
        "times that an input tensor",
        "times that an input is written, against wasmtime-wasi-nn",
    ),
    (
        "peers",
        "three Python services: frames",
        "throughput, against three Python services",
    ),
    (
        "peers",
        "three Python services: memory",
        "memory, against three Python services",
    ),
    (
        "peers",
        "three Python services: start",
        "start to the first verdict, against three Python services",
    ),
    (
        "peers",
        "Ray Serve: frames",
        "throughput, against Ray Serve",
    ),
    (
        "deploy",
        "container with TensorFlow: to the first",
        "an empty node to the first verdict, against a container with TensorFlow",
    ),
    (
        "placement",
        "2 faces: up the uplink",
        "bytes that leave the site for a frame of 1920 x 1080 with 2 faces, stages apart against all in the cloud",
    ),
    (
        "placement",
        "20 Mbit/s, 2 faces: frame",
        "frame to verdict of that over 20 Mbit/s, stages apart against all in the cloud",
    ),
];
const BEGIN: &str = "<!-- Made by `cargo xtask bench`; do not edit. -->\n";
const END: &str = "<!-- End of what is made. -->";

/// Writes the figures that the README shows, between its two marks.
pub fn write_readme(file: &Path, results: &Results) -> Result<()> {
    let page = fs::read_to_string(file)?;
    let parts = page
        .split_once(BEGIN)
        .and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.with_context(|| format!("{} has lost its marks", file.display()))?;
    let mut made =
        String::from("| | Footlight | the other | ratio | target |\n|---|---:|---:|---:|---|\n");
    for (section, begins, words) in SHOWN {
        let row = results
            .rows
            .iter()
            .find(|row| row.section == section && row.name.starts_with(begins));
        let Some(row) = row else { continue };
        let figure = |value: Option<f64>| {
            value.map_or_else(String::new, |value| {
                format!("{} {}", number(value), row.unit)
            })
        };
        let ratio = row
            .ratio
            .map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let target = match (&row.target, row.holds) {
            (Some(target), Some(false)) => format!("{target}: missed"),
            (Some(target), _) => format!("{target}: holds"),
            _ => String::new(),
        };
        writeln!(
            made,
            "| {words} | {} | {} | {ratio} | {target} |",
            figure(row.ours),
            figure(row.theirs)
        )?;
    }
    fs::write(file, format!("{head}{BEGIN}\n{made}\n{END}{tail}"))
        .with_context(|| format!("cannot write {}", file.display()))
}

fn table(page: &mut String, rows: &[&Row]) -> Result<()> {
    page.push_str("| what | unit | ours | theirs | ratio | quartiles | target | holds |\n|---|---|---:|---:|---:|---|---|---|\n");
    let mut notes = Vec::new();
    for row in rows {
        let mark = match &row.note {
            Some(note) => {
                let known = notes.iter().position(|other| other == note);
                let index = known.unwrap_or_else(|| {
                    notes.push(note.clone());
                    notes.len() - 1
                });
                format!(" ({})", index + 1)
            }
            None => String::new(),
        };
        let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        let spread = row.spread.filter(|[low, high]| low != high);
        let holds = match row.holds {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        writeln!(
            page,
            "| {}{mark} | {} | {} | {} | {} | {} | {} | {holds} |",
            row.name,
            row.unit,
            figure(row.ours),
            figure(row.theirs),
            row.ratio
                .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}")),
            spread.map_or_else(String::new, |[low, high]| format!(
                "{} to {}",
                number(low),
                number(high)
            )),
            row.target.as_deref().unwrap_or(""),
        )?;
    }
    for (index, note) in notes.iter().enumerate() {
        write!(
            page,
            "\n({}) {note}{}",
            index + 1,
            if index + 1 == notes.len() { "\n" } else { "  " }
        )?;
    }
    Ok(())
}

/// The plots of a section; their names.
fn plots(docs: &Path, section: &str, rows: &[&Row]) -> Result<Vec<String>> {
    let folder = docs.join("benchmarks");
    fs::create_dir_all(&folder)?;
    let drawn: Vec<Plot> = match section {
        "peers" => compared(rows),
        "deploy" => deployed(rows),
        "scale" => ["frames a second", "time of a frame"]
            .into_iter()
            .filter_map(|what| {
                let of = rows.iter().filter(|row| {
                    row.name.ends_with(what)
                        && (what == "frames a second" || row.name.contains("face"))
                });
                let bars: Vec<_> = of
                    .filter_map(|row| Some((row.name.split(':').next()?.to_owned(), row.ours?)))
                    .collect();
                let unit = rows
                    .iter()
                    .find(|row| row.name.ends_with(what))?
                    .unit
                    .clone();
                Some((format!("{what}, {unit}"), what.to_owned(), bars))
            })
            .collect(),
        _ => Vec::new(),
    };
    let mut names = Vec::new();
    if section == "placement" {
        for (name, title, pairs, scale) in placed(rows) {
            let file = folder.join(format!("{section}-{name}.svg"));
            pair_chart(&file, title, SIDES, &pairs, scale)?;
            names.push(format!("{section}-{name}"));
        }
    }
    let scale = match section {
        "deploy" => Scale::Logarithmic,
        _ => Scale::Linear,
    };
    for (title, what, bars) in drawn {
        let name = format!("{section}-{}", what.replace(", ", "-").replace(' ', "-"));
        bar_chart(&folder.join(format!("{name}.svg")), &title, &bars, scale)?;
        names.push(name);
    }
    Ok(names)
}

/// Footlight beside its peers; by itself what was measured with the detection stage alone.
fn compared(rows: &[&Row]) -> Vec<Plot> {
    const ALONE: &str = ", detection alone";
    let mut plots = Vec::new();
    for what in ["frames a second", "memory", "start to the first verdict"] {
        for alone in [false, true] {
            let of: Vec<&&Row> = rows
                .iter()
                .filter(|row| row.name.contains(what) && row.name.contains(ALONE) == alone)
                .collect();
            // By the ratios: the machine is not as fast in the rounds with one peer as in those with another.
            let peers: Vec<Bar> = of
                .iter()
                .filter_map(|row| {
                    let name = row.name.split(':').next()?.replace(ALONE, "");
                    Some((name, 1.0 / row.ratio?))
                })
                .collect();
            if peers.is_empty() {
                continue;
            }
            let bars = [vec![("Footlight".to_owned(), 1.0)], peers].concat();
            let what = format!("{what}{}", if alone { ALONE } else { "" });
            plots.push((format!("{what}; Footlight is 1"), what, bars));
        }
    }
    plots
}

/// What both sides of a pair are where stages are placed.
const SIDES: [&str; 2] = ["stages apart", "all in the cloud"];

/// Stages apart beside all in the cloud: name, title, pairs and scale of each plot.
fn placed(rows: &[&Row]) -> Vec<(&'static str, &'static str, Vec<Pair>, Scale)> {
    let pairs = |end: &str| -> Vec<Pair> {
        let both = rows.iter().filter_map(|row| {
            let name = row.name.strip_suffix(end)?;
            Some((name.to_owned(), [row.ours?, row.theirs?]))
        });
        both.collect()
    };
    let plots = [
        (
            "bytes-up-the-uplink",
            "kB up the uplink for a frame of 1920 x 1080; a decade is as long as the next",
            pairs(UP),
            Scale::Logarithmic,
        ),
        (
            "frame-to-verdict",
            "ms from frame to verdict, by the uplink's rate and faces in the frame",
            pairs(DELAY),
            Scale::Linear,
        ),
    ];
    let drawn = plots.into_iter().filter(|plot| !plot.2.is_empty());
    drawn.collect()
}

/// Every way to a first verdict, from the quickest.
fn deployed(rows: &[&Row]) -> Vec<Plot> {
    let mut bars: Vec<Bar> = rows
        .iter()
        .filter_map(|row| {
            let name = row.name.strip_suffix(DRAWN)?;
            Some((name.to_owned(), row.theirs.or(row.ours)?))
        })
        .collect();
    bars.sort_by(|one, other| one.1.total_cmp(&other.1));
    if bars.is_empty() {
        return Vec::new();
    }
    let what = "seconds to the first right verdict";
    vec![(
        format!("{what}; a decade is as long as the next"),
        what.to_owned(),
        bars,
    )]
}
