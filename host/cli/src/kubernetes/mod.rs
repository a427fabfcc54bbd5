//! `footlight run --kubernetes`: what runs is said by the objects of a cluster.
//!
//! [`follow`] looks at the cluster and has a [`Keeper`] for each pipeline, which opens it, changes its version and says what
//! came of it.

mod desired;
mod keeper;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use footlight_cluster::{Cluster, ClusterMembers, Kept, Reporter, Reports, State, View};
use footlight_nn::cache_dir;
use footlight_peers::Peers;
use footlight_server::{Awaited, Server};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use self::desired::Desired;
use self::keeper::{Keeper, Outlook};
use crate::opener::Opener;

/// How long a host that starts waits for the API server before it goes by what it knew last.
const API_SERVER: Duration = Duration::from_secs(3);

/// Has the host run what the cluster says, for as long as this is polled.
pub async fn follow(server: Server, opener: Opener, cluster: Cluster, peers: Option<Arc<Peers>>) {
    let (seen, views) = watch::channel(View::default());
    let (say, reports) = watch::channel(Reports::new());
    let reporter = Reporter::new(cluster.clone(), views.clone(), reports);
    let members = opener.has_site_key().then(|| members(&cluster));
    let serving = server.clone();
    let enrolled = members.clone();
    let enrolled = async move {
        match enrolled {
            Some(members) => {
                members
                    .follow(move |pipeline| serving.take_members(pipeline))
                    .await
            }
            None => tracing::info!("there is no key of the site: members are this host's own"),
        }
    };
    let host = Host {
        kept: Kept::open(&kept(&cluster)),
        cluster: cluster.clone(),
        server,
        opener: Arc::new(opener),
        peers,
        members,
        keepers: BTreeMap::new(),
        told: false,
        was_ready: false,
        news: watch::Sender::new(()),
        say,
    };
    tokio::join!(
        cluster.follow(&seen),
        reporter.run(),
        enrolled,
        host.run(views)
    );
}

/// The members that the hosts of the cluster share.
fn members(cluster: &Cluster) -> Arc<ClusterMembers> {
    let folder = cache_dir().join("cluster");
    let namespace = &cluster.me().namespace;
    ClusterMembers::new(cluster.client(), namespace, Handle::current(), Some(folder))
}

/// Says that it is not known yet what is to be served: from the first request on, which may come before the cluster does.
pub fn begin(server: &Server) {
    server.expect(Awaited {
        unready: Some("the cluster has not said yet which pipelines there are".to_owned()),
        ..Awaited::default()
    });
}

/// Where it is kept what was last known of the cluster.
fn kept(cluster: &Cluster) -> PathBuf {
    let name = format!("{}.json", cluster.me().namespace);
    cache_dir().join("cluster").join(name)
}

/// This host, and what it runs.
struct Host {
    cluster: Cluster,
    server: Server,
    opener: Arc<Opener>,
    peers: Option<Arc<Peers>>,
    members: Option<Arc<ClusterMembers>>,
    kept: Kept,
    keepers: BTreeMap<String, Keeper>,
    /// Whether it is known which pipelines there are.
    told: bool,
    /// Whether it was ready for frames once.
    was_ready: bool,
    /// A keeper has something to say.
    news: watch::Sender<()>,
    say: watch::Sender<Reports>,
}

impl Host {
    async fn run(mut self, mut views: watch::Receiver<View>) {
        let whole = timeout(API_SERVER, views.wait_for(View::is_whole))
            .await
            .is_ok();
        if !whole {
            self.go_by_what_was_known();
        }
        let mut news = self.news.subscribe();
        loop {
            let view = views.borrow_and_update().clone();
            self.see(&view);
            self.tell();
            let open = tokio::select! {
                seen = views.changed() => seen.is_ok(),
                told = news.changed() => told.is_ok(),
            };
            if !open {
                return;
            }
        }
    }

    /// The API server is away, and the host may have run something before.
    fn go_by_what_was_known(&mut self) {
        if self.kept.pipelines().is_empty() {
            tracing::warn!(
                "the API server does not answer, and nothing is known of the cluster from before"
            );
            return;
        }
        tracing::warn!("the API server does not answer; what was known of the cluster is gone by");
        if let Some(peers) = &self.peers {
            peers.set(self.kept.others());
        }
        let desired = Desired::known(&self.kept);
        self.want(desired);
    }

    /// Has what is seen be what is run.
    fn see(&mut self, view: &View) {
        let me = self.cluster.me();
        let others = view.others(me);
        if let (Some(peers), Some(others)) = (&self.peers, &others) {
            peers.set(others);
        }
        let (Some(objects), Some(node), Some(others)) = (&view.pipelines, view.node(me), others)
        else {
            return;
        };
        let zone = self.opener.here().map(|here| &here.zone);
        let desired = Desired::seen(objects, &self.kept, node, zone);
        let (specs, node) = (desired.specs.clone(), desired.node.clone());
        self.want(desired);
        if let Err(error) = self.kept.keep(specs, &node, &others) {
            tracing::warn!(%error, "without the API server this host will not know what to run when it starts");
        }
    }

    /// Has each pipeline have a keeper, and each keeper what it is to run.
    fn want(&mut self, desired: Desired) {
        self.told = true;
        self.keepers.retain(|name, _| {
            let stays = desired.pipelines.contains_key(name);
            if !stays {
                self.server.remove(name);
            }
            stays
        });
        for (name, wanted) in desired.pipelines {
            let keeper = self.keepers.entry(name.clone());
            let keeper = keeper.or_insert_with(|| {
                let members = self.members.as_ref().map(|members| members.of(&name));
                Keeper::start(
                    name,
                    members,
                    self.server.clone(),
                    self.opener.clone(),
                    self.news.clone(),
                )
            });
            keeper.want(wanted);
        }
    }

    /// Says to the cluster, and to those who send frames, how far everything is.
    fn tell(&mut self) {
        if !self.told {
            return;
        }
        let outlooks: BTreeMap<&String, Outlook> = self
            .keepers
            .iter()
            .map(|(name, keeper)| (name, keeper.outlook()))
            .collect();
        let lacking = outlooks.iter().filter(|(_, outlook)| !outlook.runs);
        // One pipeline more, or one that is refused, is no reason to keep frames of the others from here.
        let serves = outlooks.values().any(|outlook| outlook.runs);
        let waits = |outlook: &Outlook| {
            let passed_by = self.was_ready || outlook.report.state == State::Refused;
            outlook.may_come && !(serves && passed_by)
        };
        let first = lacking.clone().find(|(_, outlook)| waits(outlook));
        self.was_ready |= first.is_none();
        self.server.expect(Awaited {
            unready: first.map(|(name, outlook)| {
                format!("the pipeline `{name}` is not ready: {}", outlook.why())
            }),
            pipelines: lacking
                .map(|(name, outlook)| ((*name).clone(), outlook.why()))
                .collect(),
        });
        let reports: Reports = outlooks
            .into_iter()
            .map(|(name, outlook)| (name.clone(), outlook.report))
            .collect();
        self.say.send_if_modified(|said| {
            let other = *said != reports;
            *said = reports;
            other
        });
    }
}
