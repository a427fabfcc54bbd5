//! Why a server cannot be made or stops by itself.

/// Why a server cannot be made or stops by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two pipelines have one name, which is how a request says which it wants.
    #[error("two pipelines are called `{0}`; give one of them another `name` in its file")]
    SameName(String),
    /// A name in a pipeline's file would hide something that every answer has.
    #[error(
        "the pipeline `{pipeline}` has a {what} called `{name}`, which every answer has already; rename it"
    )]
    NameTaken {
        /// The pipeline.
        pipeline: String,
        /// What has the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A stage of a pipeline that was to be served failed on its probe item.
    #[error("it failed on its probe item: {0}")]
    Probe(String),
    /// The socket no longer accepts connections.
    #[error("the listening socket failed: {0}")]
    Listen(#[source] std::io::Error),
}
