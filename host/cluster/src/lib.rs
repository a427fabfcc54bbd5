//! Footlight on Kubernetes: which pipelines hosts are to run, which hosts there are, and what each says of itself.
//!
//! A cluster says what is to run in `Pipeline` objects ([`footlight_pipeline::PipelineFile`] in another notation), and which
//! nodes there are. Every host looks at both by itself ([`Cluster::follow`]), finds out which stages are placed where it is, and
//! says in the object's status what came of it ([`Reporter`]). Nobody is in charge of others: there is no scheduler here but
//! Kubernetes' own, which places the hosts' pods, and no election. What all have to say together (conditions, stages) is made of
//! what each has said, by whichever host's pod is first by name, and of two that think they are it the API server's
//! `resourceVersion` lets one through.
//!
//! With the API server away nothing of this changes, and frames flow; a host that starts then goes by what it last knew
//! ([`Kept`]).
//!
//! Where to read on: `view` (what a host sees), `watch` (how it sees it), `kept` (what it remembers), `status` (what an object's
//! status is), `report` (how it is written), `members` (who is enrolled, as objects). [`check`] is for people: what a cluster lacks.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod api;
pub mod check;
mod error;
mod kept;
mod member_file;
mod members;
mod report;
mod status;
mod steady;
mod view;
mod watch;

pub use api::Cluster;
pub use error::Error;
pub use kept::Kept;
pub use kube::core::DynamicObject as Object;
pub use members::ClusterMembers;
pub use report::{Report, Reporter, Reports};
pub use status::{State, Status};
pub use view::{HostPod, Me, PIPELINE, View, ZONE_LABEL};
