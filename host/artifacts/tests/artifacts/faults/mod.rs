//! Registries that lie, fail and fall silent.

mod connection;
mod content;
mod refusal;

use std::net::TcpListener;

use footlight_artifacts::{
    Artifact, Artifacts, Blob, Digest, Error, Limits, Options, Origin, media_type,
};
use libtest_mimic::Trial;
use tempfile::tempdir;

use crate::common::{assert_says, component, files, model, noise, open, options, reference, stage};
use crate::server::{Answer, Server};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = content::trials();
    trials.extend(connection::trials());
    trials.extend(refusal::trials());
    trials
}

/// A model, so that there are two blobs and no component to check.
fn one_model() -> Artifact {
    model(300_000)
}

/// What fetching a model in a fresh store comes to.
fn pull(server: &Server) -> Result<Vec<u8>, Error> {
    let folder = tempdir().unwrap();
    open(folder.path())
        .model(&server.reference("1"))
        .map(|model| model.model)
}

fn model_path(artifact: &Artifact) -> String {
    format!(
        "/v2/test/repository/blobs/{}",
        Digest::of(&artifact.layers[0].bytes)
    )
}
