//! What can be typed of other hosts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Where a host listens for other hosts where nothing else is said.
const DEFAULT_LISTEN: &str = "0.0.0.0:7421";

/// How a host is one of several that run a pipeline together.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Several hosts")]
pub struct PeerArgs {
    /// Folder with tls.crt, tls.key and ca.crt: who this host is to other hosts, and in which zone. With it, a pipeline
    /// with [zones] runs here only in part, and other hosts do the rest [default: $FOOTLIGHT_PEER_IDENTITY]
    #[arg(
        long,
        value_name = "DIR",
        env = "FOOTLIGHT_PEER_IDENTITY",
        hide_env = true
    )]
    pub peer_identity: Option<PathBuf>,
    /// Address and port to listen at for other hosts; they speak HTTP/2 with mutual TLS
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN, requires = "peer_identity")]
    pub peer_listen: SocketAddr,
    /// Another host, as HOST:PORT; a name is looked up again and again and may stand for several. May be given several
    /// times
    #[arg(long, value_name = "HOST:PORT", requires = "peer_identity")]
    pub peer: Vec<String>,
    /// Run this stage, of those that the pipeline places in the zone, and no other that is not named in the same way
    #[arg(long = "only-stage", value_name = "STAGE", requires = "peer_identity")]
    pub only_stages: Vec<String>,
    /// Name of the node that this host is on; hosts of one node are asked before others [default: $NODE_NAME]
    #[arg(
        long,
        value_name = "NAME",
        env = "NODE_NAME",
        hide_env = true,
        default_value = ""
    )]
    pub node: String,
}
