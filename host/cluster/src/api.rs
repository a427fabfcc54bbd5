//! The way to the API server.

use kube::{Client, Config};

use crate::error::Error;
use crate::view::Me;

/// A cluster, as one of its hosts speaks to it.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    pub(crate) me: Me,
}

impl Cluster {
    /// The cluster that this pod is in; elsewhere, that of the kubeconfig. Nothing is asked of it yet. Within a runtime.
    ///
    /// # Errors
    /// [`Error::NoCluster`].
    pub async fn find(me: Me) -> Result<Self, Error> {
        let config = Config::infer().await;
        let config = config.map_err(|error| Error::NoCluster(error.to_string()))?;
        let client = Client::try_from(config);
        let client = client.map_err(|error| Error::NoCluster(error.to_string()))?;
        Ok(Self { client, me })
    }

    /// With this client.
    pub fn with(client: Client, me: Me) -> Self {
        Self { client, me }
    }

    /// The client, for what else is kept on the cluster.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Which host this is.
    pub fn me(&self) -> &Me {
        &self.me
    }
}
