//! What was found.

use serde::Serialize;

/// What to do where an error does not say.
pub const MANUAL: &str = "docs/devices.md says what each device needs";

/// Something that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it belongs to.
    pub section: Section,
    /// What it is.
    pub name: String,
    /// How it is.
    pub state: State,
    /// What was seen; of what is not there, where it was looked for.
    pub detail: String,
    /// What to do; none where there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What findings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// Processor, memory, and devices that the kernel shows.
    Machine,
    /// Inference libraries.
    Libraries,
    /// What the libraries run models on.
    Devices,
    /// The folder of what was fetched.
    Cache,
    /// Components, where no pipeline says which.
    Stages,
    /// What a pipeline needs.
    Pipeline,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there and works.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It is not there, and nothing that was asked about needs it.
    Absent,
    /// It is needed, and is not there or does not work.
    Missing,
}

impl Finding {
    /// Something that is there.
    pub fn ok(section: Section, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(section, name, State::Ok, detail.into(), None)
    }

    /// Something with what to do about it.
    pub fn new(
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

    /// Something that went wrong. Errors say after their last semicolon what to do; `otherwise` is for one
    /// that does not.
    pub fn error(
        section: Section,
        name: impl Into<String>,
        state: State,
        error: &str,
        otherwise: &str,
    ) -> Self {
        let (detail, remedy) = match error.rsplit_once("; ") {
            Some((detail, remedy)) if !error.contains('\n') => (detail, remedy),
            _ => (error, otherwise),
        };
        Self::new(section, name, state, detail, Some(remedy.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_is_told_from_what_was_seen() {
        let of =
            |error| Finding::error(Section::Cache, "x", State::Missing, error, "see the manual");
        let finding = of("it is not there: looked for /a; or /b; build it");
        assert_eq!(finding.detail, "it is not there: looked for /a; or /b");
        assert_eq!(finding.remedy.as_deref(), Some("build it"));
        let lines = of("none of these:\n  a: not there; get it\n  b: not there; get that");
        assert!(lines.detail.ends_with("get that"));
        assert_eq!(lines.remedy.as_deref(), Some("see the manual"));
    }
}
