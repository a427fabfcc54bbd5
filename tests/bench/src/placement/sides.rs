//! Both sides: three hosts that run the pipeline together, and one that runs all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use footlight_tests::authority::{Authority, Good, in_zone};
use ureq::Agent;

use super::network::{Machine, Network};
use super::scene::{PEOPLE, Scene};
use crate::host::{Host, enrol, footlight};
use crate::load;
use crate::measure::milliseconds;
use crate::places::Places;

/// Where hosts listen for each other.
const PEERS: u16 = 7421;
/// The pipeline's name, in both files.
const PIPELINE: &str = "members";
/// The pipeline files, of the folder `guests`: with stages apart, and without zones.
const FILES: [&str; 2] = ["members-across-zones.toml", "members.toml"];
/// What is changed in both: one pass of detection at a size for a camera's frames, where the files have one for close-ups.
const PASSES: [&str; 2] = ["sizes = [320, 320]", "sizes = [640, 384]"];
/// How long hosts may take to find each other.
const WITHIN: Duration = Duration::from_secs(60);

/// A side.
pub struct Side {
    /// Where its frames are sent.
    pub url: String,
    /// A client that keeps its connection, at the camera.
    agent: Agent,
    /// The hosts, which end with this.
    _hosts: Vec<Host>,
}

impl Side {
    /// Sends a frame; how long it took to the answer, which is right, in milliseconds.
    pub fn frame(&self, scene: &Scene) -> Result<f64> {
        let began = Instant::now();
        let answer = load::post(&self.agent, &self.url, &scene.frame)?;
        let took = milliseconds(began.elapsed());
        scene.check(&answer)?;
        Ok(took)
    }
}

/// What hosts are started with.
struct Starting<'a> {
    places: &'a Places,
    data: &'a Path,
    folder: &'a Path,
}

/// Starts both, with the same members.
pub fn start(
    places: &Places,
    data: &Path,
    network: &Network,
    folder: &Path,
) -> Result<(Side, Side)> {
    let starting = Starting {
        places,
        data,
        folder,
    };
    Ok((starting.apart(network)?, starting.together(network)?))
}

impl Starting<'_> {
    /// Detection and features at the site, verification in the cloud. Each host knows each other, as on a cluster.
    fn apart(&self, network: &Network) -> Result<Side> {
        let [file, _] = FILES;
        let file = self.pipeline(file)?;
        let members = self.folder.join("members");
        // Members are enrolled where all stages run.
        let alone = self.host(&network.apart, &file, &members, &[])?;
        self.enrol(&network.apart, &alone)?;
        drop(alone);

        let authority = Authority::new()?;
        let (edge, gpu, cloud) = (&network.edge, &network.gpu, &network.apart);
        let hosts = [
            (cloud, "cloud", "verify", [edge.wan(), gpu.wan()]),
            (gpu, "site", "features", [edge.lan(), cloud.wan()]),
            (edge, "site", "detect", [gpu.lan(), cloud.wan()]),
        ];
        let mut running = Vec::new();
        for (machine, zone, stage, others) in hosts {
            let identity = self.folder.join(format!("identity-{stage}"));
            let vouched = authority.vouch(&[in_zone(zone)], Good::ForLong)?;
            vouched.write(&identity)?;
            let mut more = [
                "--peer-identity",
                &identity.display().to_string(),
                "--peer-listen",
                &format!("0.0.0.0:{PEERS}"),
                "--only-stage",
                stage,
                "--node",
                machine.role,
            ]
            .map(str::to_owned)
            .to_vec();
            for other in others {
                more.extend(["--peer".to_owned(), format!("{other}:{PEERS}")]);
            }
            let gallery = match zone {
                "cloud" => members.clone(),
                _ => self.folder.join(format!("none-{stage}")),
            };
            running.push(self.host(machine, &file, &gallery, &more)?);
        }
        let entrance = running.last().context("there is no host")?.base();
        let base = entrance.replace("0.0.0.0", &edge.lan().to_string());
        self.side(network, base, running)
    }

    /// All of it in the cloud.
    fn together(&self, network: &Network) -> Result<Side> {
        let cloud = &network.together;
        let [_, file] = FILES;
        let file = self.pipeline(file)?;
        let gallery = self.folder.join("together");
        let host = self.host(cloud, &file, &gallery, &[])?;
        self.enrol(cloud, &host)?;
        let base = host.base().replace("0.0.0.0", &cloud.wan().to_string());
        self.side(network, base, vec![host])
    }

    /// A copy of a pipeline file that is for a camera's frames.
    fn pipeline(&self, name: &str) -> Result<PathBuf> {
        let workspace = &self.places.workspace;
        let text = fs::read_to_string(workspace.join("guests").join(name))?;
        let text = for_camera(&text, &workspace.join("models")).with_context(|| name.to_owned())?;
        let file = self.folder.join(name);
        fs::write(&file, text)?;
        Ok(file)
    }

    fn host(
        &self,
        machine: &Machine,
        file: &Path,
        gallery: &Path,
        more: &[String],
    ) -> Result<Host> {
        let mut command: Command = footlight()?;
        command
            .arg("run")
            .arg(file)
            .args(["--listen", "0.0.0.0:0", "--gallery"])
            .arg(gallery)
            .arg("--stages")
            .arg(&self.places.stages)
            .args(more)
            .env("RUST_LOG", "warn");
        let name = gallery.file_name().unwrap_or_default();
        let log: PathBuf = self
            .folder
            .join(format!("{}-{}.log", name.display(), more.len()));
        machine
            .namespace
            .within(|| Host::of(command, PIPELINE, &log))
    }

    fn enrol(&self, machine: &Machine, host: &Host) -> Result<()> {
        let base = host.base().replace("0.0.0.0", "127.0.0.1");
        for person in &PEOPLE {
            if let Some(photo) = person.enrolled(self.data) {
                machine
                    .namespace
                    .within(|| enrol(&base, &person.id(), &photo))?;
            }
        }
        Ok(())
    }

    /// The side, which answers.
    fn side(&self, network: &Network, base: String, hosts: Vec<Host>) -> Result<Side> {
        let url = format!("{base}/v1/pipelines/{PIPELINE}/frames");
        let scene = Scene::with(self.data, 1)?;
        let answer = network
            .camera
            .namespace
            .within(|| load::first(&url, &scene.frame, WITHIN))?;
        scene.check(&answer)?;
        Ok(Side {
            url,
            agent: load::agent(),
            _hosts: hosts,
        })
    }
}

/// A pipeline file for a camera's frames, which may lie anywhere.
fn for_camera(text: &str, models: &Path) -> Result<String> {
    let [passes, for_camera] = PASSES;
    let models = format!("{}/", models.display());
    let mut text = text.to_owned();
    for (from, to) in [(passes, for_camera), ("../models/", &models)] {
        ensure!(text.contains(from), "the pipeline file has no `{from}`");
        text = text.replace(from, to);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_changed_in_the_same_way() {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
        for file in FILES {
            let text = fs::read_to_string(guests.join(file)).unwrap();
            let changed = for_camera(&text, Path::new("/models")).unwrap();
            let lines = || text.lines().zip(changed.lines());
            let other: Vec<_> = lines().filter(|(one, other)| one != other).collect();
            let passes = other.iter().filter(|(one, _)| PASSES.contains(one));
            assert_eq!(passes.count(), 1, "{file}: {other:?}");
            let cards = other.iter().filter(|(one, _)| one.starts_with("card = "));
            assert_eq!(cards.count() + 1, other.len(), "{file}: {other:?}");
            assert_eq!(text.lines().count(), changed.lines().count());
        }
    }
}
