//! Members: `/v1/members`.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use footlight_gallery::MemberId;
use tokio::task::spawn_blocking;

use crate::album;
use crate::entry::Entry;
use crate::host::Host;
use crate::kind::Kind;
use crate::member::{Member, Members};
use crate::others::Others;
use crate::problem::Problem;
use crate::refusal;
use crate::request::{Chosen, Segment};

/// Enrol a member, or enrol one anew.
///
/// The body is a form with one file for each photo, of any name; each must show the member alone, well
/// enough to be told from others. Either all photos are enrolled, in place of what was enrolled under
/// this id before, or none is and all is as before. Photos are not kept.
#[utoipa::path(
    put,
    path = "/v1/members/{id}",
    operation_id = "enrolMember",
    tag = "members",
    params(
        ("id" = String, Path, description = "What the member is called", max_length = 64,
            pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        ("pipeline" = Option<String>, Query, description = "Whose gallery, where several have one"),
    ),
    request_body(
        description = "Photos, JPEG or PNG, each as a file of its own",
        content((Photos = "multipart/form-data")),
    ),
    responses(
        (status = 200, description = "The member was enrolled anew", body = Member),
        (status = 201, description = "The member was enrolled", body = Member),
        (status = 400, description = "The id, the query or the form is malformed", body = Problem),
        (status = 403, description = "Photos of this pipeline enter in another zone than this host is in",
            body = Problem),
        (status = 404, description = "There is no such pipeline, or it has no gallery", body = Problem),
        (status = 408, description = "The body did not arrive in time", body = Problem),
        (status = 409, description = "The members are enrolled on another host, which this one follows; or another host \
            that shares them changed the same one", body = Problem),
        (status = 413, description = "The body has too many bytes, or there are too many photos",
            body = Problem),
        (status = 415, description = "The body is not multipart/form-data", body = Problem),
        (status = 422, description = "Photos were refused; `photos` says which and why", body = Problem),
        (status = 500, description = "A stage or the host failed", body = Problem),
        (status = 503, description = "The queue is full, the pipeline is not ready, or where members are kept that \
            hosts share cannot be reached", body = Problem,
            headers(("retry-after" = u32, description = "Seconds after which to try again"))),
    ),
)]
pub(crate) async fn enrol(
    State(host): State<Arc<Host>>,
    Segment(id): Segment,
    Chosen(pipeline): Chosen,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Member>), Problem> {
    let id = member_id(&id)?;
    album::check_media_type(&headers)?;
    let entry = host.gallery(pipeline.as_deref())?;
    entry.check_ready()?;
    entry.check_entrance()?;
    let received = host.intake.receive(&headers, body).await?;
    let photos = album::photos(headers, received.bytes).await?;
    let max_pixels = host.options.max_pixels;
    let span = tracing::info_span!("enrolment", pipeline = entry.name, member = %id);
    let place = host.workers.admit()?;
    let enrolled = place.run(move |hand| {
        let _entered = span.enter();
        let until = Instant::now() + host.options.frame_time;
        let others = Others::new(&host, hand, &host.ids.next(), until);
        let photos = album::decode(photos, max_pixels)?;
        let running = entry.running();
        let known = running
            .pipeline
            .member(&id)
            .map_err(|error| refusal::of_enrolment(&error))?;
        let enrolled = running.pipeline.enrol(&id, photos, &others);
        let member = enrolled.map_err(|error| refusal::of_enrolment(&error))?;
        entry.count_members();
        tracing::info!(templates = member.templates.len(), "a member was enrolled");
        let status = if known.is_some() {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        };
        Ok((status, Json(Member::of(&entry, member))))
    });
    enrolled.await?
}

/// The members.
#[utoipa::path(
    get,
    path = "/v1/members",
    operation_id = "listMembers",
    tag = "members",
    params(("pipeline" = Option<String>, Query, description = "Whose gallery, where several have one")),
    responses(
        (status = 200, description = "All members, by id", body = Members),
        (status = 400, description = "The query is malformed, or must name a pipeline", body = Problem),
        (status = 404, description = "There is no such pipeline, or it has no gallery", body = Problem),
        (status = 500, description = "The gallery cannot be read", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(host): State<Arc<Host>>,
    Chosen(pipeline): Chosen,
) -> Result<Json<Members>, Problem> {
    let entry = host.gallery(pipeline.as_deref())?;
    let members = reading(entry, |entry| {
        let members = entry
            .running()
            .pipeline
            .members()
            .map_err(|error| refusal::of_enrolment(&error))?;
        let members = members.into_iter().map(|member| Member::of(entry, member));
        Ok(members.collect())
    });
    Ok(Json(Members {
        members: members.await?,
    }))
}

/// A member.
#[utoipa::path(
    get,
    path = "/v1/members/{id}",
    operation_id = "getMember",
    tag = "members",
    params(
        ("id" = String, Path, description = "What the member is called"),
        ("pipeline" = Option<String>, Query, description = "Whose gallery, where several have one"),
    ),
    responses(
        (status = 200, description = "What is kept of the member", body = Member),
        (status = 400, description = "The id or the query is malformed", body = Problem),
        (status = 404, description = "There is no such member, pipeline or gallery", body = Problem),
        (status = 500, description = "The gallery cannot be read", body = Problem),
    ),
)]
pub(crate) async fn get(
    State(host): State<Arc<Host>>,
    Segment(id): Segment,
    Chosen(pipeline): Chosen,
) -> Result<Json<Member>, Problem> {
    let id = member_id(&id)?;
    let entry = host.gallery(pipeline.as_deref())?;
    let member = reading(entry, move |entry| {
        let member = entry
            .running()
            .pipeline
            .member(&id)
            .map_err(|error| refusal::of_enrolment(&error))?;
        member
            .map(|member| Member::of(entry, member))
            .ok_or_else(|| unknown(&id))
    });
    member.await.map(Json)
}

/// Forget a member.
///
/// All templates of the member are removed; from the next frame on, nobody is taken for this member.
#[utoipa::path(
    delete,
    path = "/v1/members/{id}",
    operation_id = "forgetMember",
    tag = "members",
    params(
        ("id" = String, Path, description = "What the member is called"),
        ("pipeline" = Option<String>, Query, description = "Whose gallery, where several have one"),
    ),
    responses(
        (status = 204, description = "The member is forgotten"),
        (status = 400, description = "The id or the query is malformed", body = Problem),
        (status = 404, description = "There is no such member, pipeline or gallery", body = Problem),
        (status = 409, description = "The members are enrolled on another host, which this one follows",
            body = Problem),
        (status = 500, description = "The gallery cannot be written", body = Problem),
        (status = 503, description = "The queue is full, or where members are kept that hosts share cannot be reached",
            body = Problem,
            headers(("retry-after" = u32, description = "Seconds after which to try again"))),
    ),
)]
pub(crate) async fn forget(
    State(host): State<Arc<Host>>,
    Segment(id): Segment,
    Chosen(pipeline): Chosen,
) -> Result<StatusCode, Problem> {
    let id = member_id(&id)?;
    let entry = host.gallery(pipeline.as_deref())?;
    // The gallery's model is made anew, which is work like a frame is.
    let forgotten = host.workers.admit()?.run(move |_| {
        let there = entry
            .running()
            .pipeline
            .forget(&id)
            .map_err(|error| refusal::of_enrolment(&error))?;
        entry.count_members();
        if !there {
            return Err(unknown(&id));
        }
        tracing::info!(member = %id, "a member was forgotten");
        Ok(StatusCode::NO_CONTENT)
    });
    forgotten.await?
}

/// Reads a gallery, which is a file, on a thread that may wait for it.
async fn reading<T: Send + 'static>(
    entry: Arc<Entry>,
    read: impl FnOnce(&Entry) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    spawn_blocking(move || read(&entry))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "reading the gallery panicked; this is a defect of the host");
            let detail = "the host failed at this request; its log says where, please report it";
            Err(Problem::new(Kind::Internal, "panicked", detail))
        })
}

fn member_id(text: &str) -> Result<MemberId, Problem> {
    text.parse().map_err(|error: footlight_gallery::InvalidId| {
        Problem::new(Kind::MalformedRequest, "malformed-id", error.to_string())
    })
}

fn unknown(id: &MemberId) -> Problem {
    Problem::new(
        Kind::NotFound,
        "unknown-member",
        format!("there is no member `{id}`"),
    )
}

/// The form of an enrolment, for the description of the API only.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "the form is read part by part; this describes it")]
pub(crate) struct Photos {
    /// The photos, each as a file of its own.
    #[schema(min_items = 1, content_media_type = "application/octet-stream")]
    photo: Vec<Vec<u8>>,
}
