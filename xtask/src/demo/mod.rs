//! The demonstration: two people are enrolled, and photos go through the three stages to a verdict.

mod frames;
mod host;
mod report;
mod scenes;
mod verdict;

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use footlight_authoring::{Cache, Progress};
use signal_hook::consts::{SIGINT, SIGTERM};

use self::host::Host;
use self::report::Report;
use self::scenes::{PEOPLE, SCENES};
use crate::build;
use crate::stages;
use crate::workspace::Workspace;

/// What is asked of the demonstration.
pub struct Options {
    /// Leave the host up at the end.
    pub serve: bool,
    /// Print JSON instead of a table.
    pub json: bool,
}

/// Builds what is needed, shows all scenes and says whether every verdict was right.
pub fn run(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    options: &Options,
) -> Result<ExitCode> {
    stages::build_shipped(workspace, cache, progress)?;
    build::host(workspace, progress)?;

    // From here on a process of ours runs, which must end with us.
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stopped))?;
    }
    let folder = workspace.target.join("demo");
    if folder.exists() {
        // Of an earlier demonstration.
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot write {}", folder.display()))?;
    let frames = frames::make_all(cache, &folder.join("frames"))?;
    let mut host = Host::start(workspace, cache, progress, &folder)?;

    let mut report = Report::default();
    for (index, person) in PEOPLE.iter().enumerate() {
        let photos: Vec<_> = person
            .photos
            .iter()
            .map(|photo| cache.path("photos").join(photo))
            .collect();
        host.enrol(person.name, &photos)?;
        progress.line(
            "enrolled",
            &format!("{} from {}", person.name, person.photos.join(", ")),
        );
        let now: Vec<_> = SCENES
            .iter()
            .zip(&frames)
            .filter(|(scene, _)| scene.members == index + 1)
            .collect();
        if stopped.load(Ordering::Relaxed) {
            bail!("stopped");
        }
        let answers = host.submit(
            &now.iter()
                .map(|(_, frame)| frame.as_path())
                .collect::<Vec<_>>(),
            &folder,
        )?;
        if answers.len() != now.len() {
            bail!(
                "{} frames were submitted, but the host's client answers {}",
                now.len(),
                answers.len()
            );
        }
        for ((scene, frame), answer) in now.into_iter().zip(answers) {
            report.add(scene, frame, &folder, answer);
        }
    }

    if options.json {
        println!("{}", report.json(host.url())?);
    } else {
        println!("{}", report.table());
        println!("annotated frames: {}", folder.display());
    }
    for wrong in report.wrong() {
        eprintln!("wrong: {wrong}");
    }
    if options.serve {
        eprint!("{}", how_to_try(&host, cache));
        host.wait(&stopped)?;
    }
    host.stop()?;
    Ok(if report.is_right() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn how_to_try(host: &Host, cache: &Cache) -> String {
    let url = host.url();
    let photos = cache.path("photos");
    let photos = photos.display();
    format!(
        "\nthe host is up at {url} until Ctrl-C; try\n  \
         curl -sS -H 'content-type: image/jpeg' --data-binary @{photos}/people/obama3.jpg {url}/v1/pipelines/members/frames\n  \
         curl -sS {url}/v1/members\n  \
         curl -sS -X PUT -F photo=@{photos}/others/astronaut.png {url}/v1/members/astronaut\n  \
         curl -sS {url}/metrics\n"
    )
}
