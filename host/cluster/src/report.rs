//! How a host writes what it says of itself, and what follows for all, into the status of pipeline objects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use footlight_pipeline::Definition;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::Value;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use crate::api::Cluster;
use crate::status::{Host, State, Status};
use crate::view::{PIPELINE, View};

/// What changes together is written once.
const TOGETHER: Duration = Duration::from_millis(50);
/// How long to wait before a status is written again that could not be.
const AGAIN: Duration = Duration::from_millis(700);

/// What a host says of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The zone that the host is in, as its certificate names it.
    pub zone: Option<String>,
    /// The version that it runs.
    pub version: Option<String>,
    /// The version that it is to run, which all else is about.
    pub wanted: Option<String>,
    /// How far it is with that.
    pub state: State,
    /// The stages that it runs.
    pub stages: Vec<String>,
    /// The stages that it does not run, each with why.
    pub elsewhere: BTreeMap<String, String>,
    /// What is in its way; empty where nothing is.
    pub message: String,
}

/// What a host says, by the name of the pipeline.
pub type Reports = BTreeMap<String, Report>;

/// Writes what a host says.
pub struct Reporter {
    cluster: Cluster,
    views: Receiver<View>,
    reports: Receiver<Reports>,
}

impl Reporter {
    /// For what is seen and what is said.
    pub fn new(cluster: Cluster, views: Receiver<View>, reports: Receiver<Reports>) -> Self {
        Self {
            cluster,
            views,
            reports,
        }
    }

    /// Writes whenever something is to be said that is not there, for as long as this is polled.
    pub async fn run(mut self) {
        let mut said = None;
        loop {
            let outcome = self.write_all().await;
            let failed = outcome.err();
            if let Some(why) = failed.as_ref().filter(|why| said.as_ref() != Some(*why)) {
                tracing::warn!(why, "what this host says of itself is not written");
            }
            let again = failed.is_some();
            said = failed;
            let changed = async {
                tokio::select! {
                    seen = self.views.changed() => seen.is_ok(),
                    said = self.reports.changed() => said.is_ok(),
                }
            };
            let open = tokio::select! {
                open = changed => open,
                () = sleep(AGAIN), if again => true,
            };
            if !open {
                return;
            }
            sleep(TOGETHER).await;
        }
    }

    async fn write_all(&mut self) -> Result<(), String> {
        let view = self.views.borrow_and_update().clone();
        let reports = self.reports.borrow_and_update().clone();
        let mut outcome = Ok(());
        for (name, object) in view.pipelines.iter().flatten() {
            let Some(status) = self.status(&view, object, reports.get(name)) else {
                continue;
            };
            // One that cannot be written keeps no other from it.
            let written = self.write(object, &status).await;
            outcome = outcome.and(written.map_err(|why| format!("{name}: {why}")));
        }
        outcome
    }

    /// The status that an object is to have, where it is another than it has.
    fn status(
        &self,
        view: &View,
        object: &DynamicObject,
        report: Option<&Report>,
    ) -> Option<Status> {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let hosts = view.hosts.as_ref()?;
        let me = self.cluster.me();
        // Of one that is about to end, or not seen to run yet, others take out what it says; it would be put back for ever.
        if !hosts.iter().any(|host| host.name == me.pod) {
            return None;
        }
        let there = object.data.get("status").cloned().unwrap_or(Value::Null);
        let before: Status = serde_json::from_value(there).unwrap_or_default();
        let mut status = before.clone();
        if let Some(report) = report {
            let report = report.clone();
            status = status.with(Host {
                pod: me.pod.clone(),
                node: me.node.clone(),
                zone: report.zone,
                version: report.version,
                wanted: report.wanted,
                state: report.state,
                stages: report.stages,
                elsewhere: report.elsewhere,
                message: report.message,
            });
        }
        // A pod that is not ready may be one that nobody hears of.
        let first = hosts.iter().find(|host| host.ready).or(hosts.first());
        if first.is_some_and(|first| first.name == me.pod) {
            let spec = object.data.get("spec").cloned().unwrap_or(Value::Null);
            let name = object.name_any();
            let judged = Definition::of_object(&name, &spec, name.clone());
            let there: BTreeSet<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
            let away = hosts.iter().filter(|host| !host.ready);
            let away: BTreeSet<&str> = away.map(|host| host.name.as_str()).collect();
            let said = status.only(&there).hosts;
            let generation = object.metadata.generation.unwrap_or_default();
            status = Status::follows(&before, generation, &judged, said, &away, &now);
        }
        (status != before).then_some(status)
    }

    async fn write(&self, object: &DynamicObject, status: &Status) -> Result<(), String> {
        let namespace = &self.cluster.me().namespace;
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.cluster.client.clone(), namespace, &*PIPELINE);
        let name = object.name_any();
        let mut object = object.clone();
        // Only as the object was when this was made of it: `metadata.resourceVersion` is sent along.
        object.metadata.managed_fields = None;
        let value = serde_json::to_value(status).map_err(|error| error.to_string())?;
        if let Some(data) = object.data.as_object_mut() {
            data.insert("status".to_owned(), value);
        }
        match api
            .replace_status(&name, &PostParams::default(), &object)
            .await
        {
            // Somebody else has written meanwhile, and what that was is seen next.
            Err(kube::Error::Api(error)) if error.code == 409 || error.code == 404 => {
                tracing::debug!(pipeline = name, "its status has changed meanwhile");
                Ok(())
            }
            Err(error) => Err(error.to_string()),
            Ok(_) => Ok(()),
        }
    }
}
