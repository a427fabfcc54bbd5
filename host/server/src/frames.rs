//! Frames: `POST /v1/pipelines/{name}/frames`.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use footlight_peers::{TRACEPARENT, Trace};
use tracing::Instrument;

use crate::answer::{FrameAnswer, Lists, milliseconds};
use crate::entry::Entry;
use crate::host::Host;
use crate::intake::Received;
use crate::live;
use crate::others::Others;
use crate::photo;
use crate::problem::{FRAME_HEADER, Problem};
use crate::record::Record;
use crate::refusal;
use crate::request::{Segment, Stream};
use crate::workers::Due;

/// Send a frame through a pipeline.
///
/// The body is one picture. Whether it is a JPEG or a PNG is seen from the picture itself; EXIF
/// orientation is honoured. Every answer, a problem included, has the frame's id in the header
/// `footlight-frame`, by which the host's log names it, and the trace that it is part of in `traceparent`: the one of
/// the request, where that has the header as W3C Trace Context says, or one of its own.
///
/// A frame of a live stream says so. Where the host has more to do than it can, it gives way to a newer one of its
/// stream that comes while it still waits, and is answered with 503, `superseded`. Others wait for their turn.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/frames",
    operation_id = "submitFrame",
    tag = "frames",
    params(
        ("name" = String, Path, description = "The pipeline's name"),
        ("stream" = Option<String>, Query, description = "The live stream that it is of", max_length = 64,
            pattern = "^[A-Za-z0-9._-]+$"),
        ("traceparent" = Option<String>, Header, description = "The trace that it is to be part of"),
    ),
    request_body(
        description = "A picture",
        content(([u8] = "image/jpeg"), ([u8] = "image/png")),
    ),
    responses(
        (status = 200, description = "What the pipeline found", body = FrameAnswer,
            headers(
                ("footlight-frame" = String, description = "The frame's id"),
                ("traceparent" = String, description = "The trace that it is part of"),
            )),
        (status = 400, description = "The query is malformed; or the body is empty or broke off", body = Problem),
        (status = 403, description = "Frames of this pipeline enter in another zone than this host is in",
            body = Problem),
        (status = 404, description = "There is no such pipeline", body = Problem),
        (status = 408, description = "The body did not arrive in time", body = Problem),
        (status = 413, description = "The body has too many bytes, or the picture too many pixels",
            body = Problem),
        (status = 415, description = "The body is of another type than image/jpeg and image/png, or \
            a JPEG or PNG of a kind that is not read", body = Problem),
        (status = 422, description = "The body is no picture, is cut off or damaged; or a stage said \
            that it cannot work on this frame (`unsuitable-item`)", body = Problem),
        (status = 500, description = "A stage failed at this frame, with `stage` and a `reason` such \
            as stage-trapped, stage-timed-out, stage-out-of-memory; or the host did. The next frame is \
            not affected. It is not a 502 or 504, as sending the same frame again would not help",
            body = Problem),
        (status = 503, description = "The queue is full, the pipeline is not ready, or no host is there for a \
            stage that this one does not run; or a newer frame of its stream took its turn (`superseded`)", body = Problem,
            headers(("retry-after" = u32, description = "Seconds after which to try again; not where it is superseded"))),
    ),
)]
pub(crate) async fn submit(
    State(host): State<Arc<Host>>,
    Segment(name): Segment,
    Stream(stream): Stream,
    headers: HeaderMap,
    body: Body,
) -> Result<([(HeaderName, String); 2], Json<FrameAnswer>), Problem> {
    let entry = host.pipeline(&name)?;
    let record = Record::begin(&host, &name, Trace::of(&headers));
    let live = stream.map(|stream| live::Frame {
        pipeline: name,
        stream,
        since: record.began(),
    });
    let span = record.span().clone();
    let taken = take_on(&host, &entry, live, &headers, body);
    let (due, received) = match taken.instrument(span.clone()).await {
        Ok(taken) => taken,
        Err(problem) => return Err(record.problem(problem)),
    };
    let (frame, trace) = (record.frame().to_owned(), record.trace().clone());
    let scope = span.clone();
    let worked = due.run(move |hand| {
        let until = Instant::now() + host.options.frame_time;
        let others = Others::new(&host, hand, record.frame(), record.trace(), until);
        scope.in_scope(|| work(&host, &entry, record, received, &others))
    });
    match worked.instrument(span).await {
        Ok(answer) => {
            let headers = [(FRAME_HEADER, frame), (TRACEPARENT, trace.to_string())];
            answer.map(|answer| (headers, Json(answer)))
        }
        Err(problem) => Err(problem.of_frame(&frame, &trace)),
    }
}

/// The frame's bytes and a worker, once its turn has come, if it can be taken on at all.
async fn take_on(
    host: &Host,
    entry: &Entry,
    live: Option<live::Frame>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Due, Received), Problem> {
    photo::check_media_type(headers)?;
    entry.check_ready()?;
    entry.check_entrance()?;
    let received = host.intake.receive(headers, body).await?;
    // Only now: a client that sends slowly must not keep a place from one that does not.
    let place = match live {
        Some(frame) => host.workers.admit_live(frame)?,
        None => host.workers.admit()?,
    };
    Ok((place.turn().await?, received))
}

/// What a worker does with a frame.
fn work(
    host: &Host,
    entry: &Entry,
    record: Record,
    received: Received,
    others: &Others<'_>,
) -> Result<FrameAnswer, Problem> {
    let began = Instant::now();
    let image = match photo::decode(&received.bytes, host.options.max_pixels) {
        Ok(image) => image,
        Err(problem) => return Err(record.problem(problem)),
    };
    drop(received);
    let decoded = began.elapsed();
    // Once for the frame: what is switched to meanwhile is for the next.
    let running = entry.running();
    let outcome = match running.pipeline.process_with(image, others) {
        Ok(outcome) => outcome,
        Err(error) => return Err(record.problem(refusal::of_frame(&error))),
    };
    record.stages(&outcome.stages);
    let stages = outcome.stages.iter();
    let answer = FrameAnswer {
        pipeline: entry.name.clone(),
        version: outcome.version.into(),
        frame: record.frame().to_owned(),
        width: outcome.width,
        height: outcome.height,
        milliseconds: stages
            .map(|timing| (timing.stage.clone(), milliseconds(timing.elapsed)))
            .chain([("decode".to_owned(), milliseconds(decoded))])
            .chain([("total".to_owned(), milliseconds(began.elapsed()))])
            .collect(),
        lists: Lists(outcome.answer),
    };
    record.answered(began);
    Ok(answer)
}
