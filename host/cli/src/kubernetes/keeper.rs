//! One pipeline of the cluster on this host: opened, changed between two frames, and told of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use footlight_cluster::{Report, State};
use footlight_pipeline::{Definition, Deployment, Members, NodeFacts};
use footlight_server::{Outcome, Served, Server};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::desired::Wanted;
use super::source::ObjectSource;
use crate::opener::Opener;

/// How long after a version was refused it is tried again: what it lacks may be pushed, signed, or ready elsewhere by then.
const AGAIN: Duration = Duration::from_secs(5);

/// Who sees to one pipeline, until this is dropped.
pub struct Keeper {
    wanted: watch::Sender<Option<Wanted>>,
    outlook: Arc<Mutex<Outlook>>,
    task: JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How far a pipeline is.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// Whether a version of it runs.
    pub runs: bool,
    /// Whether that is a matter of waiting, where it does not.
    pub may_come: bool,
    /// What the cluster is told.
    pub report: Report,
}

impl Outlook {
    /// Why it does not run.
    pub fn why(&self) -> String {
        match self.report.message.as_str() {
            "" => "it is being fetched, compiled and tried".to_owned(),
            why => why.to_owned(),
        }
    }
}

/// Why a version does not run.
struct Refused {
    why: String,
    may_pass: bool,
}

impl Keeper {
    /// Has somebody see to a pipeline. Within a runtime.
    pub fn start(
        name: String,
        members: Option<Arc<dyn Members>>,
        server: Server,
        opener: Arc<Opener>,
        changed: watch::Sender<()>,
    ) -> Self {
        let (wanted, want) = watch::channel(None);
        let outlook = Arc::new(Mutex::new(Outlook {
            may_come: true,
            ..Outlook::default()
        }));
        let keeping = Keeping {
            name,
            members,
            server,
            opener,
            deployment: None,
            source: None,
            outlook: outlook.clone(),
            changed,
        };
        Self {
            wanted,
            outlook,
            task: tokio::spawn(keeping.run(want)),
        }
    }

    /// Says what is to be made of it from now on.
    pub fn want(&self, wanted: Wanted) {
        self.wanted.send_if_modified(|before| {
            let same = before.as_ref().is_some_and(|before| before.is(&wanted));
            if !same {
                *before = Some(wanted);
            }
            !same
        });
    }

    /// How far it is.
    pub fn outlook(&self) -> Outlook {
        let outlook = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        outlook.clone()
    }
}

struct Keeping {
    name: String,
    members: Option<Arc<dyn Members>>,
    server: Server,
    opener: Arc<Opener>,
    /// What all versions have in common, from the first that was wanted on.
    deployment: Option<Arc<Deployment>>,
    /// What says to the server which version is wanted, once there is one that runs.
    source: Option<Arc<ObjectSource>>,
    outlook: Arc<Mutex<Outlook>>,
    changed: watch::Sender<()>,
}

impl Keeping {
    async fn run(mut self, mut want: watch::Receiver<Option<Wanted>>) {
        // One that was refused is not said to be starting again each time that it is tried.
        let mut refused = false;
        loop {
            let wanted = want.borrow_and_update().clone();
            let again = match wanted {
                None => false,
                Some(Wanted::Nothing(why)) => {
                    self.tell(None, State::Waiting, why, false);
                    false
                }
                Some(Wanted::Not(why)) => {
                    self.server.remove(&self.name);
                    self.source = None;
                    self.tell(None, State::Refused, why, false);
                    false
                }
                Some(Wanted::Run(definition, node)) => {
                    let of = Some((&*definition, &node));
                    if !refused {
                        self.tell(of, State::Starting, String::new(), true);
                    }
                    // A version that waits, for a registry or for other hosts, is given up for a later one.
                    let taken = tokio::select! {
                        taken = self.take(&definition, &node) => Some(taken),
                        Ok(()) = want.changed() => None,
                    };
                    let Some(taken) = taken else {
                        refused = false;
                        continue;
                    };
                    match taken {
                        Ok(()) => {
                            self.tell(of, State::Serving, String::new(), false);
                            false
                        }
                        Err(Refused { why, may_pass }) => {
                            if !refused {
                                tracing::error!(pipeline = self.name, why, "a version is refused");
                            }
                            self.tell(of, State::Refused, why, may_pass);
                            true
                        }
                    }
                }
            };
            refused = again;
            tokio::select! {
                changed = want.changed() => match changed {
                    Ok(()) => refused = false,
                    Err(_) => return,
                },
                () = sleep(AGAIN), if again => {}
            }
        }
    }

    /// Has a version run.
    async fn take(&mut self, definition: &Definition, node: &NodeFacts) -> Result<(), Refused> {
        if let Some(source) = &self.source {
            source.set(definition.clone());
            let attempt = self.server.renew(&self.name, node.clone()).await;
            return match attempt {
                Some(attempt) if attempt.outcome != Outcome::Refused => Ok(()),
                attempt => Err(Refused {
                    why: attempt
                        .and_then(|attempt| attempt.reason)
                        .unwrap_or_else(|| "the host failed at it; its log says where".to_owned()),
                    may_pass: true,
                }),
            };
        }
        let deployment = match &self.deployment {
            Some(deployment) => deployment.clone(),
            None => {
                let deployment = self.opener.deploy(&self.name, self.members.clone());
                let deployment = deployment.map_err(|error| Refused {
                    why: format!("{error:#}"),
                    may_pass: false,
                })?;
                self.deployment.insert(deployment).clone()
            }
        };
        deployment.on_node(node.clone());
        let (opening, first) = (deployment.clone(), definition.clone());
        let opened = spawn_blocking(move || opening.open(first, &[])).await;
        let opened = opened.map_err(|error| Refused {
            why: format!("the host failed at it, which is a defect: {error}"),
            may_pass: false,
        })?;
        let pipeline = opened.map_err(|error| Refused {
            why: error.to_string(),
            may_pass: error.may_pass(),
        })?;
        let source = ObjectSource::new(&self.name, definition.clone());
        let served = Served {
            deployment,
            pipeline,
            source: source.clone(),
            sources: source.clone(),
            // Whoever sets the source says so.
            watch: false,
        };
        let added = self.server.add(served).await;
        added.map_err(|error| Refused {
            why: error.to_string(),
            may_pass: false,
        })?;
        self.source = Some(source);
        Ok(())
    }

    /// Notes how far it is, and wakes whoever passes it on.
    fn tell(
        &self,
        of: Option<(&Definition, &NodeFacts)>,
        state: State,
        message: String,
        may_come: bool,
    ) {
        let running = self.server.running(&self.name);
        let zone = self.opener.here().map(|here| &here.zone);
        let elsewhere = of.map(|(definition, node)| {
            let file = &definition.file;
            let stages = file.stages.keys();
            stages
                .filter_map(|stage| Some((stage.clone(), file.fits(stage, zone, node).err()?)))
                .collect()
        });
        let (version, stages) = match running {
            Some((version, stages)) => (Some(version), stages),
            None => (None, Vec::new()),
        };
        let outlook = Outlook {
            runs: version.is_some(),
            may_come,
            report: Report {
                zone: zone.map(ToString::to_string),
                version,
                wanted: of.and_then(|(definition, _)| definition.version.clone()),
                state,
                stages,
                elsewhere: elsewhere.unwrap_or_default(),
                message,
            },
        };
        *self.outlook.lock().unwrap_or_else(PoisonError::into_inner) = outlook;
        self.changed.send_replace(());
    }
}
