//! What the log and the metrics say of a frame.

use std::sync::Arc;
use std::time::Instant;

use footlight_peers::Trace;
use footlight_pipeline::StageTiming;
use tracing::{Span, field};

use crate::answer::milliseconds;
use crate::host::Host;
use crate::kind::Kind;
use crate::metrics::Outcome;
use crate::problem::Problem;

/// One frame, from the request's head to its end, whatever that is: this ends in the log and in the
/// metrics when it is dropped.
pub(crate) struct Record {
    host: Arc<Host>,
    pipeline: String,
    frame: String,
    trace: Trace,
    span: Span,
    began: Instant,
    outcome: Option<Outcome>,
}

impl Record {
    /// Begins one, for a pipeline that is there, as a part of a trace.
    pub(crate) fn begin(host: &Arc<Host>, pipeline: &str, trace: Trace) -> Self {
        let frame = host.ids.next();
        let span = tracing::info_span!(
            "frame",
            pipeline,
            frame,
            trace = trace.id(),
            part = trace.part_id(),
            outcome = field::Empty,
            ms = field::Empty,
        );
        Self {
            host: Arc::clone(host),
            pipeline: pipeline.to_owned(),
            frame,
            trace,
            span,
            began: Instant::now(),
            outcome: None,
        }
    }

    /// The frame's id.
    pub(crate) fn frame(&self) -> &str {
        &self.frame
    }

    /// The trace that it is part of.
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// When its request began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// The frame's span; the stages' spans belong inside.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Counts what stages did for it.
    pub(crate) fn stages(&self, timings: &[StageTiming]) {
        // A stage that had nothing to do says nothing of how long it takes.
        for timing in timings.iter().filter(|timing| timing.items > 0) {
            let metrics = &self.host.metrics;
            metrics.stage(&self.pipeline, &timing.stage, timing.items, timing.elapsed);
        }
    }

    /// Ends it with an answer, for which a worker took from `began` on.
    pub(crate) fn answered(mut self, began: Instant) {
        self.host.metrics.worked(&self.pipeline, began.elapsed());
        self.outcome = Some(Outcome::Answered);
    }

    /// Ends it with a problem.
    pub(crate) fn problem(mut self, problem: Problem) -> Problem {
        let superseded = problem.kind == Kind::Superseded.uri();
        let passes = superseded || problem.retry_after.is_some();
        let failed = problem.status().is_server_error() && !passes;
        self.outcome = Some(match (superseded, failed) {
            (true, _) => Outcome::Superseded,
            (_, true) => Outcome::Failed,
            _ => Outcome::Refused,
        });
        let (stage, detail) = (problem.stage.as_deref(), &problem.detail);
        self.span.in_scope(|| {
            if failed {
                tracing::warn!(reason = problem.reason, stage, detail, "a frame failed");
            } else {
                tracing::debug!(
                    reason = problem.reason,
                    stage,
                    detail,
                    "a frame was refused"
                );
            }
        });
        problem.of_frame(&self.frame, &self.trace)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let outcome = self.outcome.unwrap_or(if std::thread::panicking() {
            Outcome::Failed
        } else {
            Outcome::Abandoned
        });
        self.host.metrics.frame(&self.pipeline, outcome);
        let ms = milliseconds(self.began.elapsed());
        self.span.record("outcome", outcome.word());
        self.span.record("ms", ms);
        self.span
            .in_scope(|| tracing::info!("frame {}", outcome.word()));
    }
}
