//! The status of a pipeline object: what each host says, and what follows from all of it.

use std::collections::{BTreeMap, BTreeSet};

use footlight_pipeline::{Definition, Rejection};
use serde::{Deserialize, Serialize};

/// What a pipeline object says under `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation of the object that this is about.
    pub observed_generation: i64,
    /// The version that runs: the digest of its `spec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many stages run in one version, of how many: `2/3`.
    pub stages_ready: String,
    /// How many hosts run a stage of it.
    pub hosts_serving: usize,
    /// `Accepted`, `Placed`, `Ready`.
    pub conditions: Vec<Condition>,
    /// Its stages, in the order of their names.
    pub stages: Vec<Stage>,
    /// What each host says.
    pub hosts: Vec<Host>,
}

/// A condition, as they are in Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// Which one.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True` or `False`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// The generation of the object that it is about.
    pub observed_generation: i64,
    /// When the status last became another.
    pub last_transition_time: String,
}

/// A stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Whether a host runs it in the version that runs.
    pub ready: bool,
    /// How many do.
    pub hosts: usize,
    /// On which nodes.
    pub nodes: Vec<String>,
    /// Why none does, where that is so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A host, as it says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Host {
    /// Its pod.
    pub pod: String,
    /// The node that it is on.
    pub node: String,
    /// The zone that its certificate names, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The version that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version that all else is about: the one that it is to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// How far it is with that.
    pub state: State,
    /// The stages that it runs.
    pub stages: Vec<String>,
    /// The stages that it does not run, each with why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<String, String>,
    /// What is in its way, where something is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// How far a host is with a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It runs what of it is placed there.
    Serving,
    /// It fetches, compiles or probes it, or waits for other hosts to have it.
    #[default]
    Starting,
    /// It could not, and goes on with the version before, where it has one. It tries again.
    Refused,
    /// The object is not accepted, and there is no version before.
    Waiting,
}

impl Status {
    /// The status that follows from what hosts say: `before` is what the object has, `judged` what is to be made of its
    /// `spec`, `now` the time as Kubernetes writes it. Hosts in `away` have said something and are not there to do it.
    pub fn follows(
        before: &Status,
        generation: i64,
        judged: &Result<Definition, Rejection>,
        said: Vec<Host>,
        away: &BTreeSet<&str>,
        now: &str,
    ) -> Self {
        let wanted = judged.as_ref().ok().and_then(|it| it.version.clone());
        let hosts = said.iter().map(|host| {
            let mut host = host.clone();
            if away.contains(host.pod.as_str()) {
                host.stages.clear();
                // What it said is in its way may be why.
                if host.message.is_empty() {
                    host.message = "its pod is not ready".to_owned();
                }
            }
            // What it said of another version is nothing about this one.
            if judged.is_ok() && host.wanted != wanted {
                host.elsewhere.clear();
                host.state = State::Starting;
                host.message.clear();
            }
            host
        });
        let hosts: Vec<Host> = hosts.collect();
        let names: Vec<String> = match judged {
            Ok(definition) => definition.file.stages.keys().cloned().collect(),
            // Those of the version before, which goes on.
            Err(_) => before
                .stages
                .iter()
                .map(|stage| stage.name.clone())
                .collect(),
        };
        // Frames go through one version, so one has to have all stages; while hosts change, it is the one before.
        let mut versions: Vec<&String> = wanted.iter().chain(&before.version).collect();
        versions.extend(hosts.iter().filter_map(|host| host.version.as_ref()));
        let whole = versions.iter().copied().find(|version| {
            let on = |name: &String| hosts.iter().any(|host| host.runs(version, name));
            !names.is_empty() && names.iter().all(on)
        });
        let version = whole.or_else(|| versions.first().copied()).cloned();
        let stages: Vec<Stage> = names
            .iter()
            .map(|name| Stage::of(name, version.as_deref(), &hosts))
            .collect();
        let unplaced: Vec<String> = names
            .iter()
            .filter(|name| !hosts.iter().any(|host| host.may_run(name)))
            .map(|name| no_host(name, &hosts))
            .collect();
        let conditions = [
            accepted(judged),
            placed(judged, &unplaced),
            ready(judged, whole, wanted.as_ref(), &unplaced, &hosts),
        ];
        let conditions = conditions.map(|it| it.dated(before, generation, now));
        Self {
            observed_generation: generation,
            version: whole.cloned().or_else(|| before.version.clone()),
            stages_ready: format!(
                "{}/{}",
                stages.iter().filter(|stage| stage.ready).count(),
                stages.len()
            ),
            hosts_serving: hosts.iter().filter(|host| !host.stages.is_empty()).count(),
            conditions: conditions.into(),
            stages,
            hosts: said,
        }
    }

    /// The status with what a host says of itself, and nothing else changed.
    #[must_use]
    pub fn with(mut self, host: Host) -> Self {
        self.hosts.retain(|other| other.pod != host.pod);
        self.hosts.push(host);
        self.hosts.sort_by(|one, other| one.pod.cmp(&other.pod));
        self
    }

    /// The status without hosts that are there no more.
    #[must_use]
    pub fn only(mut self, pods: &BTreeSet<&str>) -> Self {
        self.hosts.retain(|host| pods.contains(host.pod.as_str()));
        self
    }
}

impl Host {
    fn runs(&self, version: &str, stage: &str) -> bool {
        self.version.as_deref() == Some(version) && self.stages.iter().any(|name| name == stage)
    }

    /// Whether a stage is placed there, as far as the host has said.
    fn may_run(&self, stage: &str) -> bool {
        !self.elsewhere.contains_key(stage)
    }
}

impl Stage {
    fn of(name: &str, version: Option<&str>, hosts: &[Host]) -> Self {
        let on = hosts
            .iter()
            .filter(|host| version.is_some_and(|version| host.runs(version, name)));
        let nodes: BTreeSet<String> = on.map(|host| host.node.clone()).collect();
        let message = if nodes.is_empty() {
            let why = hosts.iter().map(|host| {
                let why = host.elsewhere.get(name).map(String::as_str);
                let why = why.or(Some(host.message.as_str()).filter(|why| !why.is_empty()));
                format!("{}: {}", host.node, why.unwrap_or("it is getting ready"))
            });
            why.collect::<Vec<_>>().join("; ")
        } else {
            String::new()
        };
        Self {
            name: name.to_owned(),
            ready: !nodes.is_empty(),
            hosts: nodes.len(),
            nodes: nodes.into_iter().collect(),
            message,
        }
    }
}

impl Condition {
    fn new(kind: &str, status: bool, reason: &str, message: String) -> Self {
        Self {
            kind: kind.to_owned(),
            status: if status { "True" } else { "False" }.to_owned(),
            reason: reason.to_owned(),
            message,
            ..Self::default()
        }
    }

    /// The condition with when its status last became another.
    fn dated(self, before: &Status, generation: i64, now: &str) -> Self {
        let mut known = before.conditions.iter();
        let since = known
            .find(|known| known.kind == self.kind && known.status == self.status)
            .map_or(now, |known| &known.last_transition_time);
        Self {
            observed_generation: generation,
            last_transition_time: since.to_owned(),
            ..self
        }
    }
}

fn accepted(judged: &Result<Definition, Rejection>) -> Condition {
    match judged {
        Ok(_) => Condition::new(
            "Accepted",
            true,
            "Accepted",
            "it is a pipeline, and its boundary holds".to_owned(),
        ),
        Err(rejection) => Condition::new(
            "Accepted",
            false,
            rejection.reason.as_str(),
            rejection.why.clone(),
        ),
    }
}

fn placed(judged: &Result<Definition, Rejection>, unplaced: &[String]) -> Condition {
    if judged.is_err() {
        let message = "it is not accepted; the version before stays where it is".to_owned();
        return Condition::new("Placed", unplaced.is_empty(), "NotAccepted", message);
    }
    if unplaced.is_empty() {
        let message = "every stage fits a host".to_owned();
        return Condition::new("Placed", true, "Placed", message);
    }
    Condition::new("Placed", false, "NoHost", unplaced.join(". "))
}

/// That a stage fits no host, and why not each. The version before may run that stage all the while.
fn no_host(stage: &str, hosts: &[Host]) -> String {
    let why = hosts.iter().filter_map(|host| {
        let why = host.elsewhere.get(stage)?;
        Some(format!("{}: {why}", host.node))
    });
    let why: Vec<String> = why.collect();
    match why.as_slice() {
        [] => format!("`{stage}` fits no host"),
        why => format!("`{stage}` fits no host: {}", why.join("; ")),
    }
}

fn ready(
    judged: &Result<Definition, Rejection>,
    whole: Option<&String>,
    wanted: Option<&String>,
    unplaced: &[String],
    hosts: &[Host],
) -> Condition {
    let ready = whole.is_some();
    let before = if ready {
        "; the version before goes on"
    } else {
        ""
    };
    if judged.is_err() {
        let message = format!("it is not accepted{before}");
        return Condition::new("Ready", ready, "NotAccepted", message);
    }
    if whole.is_some() && whole == wanted {
        let message = "every stage runs".to_owned();
        return Condition::new("Ready", true, "Ready", message);
    }
    if !unplaced.is_empty() {
        let message = format!("{}{before}", unplaced.join(". "));
        return Condition::new("Ready", ready, "NotPlaced", message);
    }
    let refused: Vec<String> = hosts
        .iter()
        .filter(|host| host.state == State::Refused)
        .map(|host| format!("{}: {}", host.node, host.message))
        .collect();
    if !refused.is_empty() {
        let message = format!("{}{before}", refused.join("; "));
        return Condition::new("Ready", ready, "Refused", message);
    }
    let waits: Vec<&str> = hosts
        .iter()
        .filter(|host| host.state != State::Serving)
        .map(|host| host.node.as_str())
        .collect();
    let message = match waits.as_slice() {
        [] => format!("hosts are getting ready{before}"),
        nodes => format!("hosts are getting ready on {}{before}", nodes.join(", ")),
    };
    Condition::new("Ready", ready, "Starting", message)
}

#[cfg(test)]
mod tests;
