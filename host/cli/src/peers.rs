//! This host among others, as it was told on the command line.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use footlight_peers::{Identity, Listener, Options, Peers};
use footlight_pipeline::Here;
use tokio::net::lookup_host;
use tokio::time::sleep;

use crate::args::PeerArgs;

/// How often the names of other hosts are looked up.
const LOOK_UP_EVERY: Duration = Duration::from_secs(2);

/// A host that is one of several.
pub struct AmongHosts {
    identity: Arc<Identity>,
    listener: TcpListener,
    args: PeerArgs,
}

impl AmongHosts {
    /// What was asked for; none for a host by itself. On a cluster a folder with nothing in it is a Secret that there is
    /// not, which is a host by itself, too.
    pub fn prepare(args: &PeerArgs, on_a_cluster: bool) -> Result<Option<Self>> {
        let Some(folder) = &args.peer_identity else {
            return Ok(None);
        };
        if on_a_cluster && !folder.join("tls.crt").exists() {
            tracing::info!(
                folder = %folder.display(),
                "there is no certificate for other hosts: this one runs whole pipelines, without zones"
            );
            return Ok(None);
        }
        let identity = Identity::read(folder)?;
        let listener = TcpListener::bind(args.peer_listen).with_context(|| {
            format!(
                "cannot listen for other hosts at {}; choose another address with --peer-listen, or port 0 for a free one",
                args.peer_listen
            )
        })?;
        listener.set_nonblocking(true)?;
        Ok(Some(Self {
            identity: Arc::new(identity),
            listener,
            args: args.clone(),
        }))
    }

    /// Where the host is, and what it runs.
    pub fn here(&self) -> Here {
        let only = &self.args.only_stages;
        Here {
            zone: self.identity.zone().clone(),
            stages: (!only.is_empty()).then(|| only.iter().cloned().collect()),
        }
    }

    /// The other hosts. Within a runtime.
    pub fn peers(&self) -> Arc<Peers> {
        let identity = self.identity.clone();
        Peers::new(identity, self.args.node.clone(), Options::default())
    }

    /// Where other hosts reach this one. Within a runtime.
    pub fn listener(self) -> Result<(Listener, Vec<String>)> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let listener = Listener::new(listener, self.identity, Options::default());
        Ok((listener, self.args.peer))
    }
}

/// Has the hosts that these names stand for be those that are known, for as long as this is polled.
pub async fn follow(names: Vec<String>, peers: Arc<Peers>) {
    let mut before: Vec<BTreeSet<String>> = vec![BTreeSet::new(); names.len()];
    loop {
        for (name, known) in names.iter().zip(&mut before) {
            match lookup_host(name).await {
                Ok(found) => *known = found.map(|address| address.to_string()).collect(),
                // Those that it stood for are kept.
                Err(error) => tracing::warn!(name, %error, "the name of another host is not found"),
            }
        }
        peers.set(&before.iter().flatten().cloned().collect());
        sleep(LOOK_UP_EVERY).await;
    }
}
