//! What is found about a pipeline and its zones.

use std::fmt;

use serde::Serialize;

use crate::{Plan, Zone};

/// What [`check`](crate::check) found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What must be changed. Where there is anything, there is no plan.
    pub findings: Vec<Finding>,
    /// Every way that an item could take. Empty where rules or names are wrong already.
    pub paths: Vec<Path>,
    /// What is allowed, and should be known.
    pub notes: Vec<Note>,
    /// How much may leave.
    pub bounds: Vec<Bound>,
    /// The plan, where nothing must be changed.
    #[serde(skip)]
    pub plan: Option<Plan>,
}

/// Something that must be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stage that it is about, the answer or the gallery.
    pub consumer: Option<Consumer>,
    /// The class that it is about.
    pub class: Option<String>,
    /// The zone that something cannot leave.
    pub from: Option<Zone>,
    /// The zones that it cannot go to.
    pub to: Vec<Zone>,
    /// What is wrong.
    pub why: String,
    /// What to change.
    pub change: String,
}

/// Who takes items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consumer {
    /// A stage.
    Stage(String),
    /// Whatever puts the answer together, which is where the frame came in.
    Answer,
    /// The gate that looks at the faces of an enrolment, which is where its photo came in.
    Gate,
    /// The gallery, which is where the stages are that use it.
    Gallery,
}

/// A way that an item could take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Path {
    /// Its class.
    pub class: String,
    /// Where it is made.
    pub from: Zone,
    /// Who takes it.
    pub consumer: Consumer,
    /// Where.
    pub to: Zone,
    /// Whether it may.
    pub way: Way,
}

/// Whether an item may go somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// It stays in its zone.
    Stays,
    /// It leaves, by a rule.
    Leaves,
    /// It may not, and so goes to a host in another zone: why.
    Closed(String),
}

/// A stage that could hide what it sees in what may leave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The stage.
    pub stage: String,
    /// Where it runs.
    pub zone: Zone,
    /// The class that it sees. It is an image, or was made of one without leaving the zone.
    pub sees: String,
    /// The class that it yields and that may leave.
    pub yields: String,
}

/// How much a class that may leave a zone has room for, from each host that sends it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bound {
    /// The class.
    pub class: String,
    /// The zone that it leaves.
    pub from: Zone,
    /// Where it goes.
    pub to: Vec<Zone>,
    /// The form of an item.
    pub form: String,
    /// The bits that an item has room for.
    pub bits_per_item: u64,
    /// The most items of a frame.
    pub per_frame: u32,
    /// The most items in a second.
    pub per_second: u32,
    /// The product: bits in a second, in the long run.
    pub bits_per_second: u64,
}

/// Findings as an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Findings(pub Vec<Finding>);

impl Report {
    /// The plan.
    ///
    /// # Errors
    /// All findings.
    pub fn into_plan(self) -> Result<Plan, Findings> {
        self.plan.ok_or(Findings(self.findings))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.why, self.change)
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => write!(f, "the stage `{stage}`"),
            Self::Answer => f.write_str("the answer"),
            Self::Gate => f.write_str("the gate of enrolments"),
            Self::Gallery => f.write_str("the gallery"),
        }
    }
}
