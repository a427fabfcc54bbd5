//! Members of pipelines, as objects of a cluster.
//!
//! Each member is one object of the kind `Member`, encrypted before it comes here. The API server is the one that writes,
//! whichever host asked; of two that change the same object at once, its `resourceVersion` lets one through. What was written
//! comes to all hosts by a watch.

mod seen;

use std::fmt;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use footlight_gallery::SealedMember;
use footlight_pipeline::{Members, MembersError};
use futures_util::StreamExt;
use kube::api::{DeleteParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};

use self::seen::Seen;
use crate::member_file::MemberFile;
use crate::steady;

/// The objects.
static MEMBER: LazyLock<ApiResource> = LazyLock::new(|| {
    let kind = GroupVersionKind::gvk("footlight.dev", "v1alpha1", "Member");
    ApiResource::from_gvk_with_plural(&kind, "members")
});

/// How long changes are collected before they are told: an enrolment day is many of them.
const COLLECTED: Duration = Duration::from_millis(50);
/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a change is tried that others get ahead of.
const TRIES: usize = 5;

/// The members of all pipelines of a namespace.
pub struct ClusterMembers {
    api: Api<DynamicObject>,
    place: String,
    runtime: Handle,
    file: Option<MemberFile>,
    seen: Mutex<Seen>,
    /// Told when something was written from here.
    written: Notify,
}

/// The members of one pipeline.
struct OfPipeline {
    all: Arc<ClusterMembers>,
    pipeline: String,
}

impl ClusterMembers {
    /// Those of a namespace. `runtime` is where what blocks waits; `cache` is the folder where they are remembered, for when
    /// the host starts and the API server is away. Nothing is asked of the API server yet.
    pub fn new(
        client: Client,
        namespace: &str,
        runtime: Handle,
        cache: Option<PathBuf>,
    ) -> Arc<Self> {
        let file = cache.map(|folder| MemberFile::new(&folder));
        let lines = file.as_ref().map(MemberFile::read).unwrap_or_default();
        Arc::new(Self {
            api: Api::<DynamicObject>::namespaced_with(client, namespace, &MEMBER),
            place: format!("objects `members.footlight.dev` in the namespace `{namespace}`"),
            runtime,
            file,
            seen: Mutex::new(Seen::remembered(lines)),
            written: Notify::new(),
        })
    }

    /// Those of one pipeline.
    pub fn of(self: &Arc<Self>, pipeline: &str) -> Arc<dyn Members> {
        Arc::new(OfPipeline {
            all: self.clone(),
            pipeline: pipeline.to_owned(),
        })
    }

    /// Looks at the objects for as long as this is polled, and tells of each pipeline whose members have changed, on a thread
    /// that may wait. What cannot be seen for a while stays as it was.
    pub async fn follow(self: Arc<Self>, changed: impl Fn(&str) + Send + Sync + 'static) {
        let changed = Arc::new(changed);
        let mut events = pin!(steady::events(self.api.clone(), watcher::Config::default()));
        let mut away: Option<String> = None;
        let mut due: Option<Instant> = None;
        loop {
            let collected = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        if away.take().is_some() {
                            tracing::info!("the members of the cluster are seen again");
                        }
                        self.lock().saw(event);
                    }
                    Some(Err(error)) => {
                        let error = error.to_string();
                        if away.as_ref() != Some(&error) {
                            tracing::warn!(error, "the members of the cluster cannot be seen; those that are known stay");
                            away = Some(error);
                        }
                    }
                    None => return,
                },
                () = self.written.notified() => {}
                () = collected => {
                    due = None;
                    self.clone().tell(changed.clone()).await;
                }
            }
            if due.is_none() && !self.lock().changed.is_empty() {
                due = Some(Instant::now() + COLLECTED);
            }
        }
    }

    /// Tells of what has changed, and remembers it.
    async fn tell(self: Arc<Self>, changed: Arc<impl Fn(&str) + Send + Sync + 'static>) {
        let (pipelines, lines) = {
            let mut seen = self.lock();
            (std::mem::take(&mut seen.changed), seen.lines())
        };
        let told = spawn_blocking(move || {
            for pipeline in &pipelines {
                changed(pipeline);
            }
            if let Some(file) = &self.file
                && let Err(error) = file.write(&lines)
            {
                let path = file.path().display();
                tracing::warn!(%path, %error, "members cannot be remembered for the next start");
            }
        });
        if let Err(error) = told.await {
            tracing::error!(%error, "taking members panicked; this is a defect of the host");
        }
    }

    async fn put(&self, pipeline: &str, member: &SealedMember) -> Result<(), MembersError> {
        let name = object_name(pipeline, &member.name);
        let parameters = PostParams {
            field_manager: Some("footlight".to_owned()),
            ..PostParams::default()
        };
        for _ in 0..TRIES {
            let before = self
                .api
                .get_opt(&name)
                .await
                .map_err(|error| failed(&error))?;
            let mut object = DynamicObject::new(&name, &MEMBER).data(json!({
                "spec": {
                    "pipeline": pipeline,
                    "about": member.about,
                    "sealed": Base64::encode_string(&member.sealed),
                }
            }));
            let done = match &before {
                None => self.api.create(&parameters, &object).await,
                Some(before) => {
                    newer(member, before)?;
                    // With this, it is refused where somebody else was there first.
                    object.metadata.resource_version = before.resource_version();
                    self.api.replace(&name, &parameters, &object).await
                }
            };
            match done {
                Ok(object) => {
                    self.lock().put(&object);
                    self.written.notify_one();
                    return Ok(());
                }
                // Somebody made, changed or removed it in between.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(kube::Error::Api(status)) if status.code == 404 && before.is_some() => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Err(MembersError::Changed(
            "other hosts change this member again and again at the same time: look whether it is as it should be, and try \
             again"
                .to_owned(),
        ))
    }

    async fn remove(&self, pipeline: &str, name: &str) -> Result<bool, MembersError> {
        let name = object_name(pipeline, name);
        let deleted = self.api.delete(&name, &DeleteParams::default()).await;
        let uid = match deleted {
            Ok(deleted) => deleted.either(
                |object| object.uid(),
                |status| status.details.map(|details| details.uid),
            ),
            // Where it is still known, the watch is about to tell.
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(false),
            Err(error) => return Err(failed(&error)),
        };
        self.lock().removed(&name, uid.unwrap_or_default());
        self.written.notify_one();
        Ok(true)
    }

    /// Waits for a change, on a thread that may, and not for ever.
    fn wait<T>(
        &self,
        change: impl Future<Output = Result<T, MembersError>>,
    ) -> Result<T, MembersError> {
        let waited = self
            .runtime
            .block_on(async { timeout(PATIENCE, change).await });
        waited.unwrap_or_else(|_| {
            Err(MembersError::Away(format!(
                "the API server of the cluster, where members are kept, has not answered for {} seconds: whether this was done \
                 is not known; try it again, which does no harm",
                PATIENCE.as_secs()
            )))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members for OfPipeline {
    fn describe(&self) -> String {
        self.all.place.clone()
    }

    fn all(&self) -> Vec<Arc<SealedMember>> {
        self.all.lock().of(&self.pipeline)
    }

    fn put(&self, member: SealedMember) -> Result<(), MembersError> {
        self.all.wait(self.all.put(&self.pipeline, &member))
    }

    fn remove(&self, name: &str) -> Result<bool, MembersError> {
        self.all.wait(self.all.remove(&self.pipeline, name))
    }
}

impl fmt::Debug for OfPipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "members of `{}`", self.pipeline)
    }
}

/// What a member's object is called.
fn object_name(pipeline: &str, name: &str) -> String {
    format!("{pipeline}-{name}")
}

/// Refuses to put a member in place of one that was enrolled later, which this host has not seen yet.
fn newer(member: &SealedMember, before: &DynamicObject) -> Result<(), MembersError> {
    let sealed = |about: &str| {
        let about: Option<Value> = serde_json::from_str(about).ok();
        about.and_then(|about| about.get("sealed")?.as_u64())
    };
    let before = before.data.get("spec").and_then(|spec| spec.get("about"));
    let before = before.and_then(Value::as_str).and_then(sealed);
    // What is no member is nothing to keep.
    if before.is_none_or(|before| sealed(&member.about).is_some_and(|now| now >= before)) {
        return Ok(());
    }
    Err(MembersError::Changed(
        "another host has enrolled this member at the same time, or its clock is ahead of this one's: look whether the member is \
         as it should be, and try again"
            .to_owned(),
    ))
}

/// What the API server says, in words for whoever enrols.
fn failed(error: &kube::Error) -> MembersError {
    match error {
        kube::Error::Api(status) if status.code == 403 => MembersError::Failed(format!(
            "the cluster does not let this host change members: its service account needs the Role of k8s/ ({})",
            status.message
        )),
        kube::Error::Api(status) if status.code == 404 => MembersError::Failed(format!(
            "the cluster knows no objects `members.footlight.dev`, or not the host's namespace: apply k8s/ ({})",
            status.message
        )),
        kube::Error::Api(status) if status.code == 429 || status.code >= 500 => {
            MembersError::Away(format!(
                "the API server of the cluster, where members are kept, cannot do it now: {}",
                status.message
            ))
        }
        kube::Error::Api(status) => MembersError::Failed(format!(
            "the API server of the cluster refuses the member: {}",
            status.message
        )),
        error => MembersError::Away(format!(
            "the API server of the cluster, where members are kept, cannot be reached: {error}"
        )),
    }
}
