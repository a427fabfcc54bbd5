//! Footlight on a node that has nothing: its own pull, and that of the host itself.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use footlight_nn::cache_dir;
use tempfile::TempDir;

use super::containers::Containerd;
use super::contents::{self, HOST, MEMBER, PORT};
use super::{DRAWN, ROUNDS, SECTION, Site, Taken, commands, size, verdict};
use crate::host::{self, Host, footlight};
use crate::load;
use crate::measure::Spread;
use crate::row::Row;

/// The pipeline's name and repository.
pub const PIPELINE: &str = "members";
/// A host of ours is fast enough for more rounds than a container.
const PULLS: usize = 7;

/// A pipeline in the registry.
pub struct Published {
    /// Its repository and digest.
    pub reference: String,
    /// The digest alone.
    pub digest: String,
}

/// Puts the pipeline of members into the registry.
pub fn publish(site: &Site) -> Result<Published> {
    publish_with(site, &site.places.stages, "1")
}

/// Puts it there with the stages of another folder.
pub fn publish_with(site: &Site, stages: &Path, tag: &str) -> Result<Published> {
    let host = site.registry.host();
    let file = site.places.pipeline_file();
    let digest = site
        .network
        .registry
        .within(|| commands::push(&file, stages, &host, &format!("{host}/{PIPELINE}:{tag}")))?;
    Ok(Published {
        reference: format!("{host}/{PIPELINE}@{digest}"),
        digest,
    })
}

/// A node that has the host already.
pub fn rows(site: &Site, published: &Published) -> Result<Vec<Row>> {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..PULLS {
        let folder = tempfile::tempdir_in(site.folder.path())?;
        first.push(told(site, published, &folder)?);
        again.push(told(site, published, &folder)?);
    }
    let mut rows = taken(
        "Footlight, an empty node",
        &first,
        Some(1.5),
        "the host is there, and nothing else",
    );
    let bytes = spread(&first, |taken| taken.megabytes);
    let needs = bytes.median * 8.0 / site.network.goodput()?;
    rows.push(
        Row::alone(
            SECTION,
            "Footlight, an empty node: of that, the link alone needs",
            "s",
            Spread::exact(needs),
        )
        .noted("the bytes at the rate of a plain transfer"),
    );
    rows.extend(taken(
        "Footlight, a node that ran it before",
        &again,
        None,
        "with its store, and what it compiled",
    ));
    Ok(rows)
}

/// A node that has containerd and nothing else.
pub fn brand_new_rows(site: &Site, published: &Published, bases: &Path) -> Result<Vec<Row>> {
    let image = contents::host_image(site.places, bases, site.folder.path())?;
    let reference = site.registry.push(&image, HOST)?;
    let brand_new = (0..ROUNDS)
        .map(|_| brand_new(site, published, &reference))
        .collect::<Result<Vec<_>>>()?;
    let note = format!("the host is {}", size(&image));
    Ok(taken(
        "Footlight, a brand-new node",
        &brand_new,
        None,
        &note,
    ))
}

fn taken(what: &str, rounds: &[Taken], limit: Option<f64>, note: &str) -> Vec<Row> {
    let seconds = spread(rounds, |taken| taken.seconds);
    let row = Row::alone(SECTION, format!("{what}{DRAWN}"), "s", seconds).noted(note);
    let megabytes = spread(rounds, |taken| taken.megabytes);
    vec![
        match limit {
            Some(limit) => row.at_most(limit),
            None => row,
        },
        Row::alone(SECTION, format!("{what}: over the link"), "MB", megabytes),
    ]
}

fn spread(rounds: &[Taken], figure: impl Fn(&Taken) -> f64) -> Spread {
    Spread::of(rounds.iter().map(figure).collect())
}

/// An empty node that has the host, until the first right verdict.
pub fn empty(site: &Site, published: &Published) -> Result<Taken> {
    let folder = tempfile::tempdir_in(site.folder.path())?;
    told(site, published, &folder)
}

/// A node that keeps things in this folder is told to run the pipeline.
fn told(site: &Site, published: &Published, folder: &TempDir) -> Result<Taken> {
    counted(site, || {
        let host = start(site, published, folder.path())?;
        enrol(site, host.base())?;
        verdict::first_right(&site.network.node, &host.frames(), &site.frame)?;
        Ok(())
    })
}

/// Starts a host on the node; it is ready when this returns.
pub fn start(site: &Site, published: &Published, folder: &Path) -> Result<Host> {
    let kept = folder.display().to_string();
    let openvino = openvino()?.display().to_string();
    let host = site.registry.host();
    let mut command = footlight()?;
    command
        .args(commands::run(
            &host,
            &published.reference,
            &kept,
            &openvino,
            "127.0.0.1:0",
        ))
        .env("RUST_LOG", "warn");
    commands::keeping(&mut command, folder);
    site.network
        .node
        .within(|| Host::of(command, PIPELINE, &folder.join("host.log")))
}

/// A node that has not even the host: containerd brings it, as it brings any image.
fn brand_new(site: &Site, published: &Published, image: &str) -> Result<Taken> {
    let node = &site.network.node;
    let containerd = Containerd::start(node, site.folder.path())?;
    let listen = format!("127.0.0.1:{PORT}");
    let base = format!("http://{listen}");
    let host = site.registry.host();
    let words = commands::run(
        &host,
        &published.reference,
        "/var/lib/footlight",
        footlight_image::host::OPENVINO,
        &listen,
    );
    let words: Vec<&str> = ["footlight"]
        .into_iter()
        .chain(words.iter().map(String::as_str))
        .collect();
    counted(site, || {
        containerd.pull(image)?;
        let _container = containerd.run(image, &words)?;
        node.within(|| load::until_ready(&base, verdict::WITHIN))
            .with_context(|| containerd.output())?;
        enrol(site, &base)?;
        let url = format!("{base}/v1/pipelines/{PIPELINE}/frames");
        verdict::first_right(node, &url, &site.frame)?;
        Ok(())
    })
}

fn enrol(site: &Site, base: &str) -> Result<()> {
    let photo = site.places.photos.join(MEMBER.1);
    site.network
        .node
        .within(|| host::enrol(base, MEMBER.0, &photo))
}

fn counted(site: &Site, work: impl FnOnce() -> Result<()>) -> Result<Taken> {
    let before = site.network.node.received()?;
    let began = Instant::now();
    work()?;
    Ok(Taken {
        seconds: began.elapsed().as_secs_f64(),
        megabytes: (site.network.node.received()? - before) as f64 / 1e6,
    })
}

/// The folder of OpenVINO's libraries that xtask has fetched.
pub fn openvino() -> Result<PathBuf> {
    let folder = cache_dir().join("runtime");
    let found = folder
        .read_dir()
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("openvino-"));
    Ok(found
        .with_context(|| format!("no OpenVINO in {}", folder.display()))?
        .path())
}
