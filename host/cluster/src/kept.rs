//! What a host remembers of its cluster, for when it starts and the API server is away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use footlight_pipeline::NodeFacts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::error::Error;

/// What was last known, in a file.
#[derive(Debug)]
pub struct Kept {
    file: PathBuf,
    known: Known,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Known {
    /// The `spec` of each pipeline that was accepted last.
    pipelines: BTreeMap<String, Value>,
    labels: BTreeMap<String, String>,
    gpu: bool,
    others: BTreeSet<String>,
}

impl Kept {
    /// What lies in this file; nothing, where there is none, or none that can be read.
    pub fn open(file: &Path) -> Self {
        let text = fs::read(file).ok();
        let known = text.map(|text| serde_json::from_slice(&text));
        let known = known.and_then(|known| {
            known
                .inspect_err(|error| {
                    tracing::warn!(file = %file.display(), %error, "what was known of the cluster cannot be read");
                })
                .ok()
        });
        Self {
            file: file.to_owned(),
            known: known.unwrap_or_default(),
        }
    }

    /// The `spec` of each pipeline that was accepted last.
    pub fn pipelines(&self) -> &BTreeMap<String, Value> {
        &self.known.pipelines
    }

    /// What was known of the node.
    pub fn node(&self) -> NodeFacts {
        NodeFacts {
            labels: self.known.labels.clone(),
            gpu: self.known.gpu,
        }
    }

    /// Where the other hosts listened.
    pub fn others(&self) -> &BTreeSet<String> {
        &self.known.others
    }

    /// Keeps this in place of what was known, where it is something else.
    ///
    /// # Errors
    /// [`Error::Kept`] for a file that cannot be written.
    pub fn keep(
        &mut self,
        pipelines: BTreeMap<String, Value>,
        node: &NodeFacts,
        others: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let known = Known {
            pipelines,
            labels: node.labels.clone(),
            gpu: node.gpu,
            others: others.clone(),
        };
        if known == self.known {
            return Ok(());
        }
        self.write(&known).map_err(|error| Error::Kept {
            path: self.file.display().to_string(),
            why: error.to_string(),
        })?;
        self.known = known;
        Ok(())
    }

    /// Whoever is killed in the middle leaves what was there before.
    fn write(&self, known: &Known) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut new = NamedTempFile::new_in(folder)?;
        new.write_all(&serde_json::to_vec(known)?)?;
        new.as_file().sync_all()?;
        new.persist(&self.file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_known_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cluster/footlight.json");
        let mut kept = Kept::open(&file);
        assert!(kept.pipelines().is_empty());
        let pipelines =
            BTreeMap::from([("members".to_owned(), serde_json::json!({"source": "frame"}))]);
        let node = NodeFacts {
            labels: BTreeMap::from([("tier".to_owned(), "edge".to_owned())]),
            gpu: true,
        };
        let others = BTreeSet::from(["10.0.0.1:7421".to_owned()]);
        kept.keep(pipelines.clone(), &node, &others).unwrap();
        let again = Kept::open(&file);
        assert_eq!(again.pipelines(), &pipelines);
        assert_eq!((again.node(), again.others()), (node, &others));
        fs::write(&file, "{").unwrap();
        assert!(Kept::open(&file).pipelines().is_empty());
    }
}
