use crate::class::Misfit;
use crate::elsewhere::Failure;
use footlight_sandbox as sandbox;
use std::fmt::Display;

/// Why a pipeline cannot be opened, in the words of whoever wrote its file.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct OpenError {
    message: String,
    passes: bool,
}

impl OpenError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            passes: false,
        }
    }

    /// Whether the same may be opened at another time with nothing changed where it comes from: a registry that was
    /// away, a signature that is still to come.
    pub fn may_pass(&self) -> bool {
        self.passes
    }

    /// The same error with where it happened put before it.
    pub(crate) fn within(self, place: impl Display) -> Self {
        Self {
            message: format!("{place}{}", self.message),
            ..self
        }
    }
}

impl From<String> for OpenError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

/// What could not be fetched.
impl From<footlight_artifacts::Error> for OpenError {
    fn from(error: footlight_artifacts::Error) -> Self {
        Self {
            passes: error.may_pass(),
            message: error.to_string(),
        }
    }
}

/// Why a frame could not be worked on. Nothing of the frame is left.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FrameError {
    /// A stage did something wrong, or says that it could not do its work.
    #[error("stage `{stage}`: {source}")]
    Stage {
        /// The stage.
        stage: String,
        /// What happened.
        source: sandbox::Error,
    },
    /// A stage yielded an item that is not what the pipeline file promises.
    #[error("stage `{stage}`: {source}")]
    Misfit {
        /// The stage.
        stage: String,
        /// How it does not fit.
        source: Misfit,
    },
    /// Items had to go to another host for a stage, and none did it.
    #[error("stage `{stage}`: {source}")]
    Elsewhere {
        /// The stage.
        stage: String,
        /// Why not.
        source: Box<Failure>,
    },
}

impl FrameError {
    /// What went wrong, as a stable code: lower case, words joined by hyphens.
    pub fn code(&self) -> &str {
        match self {
            Self::Stage { source, .. } => source.kind().code(),
            Self::Misfit { .. } => "class-mismatch",
            Self::Elsewhere { source, .. } => source.code(),
        }
    }

    /// The stage where it went wrong.
    pub fn stage(&self) -> Option<&str> {
        match self {
            Self::Stage { stage, .. } | Self::Misfit { stage, .. } => Some(stage),
            // Another host may say that it was a stage further on.
            Self::Elsewhere { stage, source } => match &**source {
                Failure::Told {
                    stage: Some(further),
                    ..
                } => Some(further),
                _ => Some(stage),
            },
        }
    }
}
