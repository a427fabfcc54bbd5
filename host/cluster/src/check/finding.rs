//! What was found.

use serde::Serialize;

/// Something that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it belongs to.
    pub section: Section,
    /// What it is.
    pub name: String,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub detail: String,
    /// What to do; none where there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What findings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// The API server, and what was installed there.
    Server,
    /// The hosts' pods.
    Hosts,
    /// Nodes: their zones, and their GPUs.
    Nodes,
    /// Who hosts are for each other, and what members are encrypted with.
    Identities,
    /// What hosts may do with the API server.
    Rights,
    /// Who may speak with hosts.
    Network,
    /// What hosts are to run.
    Pipelines,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there and works.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It is not there, and need not be.
    Absent,
    /// Whether it is there was not to be seen.
    Unchecked,
    /// It is needed, and is not there or does not work.
    Missing,
}

impl Finding {
    /// Something that is there.
    pub(super) fn ok(section: Section, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(section, name, State::Ok, detail, None)
    }

    /// Something with what to do about it.
    pub(super) fn new(
        section: Section,
        name: impl Into<String>,
        state: State,
        detail: impl Into<String>,
        remedy: Option<String>,
    ) -> Self {
        Self {
            section,
            name: name.into(),
            state,
            detail: detail.into(),
            remedy,
        }
    }

    /// Something needed that is not there or does not work.
    pub(super) fn missing(
        section: Section,
        name: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(section, name, State::Missing, detail, Some(remedy.into()))
    }

    /// Something that could not be looked at.
    pub(super) fn unchecked(section: Section, name: impl Into<String>, why: &str) -> Self {
        let detail = format!("not checked: {why}");
        Self::new(section, name, State::Unchecked, detail, None)
    }
}
