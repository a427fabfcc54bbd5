//! Why something does not pass, in words for an audit log.

use crate::Zone;

/// Why something does not pass a boundary. Nothing that a stage or a sender wrote is in it, but names that were shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The pipeline has no such zone.
    #[error("there is no zone `{zone}` in this pipeline: its zones are {known}")]
    Zone {
        /// What was said to be one.
        zone: String,
        /// Those that there are.
        known: String,
    },
    /// The stage may not run there.
    #[error(
        "the stage `{stage}` may not run in the zone `{zone}`: the pipeline places it in {allowed}"
    )]
    Placement {
        /// The stage.
        stage: String,
        /// Where it was to run.
        zone: Zone,
        /// Where it may.
        allowed: String,
    },
    /// It is an image, whatever rules there are.
    #[error(
        "an item of class `{class}` is an image: it does not leave `{from}` for `{to}`, as no image leaves its zone"
    )]
    Image {
        /// The class.
        class: String,
        /// Where it is.
        from: Zone,
        /// Where it was to go.
        to: Zone,
    },
    /// No rule lets the class go there, or nothing there takes it.
    #[error("an item of class `{class}` does not go from `{from}` to `{to}`: {why}")]
    Way {
        /// The class.
        class: String,
        /// Where it is.
        from: Zone,
        /// Where it was to go.
        to: Zone,
        /// Why not.
        why: String,
    },
    /// It is not what the rule says.
    #[error(
        "an item of class `{class}` does not go from `{from}` to `{to}`: [boundary.{class}] lets only {expected} go, and {found}"
    )]
    Form {
        /// The class.
        class: String,
        /// Where it is.
        from: Zone,
        /// Where it was to go.
        to: Zone,
        /// What the rule says.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Too many of one frame.
    #[error(
        "an item of class `{class}` does not go from `{from}` to `{to}`: {limit} of this frame have left, which is the `per-frame` of [boundary.{class}]"
    )]
    Frame {
        /// The class.
        class: String,
        /// Where it is.
        from: Zone,
        /// Where it was to go.
        to: Zone,
        /// How many may leave.
        limit: u32,
    },
    /// Too many in a second.
    #[error(
        "an item of class `{class}` does not go from `{from}` to `{to}` now: no more than {limit} a second may leave, which is the `per-second` of [boundary.{class}]"
    )]
    Rate {
        /// The class.
        class: String,
        /// Where it is.
        from: Zone,
        /// Where it was to go.
        to: Zone,
        /// How many may leave.
        limit: u32,
    },
}

impl Refusal {
    /// What went wrong, as a stable code: lower case, words joined by hyphens.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Zone { .. } => "boundary-unknown-zone",
            Self::Placement { .. } => "boundary-placement",
            Self::Image { .. } => "boundary-image",
            Self::Way { .. } => "boundary-no-way",
            Self::Form { .. } => "boundary-form",
            Self::Frame { .. } => "boundary-per-frame",
            Self::Rate { .. } => "boundary-per-second",
        }
    }
}
