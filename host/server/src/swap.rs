//! Changing the version of a pipeline while it runs.
//!
//! A new version is read, compiled and probed beside the one that runs, and only then takes its place:
//! frames that were begun finish on the version that they have, the next ones begin on the new. One that
//! fails at any of this is forgotten, and the reason is kept for people to see. Of two changes to one pipeline the
//! second waits, or is refused; a version may be [`Opened`] before that, so that nobody waits for its registry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use footlight_pipeline::{Definition, FrameError, OpenError, Pipeline, Source};
use tokio::sync::OwnedMutexGuard;
use tokio::task::spawn_blocking;

use crate::answer::milliseconds;
use crate::attempt::{self, Attempt, Cause, Outcome};
use crate::entry::{Entry, check_names};
use crate::host::Host;
use crate::kind::Kind;
use crate::others::lacking;
use crate::problem::Problem;

/// How often other hosts are looked at that a version waits for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The turn to change a pipeline's version.
pub(crate) struct Turn {
    host: Arc<Host>,
    entry: Arc<Entry>,
    /// Whether this was tried before and nothing was changed since.
    again: bool,
    /// Which wish this is to fulfil, where it may be given up for a later one.
    wish: Option<u64>,
    _held: OwnedMutexGuard<()>,
}

/// What a source has, opened beside the version that runs, or why it could not be.
pub(crate) struct Opened {
    source: Arc<dyn Source>,
    began: Instant,
    pipeline: Result<Pipeline, Unopened>,
}

/// What an attempt has come to know when it ends.
struct Tried {
    outcome: Outcome,
    version: Option<String>,
    reason: Option<String>,
}

/// Why a version could not be opened.
struct Unopened {
    reason: String,
    /// Whether it may be another time.
    may_pass: bool,
}

impl From<String> for Unopened {
    fn from(reason: String) -> Self {
        Self {
            reason,
            may_pass: false,
        }
    }
}

impl From<OpenError> for Unopened {
    fn from(error: OpenError) -> Self {
        Self {
            reason: error.to_string(),
            may_pass: error.may_pass(),
        }
    }
}

impl Opened {
    /// Opens what a source has now, with what the version that runs and the one before it have already. Blocks, and has
    /// no turn: it may wait for a registry.
    pub(crate) fn of(entry: &Entry, source: Arc<dyn Source>) -> Self {
        Self {
            began: Instant::now(),
            pipeline: source
                .load()
                .map_err(Unopened::from)
                .and_then(|definition| open(entry, definition)),
            source,
        }
    }
}

fn open(entry: &Entry, definition: Definition) -> Result<Pipeline, Unopened> {
    let (name, file) = (&entry.name, &definition.file);
    if file.name != *name {
        return Err(Unopened::from(format!(
            "{}: the pipeline is called `{}`, and a host that serves `{name}` cannot call it otherwise while it \
             runs: put the name back, or start a host with it",
            definition.origin, file.name
        )));
    }
    check_names(file).map_err(|error| Unopened::from(error.to_string()))?;
    let running = entry.running();
    let previous = entry.previous();
    let beside = [Some(&*running.pipeline), previous.as_deref()];
    let beside: Vec<&Pipeline> = beside.into_iter().flatten().collect();
    Ok(entry.deployment.open(definition, &beside)?)
}

impl Tried {
    fn refused(version: Option<&Pipeline>, reason: impl ToString) -> Self {
        Self {
            outcome: Outcome::Refused,
            version: version.map(|pipeline| pipeline.version().pipeline.clone()),
            reason: Some(reason.to_string()),
        }
    }
}

impl Turn {
    /// The turn, if nobody has it.
    pub(crate) fn take(host: &Arc<Host>, entry: &Arc<Entry>) -> Result<Self, Problem> {
        let held = entry.turn.clone().try_lock_owned().map_err(|_| {
            let detail = format!(
                "the version of the pipeline `{}` is being changed just now; ask again when that is done",
                entry.name
            );
            Problem::new(Kind::Conflict, "swap-in-progress", detail)
        })?;
        Ok(Self::held(host, entry, held))
    }

    /// The turn, when nobody has it any more.
    pub(crate) async fn wait(host: &Arc<Host>, entry: &Arc<Entry>) -> Self {
        let held = entry.turn.clone().lock_owned().await;
        Self::held(host, entry, held)
    }

    fn held(host: &Arc<Host>, entry: &Arc<Entry>, held: OwnedMutexGuard<()>) -> Self {
        Self {
            host: host.clone(),
            entry: entry.clone(),
            again: false,
            wish: None,
            _held: held,
        }
    }

    /// Switches to the version that a source has, which is where versions come from thereafter. Goes on to
    /// its end even if nobody waits for it any more.
    pub(crate) async fn swap(
        self,
        source: Arc<dyn Source>,
        cause: Cause,
    ) -> Result<Attempt, Problem> {
        let described = source.describe();
        let switch = move |turn: &Self| turn.switch_to(Opened::of(&turn.entry, source));
        self.attempt(cause, described, Instant::now(), switch).await
    }

    /// Tries once more what was refused for what may pass. A refusal for the same reason is not told again.
    pub(crate) async fn try_again(mut self, source: Arc<dyn Source>) -> Result<Attempt, Problem> {
        self.again = true;
        self.swap(source, Cause::Change).await
    }

    /// Switches to what was opened, unless something else is wished for meanwhile.
    pub(crate) async fn take_opened(
        mut self,
        opened: Opened,
        wish: u64,
    ) -> Result<Attempt, Problem> {
        self.wish = Some(wish);
        let (described, began) = (opened.source.describe(), opened.began);
        let switch = move |turn: &Self| turn.switch_to(opened);
        self.attempt(Cause::Change, described, began, switch).await
    }

    /// Switches back to the version that ran before this one.
    pub(crate) async fn roll_back(self) -> Result<Attempt, Problem> {
        let Some(previous) = self.entry.previous() else {
            let detail = format!(
                "the pipeline `{}` has run in one version only since the host was started",
                self.entry.name
            );
            return Err(Problem::new(Kind::Conflict, "no-previous-version", detail));
        };
        let described = previous.origin().to_owned();
        let back = move |turn: &Self| turn.probe_and_switch(previous, Pipeline::probe);
        self.attempt(Cause::Rollback, described, Instant::now(), back)
            .await
    }

    /// Makes an attempt on a thread that may wait, and tells of it.
    async fn attempt(
        self,
        cause: Cause,
        source: String,
        began: Instant,
        attempt: impl FnOnce(&Self) -> Tried + Send + 'static,
    ) -> Result<Attempt, Problem> {
        let span = tracing::info_span!("swap", pipeline = self.entry.name);
        let done = spawn_blocking(move || {
            let _entered = span.enter();
            let tried = self.stopping(None).unwrap_or_else(|| attempt(&self));
            let attempt = Attempt {
                at: attempt::now(),
                cause,
                source,
                outcome: tried.outcome,
                version: tried.version,
                reason: tried.reason,
                milliseconds: milliseconds(began.elapsed()),
            };
            self.tell(&attempt);
            attempt
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "changing a version panicked; this is a defect of the host");
            let detail = "the host failed at this; its log says where, please report it. The version that ran goes on";
            Problem::new(Kind::Internal, "panicked", detail)
        })
    }

    fn tell(&self, attempt: &Attempt) {
        let (version, source) = (attempt.version.as_deref(), &attempt.source);
        let ms = attempt.milliseconds;
        if self.again && attempt.reason.is_some() && self.entry.history.refusal() == attempt.reason
        {
            return;
        }
        match attempt.outcome {
            Outcome::Switched => tracing::info!(version, source, ms, "switched to another version"),
            Outcome::Unchanged => tracing::info!(version, source, "the version that runs already"),
            Outcome::Refused => {
                let reason = attempt.reason.as_deref();
                tracing::error!(
                    version,
                    source,
                    reason,
                    "a version is refused; the one before it goes on"
                );
            }
        }
        let metrics = &self.host.metrics.versions;
        metrics.attempted(&self.entry.name, attempt.outcome);
        self.entry.history.add(attempt.clone());
    }

    fn switch_to(&self, opened: Opened) -> Tried {
        let Opened {
            source, pipeline, ..
        } = opened;
        let pipeline = match pipeline {
            Ok(pipeline) => pipeline,
            Err(why) => {
                if Arc::ptr_eq(&source, &self.entry.source()) {
                    self.entry.set_again(why.may_pass);
                }
                return Tried::refused(None, why.reason);
            }
        };
        let running = self.entry.running();
        let tried = if pipeline.version() == running.pipeline.version() {
            Tried {
                outcome: Outcome::Unchanged,
                version: Some(pipeline.version().pipeline.clone()),
                reason: None,
            }
        } else {
            // What runs beside it need not be tried again.
            self.probe_and_switch(Arc::new(pipeline), Pipeline::probe_new)
        };
        if tried.outcome != Outcome::Refused {
            self.entry.adopt(source);
        }
        tried
    }

    /// The end of an attempt that is made no more: the host is about to end, or something else is wished for by now. Asked
    /// between steps.
    fn stopping(&self, version: Option<&Pipeline>) -> Option<Tried> {
        let passed = self.wish.is_some_and(|wish| self.entry.is_passed(wish));
        let why = match (self.host.stopping(), passed) {
            (true, _) => "the host is stopping",
            (false, true) => "another version is wished for by now",
            (false, false) => return None,
        };
        Some(Tried::refused(version, why))
    }

    /// Waits until items can go on from every stage that runs here, in this version: a frame goes through one version
    /// from beginning to end. Others wait for this host in the same way, so it offers the version meanwhile.
    fn wait_for_others(&self, pipeline: &Arc<Pipeline>) -> Result<(), Tried> {
        if self.host.peers.is_none() {
            return Ok(());
        }
        let until = Instant::now() + self.host.options.others_ready;
        self.entry.offer(Some(pipeline.clone()));
        let waited = loop {
            let Some(stage) = lacking(&self.host, pipeline) else {
                break Ok(());
            };
            if let Some(stopping) = self.stopping(Some(pipeline)) {
                break Err(stopping);
            }
            if Instant::now() > until {
                let reason = format!(
                    "no other host has the stage `{stage}`, or what follows it, ready in this version: see to it that the \
                     hosts that run it take the version, too (`GET /v1/peers` says what each runs)"
                );
                // They may have it later.
                self.entry.set_again(true);
                break Err(Tried::refused(Some(pipeline), reason));
            }
            std::thread::sleep(LOOK_AGAIN);
        };
        // From here on it runs, or does not.
        if waited.is_err() {
            self.entry.offer(None);
        }
        waited
    }

    fn probe_and_switch(
        &self,
        pipeline: Arc<Pipeline>,
        probe: fn(&Pipeline) -> Result<(), FrameError>,
    ) -> Tried {
        if let Some(stopping) = self.stopping(Some(&pipeline)) {
            return stopping;
        }
        if let Err(error) = probe(&pipeline) {
            let reason = format!("it failed on its probe item: {error}");
            return Tried::refused(Some(&pipeline), reason);
        }
        if let Some(stopping) = self.stopping(Some(&pipeline)) {
            return stopping;
        }
        let version = pipeline.version().pipeline.clone();
        if let Err(tried) = self.wait_for_others(&pipeline) {
            return tried;
        }
        self.entry.switch(pipeline);
        self.entry.offer(None);
        self.host.metrics.versions.runs(&self.entry.name, &version);
        Tried {
            outcome: Outcome::Switched,
            version: Some(version),
            reason: None,
        }
    }
}
