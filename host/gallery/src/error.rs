//! What can go wrong with a gallery.

use crate::Refusal;

/// What can go wrong with a gallery. `gallery` is always the file's path, or `(in memory)`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The gallery was made with another feature model.
    #[error(
        "the gallery {gallery} was made with the feature model {found} ({members} members), but the model \
         in use is {wanted}, and features of different models cannot be compared: put the old model back, or \
         name a new gallery and enrol the members again"
    )]
    OtherFeatureModel {
        /// The gallery.
        gallery: String,
        /// The digest of the model that made its templates.
        found: String,
        /// The digest of the model that is in use.
        wanted: String,
        /// How many members it has.
        members: u64,
    },
    /// Another handle, in this process or another, has the gallery open.
    #[error(
        "the gallery {gallery} is already open, probably in another running host: stop that host, or ask it \
         to make the change over HTTP"
    )]
    InUse {
        /// The gallery.
        gallery: String,
    },
    /// The file is something else.
    #[error(
        "{gallery} is not a gallery ({detail}): name another file; nothing in this one was changed"
    )]
    NotAGallery {
        /// The file.
        gallery: String,
        /// What it is instead.
        detail: String,
    },
    /// A newer release wrote the file.
    #[error(
        "the gallery {gallery} has layout {found}, and this release knows layouts up to {known}: use the \
         newer release that wrote it"
    )]
    Newer {
        /// The gallery.
        gallery: String,
        /// The version of its layout.
        found: u32,
        /// The newest version that is known.
        known: u32,
    },
    /// The file was damaged.
    #[error(
        "the gallery {gallery} is damaged ({detail}): restore it from a backup, or move the file away and \
         enrol the members again"
    )]
    Damaged {
        /// The gallery.
        gallery: String,
        /// What was found.
        detail: String,
    },
    /// The operating system refused.
    #[error("the gallery {gallery} cannot be {doing}: {detail}")]
    Storage {
        /// The gallery.
        gallery: String,
        /// What was tried: `opened`, `read`, `written`.
        doing: &'static str,
        /// The operating system's words.
        detail: String,
    },
    /// A feature is of another length than the gallery's.
    #[error("a feature of this gallery has {wanted} numbers, this one has {found}")]
    Dimension {
        /// The gallery's dimension.
        wanted: usize,
        /// The length of what was given.
        found: usize,
    },
    /// A feature that has no direction.
    #[error("the feature is all zeros or has numbers that are not finite: it is not one of a face")]
    NoDirection,
    /// No template, or too many.
    #[error("a member has 1 to {limit} templates, not {found}")]
    TemplateCount {
        /// How many were given.
        found: usize,
        /// [`crate::MAX_TEMPLATES`].
        limit: usize,
    },
    /// The model would exceed what one ONNX file holds.
    #[error(
        "a model of {members} members with up to {templates} templates each is too large for one ONNX \
         file: enrol members with fewer photos, or split the gallery"
    )]
    ModelTooLarge {
        /// How many members there are.
        members: usize,
        /// The most templates of a member.
        templates: usize,
    },
}

/// Why an enrolment failed. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// The photos do not pass the gate.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The gallery could not be read or written, or what was given are no templates.
    #[error(transparent)]
    Gallery(#[from] Error),
}
