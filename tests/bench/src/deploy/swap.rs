//! One new version of one stage, while frames keep coming at full rate.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::contents::MEMBER;
use super::node::{self, PIPELINE, Published};
use super::{DRAWN, SECTION, Site, commands, verdict};
use crate::host::Host;
use crate::load;
use crate::measure::Spread;
use crate::row::Row;

/// What the rows are called.
pub const WHAT: &str = "Footlight, a new version of a stage";
const VERSIONS: usize = 5;
/// The stage that a new version is made of, and the file that pipelines name.
const STAGE: &str = "member-verification.wasm";
/// Frames come for so long before and after.
const AROUND: Duration = Duration::from_millis(700);

/// A frame that was sent, and what came of it.
struct Sent {
    sent: Instant,
    over: Instant,
    answer: Result<Value>,
}

/// What a change of version came to.
struct Change {
    /// From being told to having changed, in seconds.
    told: f64,
    /// From being told to the first answer by the new version.
    first: f64,
    megabytes: f64,
    frames: usize,
    lost: usize,
    wrong: usize,
}

/// Measures.
pub fn rows(site: &Site, published: &Published) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir_in(site.folder.path())?;
    let host = node::start(site, published, folder.path())?;
    let photo = site.places.photos.join(MEMBER.1);
    site.network.node.within(|| host.enrol(MEMBER.0, &photo))?;
    let mut running = published.digest.clone();
    let mut changes = Vec::new();
    for number in 0..VERSIONS {
        let stages = folder.path().join(format!("stages-{number}"));
        renewed(&site.places.stages, &stages, number)?;
        let new = node::publish_with(site, &stages, &format!("new-{number}"))?;
        changes.push(change(site, &host, &running, &new)?);
        running = new.digest;
    }
    let spread = |figure: fn(&Change) -> f64| Spread::of(changes.iter().map(figure).collect());
    let sum = |figure: fn(&Change) -> usize| changes.iter().map(figure).sum::<usize>() as f64;
    let frames = format!(
        "of {} frames around {VERSIONS} changes",
        sum(|change| change.frames)
    );
    Ok(vec![
        Row::alone(
            SECTION,
            format!("{WHAT}{DRAWN}"),
            "s",
            spread(|change| change.first),
        ),
        Row::alone(
            SECTION,
            format!("{WHAT}: told to changed"),
            "s",
            spread(|change| change.told),
        )
        .at_most(0.15)
        .noted("fetched, verified, compiled, probed, while frames come at full rate"),
        Row::alone(
            SECTION,
            format!("{WHAT}: over the link"),
            "MB",
            spread(|change| change.megabytes),
        ),
        Row::alone(
            SECTION,
            format!("{WHAT}: frames lost"),
            "frames",
            Spread::exact(sum(|change| change.lost)),
        )
        .at_most(0.0)
        .noted(&frames),
        Row::alone(
            SECTION,
            format!("{WHAT}: frames answered wrongly or by a wrong version"),
            "frames",
            Spread::exact(sum(|change| change.wrong)),
        )
        .at_most(0.0)
        .noted(&frames),
    ])
}

/// Copies the stages with another build of one of them: a section that means nothing makes it another component, which
/// takes as much to fetch and to compile as any.
fn renewed(from: &Path, to: &Path, number: usize) -> Result<()> {
    fs::create_dir_all(to)?;
    for stage in ["face-detection.wasm", "feature-extraction.wasm", STAGE] {
        let mut component = fs::read(from.join(stage))?;
        if stage == STAGE {
            component.extend(section(&format!("build {number}"))?);
        }
        fs::write(to.join(stage), component)?;
    }
    Ok(())
}

/// A custom section (WebAssembly's binary format): its number, its length, the length of its name, its name.
fn section(name: &str) -> Result<Vec<u8>> {
    let length = u8::try_from(name.len())?;
    anyhow::ensure!(length < 127, "{name} is too long");
    Ok([&[0, length + 1, length], name.as_bytes()].concat())
}

/// Tells the host to change while clients send frames.
fn change(site: &Site, host: &Host, old: &str, new: &Published) -> Result<Change> {
    let node = &site.network.node;
    let before = node.received()?;
    let stop = AtomicBool::new(false);
    let clients = thread::available_parallelism()?.get();
    let (sent, told, changed) = node.within(|| {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..clients)
                .map(|_| scope.spawn(|| send(site, &host.frames(), &stop)))
                .collect();
            thread::sleep(AROUND);
            let told = Instant::now();
            let swapped = commands::swap(host.base(), PIPELINE, &new.reference);
            let changed = Instant::now();
            thread::sleep(AROUND);
            stop.store(true, Ordering::Relaxed);
            let mut sent = Vec::new();
            for worker in workers {
                match worker.join() {
                    Ok(of_one) => sent.extend(of_one),
                    Err(_) => bail!("a client panicked"),
                }
            }
            swapped?;
            Ok((sent, told, changed))
        })
    })?;
    let first = sent
        .iter()
        .filter(|frame| frame.by() == Some(&new.digest))
        .map(|frame| frame.over)
        .min()
        .context("no frame was answered by the new version")?;
    Ok(Change {
        told: (changed - told).as_secs_f64(),
        first: first.saturating_duration_since(told).as_secs_f64(),
        megabytes: (node.received()? - before) as f64 / 1e6,
        frames: sent.len(),
        lost: sent.iter().filter(|frame| frame.answer.is_err()).count(),
        wrong: sent
            .iter()
            .filter(|frame| frame.is_wrong(old, &new.digest, told, changed))
            .count(),
    })
}

fn send(site: &Site, url: &str, stop: &AtomicBool) -> Vec<Sent> {
    let agent = load::agent();
    let mut all = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let sent = Instant::now();
        let answer = load::post(&agent, url, &site.frame);
        all.push(Sent {
            sent,
            over: Instant::now(),
            answer,
        });
    }
    all
}

impl Sent {
    /// The version that answered it.
    fn by(&self) -> Option<&str> {
        commands::version(self.answer.as_ref().ok()?)
    }

    /// Whether it was answered, and not rightly by the one version, or either of the two, that was there.
    fn is_wrong(&self, old: &str, new: &str, told: Instant, changed: Instant) -> bool {
        let Ok(answer) = &self.answer else {
            return false;
        };
        let right = match self.by() {
            Some(by) if by == old => self.sent < changed,
            Some(by) if by == new => self.over > told,
            _ => false,
        };
        !right || verdict::check(answer).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn frame(by: &str, id: &str, sent: Instant, over: Instant) -> Sent {
        let answer = json!({
            "version": {"pipeline": by},
            "answer": {"faces": [{"verdict": {"member": true, "id": id}}]},
        });
        Sent {
            sent,
            over,
            answer: Ok(answer),
        }
    }

    #[test]
    fn a_version_that_is_not_there_is_wrong() {
        let at = |milliseconds| {
            Instant::now() + Duration::from_secs(60) + Duration::from_millis(milliseconds)
        };
        let times = [at(0), at(1000), at(2000), at(3000), at(4000), at(5000)];
        let [before, sooner, told, changed, later, after] = times;
        let wrong = |frame: Sent| frame.is_wrong("old", "new", told, changed);
        assert!(!wrong(frame("old", "obama", before, sooner)));
        assert!(!wrong(frame("old", "obama", sooner, later)));
        assert!(!wrong(frame("new", "obama", sooner, later)));
        assert!(!wrong(frame("new", "obama", later, after)));
        assert!(
            wrong(frame("new", "obama", before, sooner)),
            "before anybody knew of it"
        );
        assert!(
            wrong(frame("old", "obama", later, after)),
            "after the host had changed"
        );
        assert!(wrong(frame("other", "obama", sooner, later)));
        assert!(
            wrong(frame("new", "biden", later, after)),
            "another's verdict"
        );
    }

    #[test]
    fn a_section_is_as_long_as_it_says() {
        assert_eq!(section("abc").unwrap(), [0, 4, 3, b'a', b'b', b'c']);
    }
}
