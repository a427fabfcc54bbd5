//! A pipeline that the server has, whichever version of it runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use footlight_pipeline::{Deployment, NoUpdate, Pipeline, PipelineFile, Source, Sources};

use crate::Error;
use crate::answer::FrameAnswer;
use crate::attempt::{self, History};
use crate::kind::Kind;
use crate::problem::Problem;
use crate::readiness::Readiness;

/// How long after a version was refused for what may pass it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// A pipeline to serve.
pub struct Served {
    /// What its versions have in common.
    pub deployment: Arc<Deployment>,
    /// The version to begin with, which the deployment has opened.
    pub pipeline: Pipeline,
    /// Where other versions come from.
    pub source: Arc<dyn Source>,
    /// Which other sources may be named over HTTP.
    pub sources: Arc<dyn Sources>,
    /// Whether to look for changes of the source, and to switch to what has changed.
    pub watch: bool,
}

/// A pipeline, its versions, and what the server knows of it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) sources: Arc<dyn Sources>,
    pub(crate) watched: bool,
    pub(crate) history: History,
    /// The same of the gallery, where it is enrolled elsewhere.
    pub(crate) galleries: History,
    /// Held by whoever changes the version; of two, the second is refused or waits.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    source: Mutex<Arc<dyn Source>>,
    /// When the version that the source has is tried again, where it was refused for what may pass.
    again: Mutex<Option<Instant>>,
    running: ArcSwap<Running>,
    previous: ArcSwapOption<Pipeline>,
    /// The version that is about to run: it has passed its probe, and waits for other hosts to have it.
    next: ArcSwapOption<Pipeline>,
    /// How often another version was wished for.
    wishes: AtomicU64,
    /// How many members its gallery had when it last changed.
    members: AtomicU64,
}

/// The version that runs.
pub(crate) struct Running {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) readiness: Readiness,
    /// Since when it runs, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) since: u64,
}

impl Entry {
    pub(crate) fn new(served: Served) -> Result<Self, Error> {
        let name = served.pipeline.name().to_owned();
        check_names(served.pipeline.file())?;
        Ok(Self {
            name,
            deployment: served.deployment,
            sources: served.sources,
            watched: served.watch,
            history: History::default(),
            galleries: History::default(),
            turn: Arc::default(),
            source: Mutex::new(served.source),
            again: Mutex::default(),
            running: ArcSwap::from_pointee(Running {
                pipeline: Arc::new(served.pipeline),
                readiness: Readiness::new(),
                since: attempt::now(),
            }),
            previous: ArcSwapOption::empty(),
            next: ArcSwapOption::empty(),
            wishes: AtomicU64::new(0),
            members: AtomicU64::new(0),
        })
    }

    /// The version that runs now. Whoever works on a frame takes it once, and so finishes with the version
    /// that it began with.
    pub(crate) fn running(&self) -> Arc<Running> {
        self.running.load_full()
    }

    /// The version that ran before, to which a rollback goes back.
    pub(crate) fn previous(&self) -> Option<Arc<Pipeline>> {
        self.previous.load_full()
    }

    /// The versions that run or ran: other hosts may be at either.
    pub(crate) fn ready_versions(&self) -> impl Iterator<Item = Arc<Pipeline>> + use<> {
        let running = self.running();
        let ready = running.readiness.lacking().is_none();
        let running = ready.then(|| running.pipeline.clone());
        let all = [running, self.previous()];
        all.into_iter().flatten()
    }

    /// The version that is about to run, where one waits for other hosts.
    pub(crate) fn offered(&self) -> Option<Arc<Pipeline>> {
        self.next.load_full()
    }

    /// Offers a version to other hosts before it runs here, or no more.
    pub(crate) fn offer(&self, next: Option<Arc<Pipeline>>) {
        self.next.store(next);
    }

    /// Refuses a frame or a photo that is not to enter where this host is: it would have left its zone already.
    pub(crate) fn check_entrance(&self) -> Result<(), Problem> {
        let running = self.running();
        let (Some(here), Some(zones)) = (running.pipeline.zone(), &running.pipeline.file().zones)
        else {
            return Ok(());
        };
        if zones.frames.contains(here) {
            return Ok(());
        }
        let allowed: Vec<String> = zones
            .frames
            .iter()
            .map(|zone| format!("`{zone}`"))
            .collect();
        let detail = format!(
            "frames and photos of the pipeline `{}` enter in {}, and this host is in `{here}`: send them to a host there",
            self.name,
            allowed.join(" or ")
        );
        Err(Problem::new(
            Kind::NotAllowed,
            "frames-enter-elsewhere",
            detail,
        ))
    }

    /// Wishes for another version: which wish that is. An attempt at an earlier one is given up.
    pub(crate) fn wish(&self) -> u64 {
        self.wishes.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether something was wished for after this.
    pub(crate) fn is_passed(&self, wish: u64) -> bool {
        self.wishes.load(Ordering::Relaxed) > wish
    }

    /// Where versions come from now.
    pub(crate) fn source(&self) -> Arc<dyn Source> {
        self.source
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Has versions come from here from now on.
    pub(crate) fn adopt(&self, source: Arc<dyn Source>) {
        *self.source.lock().unwrap_or_else(PoisonError::into_inner) = source;
        self.set_again(false);
    }

    /// Has the version that the source has be tried again after a while, or not.
    pub(crate) fn set_again(&self, again: bool) {
        *self.again.lock().unwrap_or_else(PoisonError::into_inner) =
            again.then(|| Instant::now() + AGAIN);
    }

    /// Whether it is time to try again, which is said once.
    pub(crate) fn due_again(&self) -> bool {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        again.take_if(|due| *due <= Instant::now()).is_some()
    }

    /// Has a version that has passed its probe run, from the next frame on. Only for whoever has the turn.
    pub(crate) fn switch(&self, pipeline: Arc<Pipeline>) {
        let running = self.running.swap(Arc::new(Running {
            pipeline,
            readiness: Readiness::ready(),
            since: attempt::now(),
        }));
        self.hold_members();
        self.previous.store(Some(running.pipeline.clone()));
        // Also after a rollback, which stays until the source changes.
        self.set_again(false);
        self.count_members();
    }

    /// Takes the members that are shared with other hosts as they are now, between two frames. Blocks.
    pub(crate) fn take_members(&self) {
        self.took(self.deployment.take_members());
    }

    /// The same by the boundary of the version that runs now.
    pub(crate) fn hold_members(&self) {
        let running = self.running();
        self.took(self.deployment.hold_members_to(&running.pipeline));
    }

    fn took(&self, taken: Result<bool, NoUpdate>) {
        match taken {
            Ok(false) => {}
            Ok(true) => self.count_members(),
            Err(why) => tracing::error!(
                pipeline = self.name,
                %why,
                "members stay as they were; this is tried again"
            ),
        }
    }

    /// Whether the pipeline keeps members here.
    pub(crate) fn has_gallery(&self) -> bool {
        self.running.load().pipeline.has_gallery()
    }

    /// How many members there were when they were last counted; none without a gallery.
    pub(crate) fn members(&self) -> Option<u64> {
        self.has_gallery()
            .then(|| self.members.load(Ordering::Relaxed))
    }

    /// Counts the members, for the metrics. Reads the gallery: not on an async thread.
    pub(crate) fn count_members(&self) {
        if !self.has_gallery() {
            return;
        }
        match self.running().pipeline.members() {
            Ok(members) => self.members.store(members.len() as u64, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the members could not be counted"),
        }
    }
}

/// Refuses a pipeline whose names would be in the way of others in an answer.
pub(crate) fn check_names(file: &PipelineFile) -> Result<(), Error> {
    let list = file
        .answer
        .keys()
        .find(|name| FrameAnswer::FIELDS.contains(&name.as_str()));
    let stage = file
        .stages
        .keys()
        .find(|name| FrameAnswer::TIMES.contains(&name.as_str()));
    let taken = list.map(|name| ("list of the answer", name));
    match taken.or(stage.map(|name| ("stage", name))) {
        None => Ok(()),
        Some((what, name)) => Err(Error::NameTaken {
            pipeline: file.name.clone(),
            what,
            name: name.clone(),
        }),
    }
}
