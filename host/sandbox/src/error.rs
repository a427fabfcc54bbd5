use std::fmt;

/// What went wrong with a stage, as a code that metrics and problem reports carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes are not a component, or not one that fits the contract.
    NotAStage,
    /// The stage crashed: a trap of its own making.
    Trapped,
    /// It took longer than the pipeline file allows for an item.
    TimedOut,
    /// It asked for more memory than the pipeline file gives it.
    OutOfMemory,
    /// It holds more images and tensors in the host than the pipeline file gives it.
    HostMemory,
    /// It yielded more items, or larger ones, than the pipeline file allows.
    TooMuch,
    /// It yielded something that is not a valid item.
    InvalidItem,
    /// It says that it cannot work on this item.
    Unsuitable,
    /// It says that something it needs failed.
    Failed,
    /// The host could not make an instance.
    Host,
}

impl ErrorKind {
    /// The code: lower case, words joined by hyphens; stable.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAStage => "not-a-stage",
            Self::Trapped => "stage-trapped",
            Self::TimedOut => "stage-timed-out",
            Self::OutOfMemory => "stage-out-of-memory",
            Self::HostMemory => "stage-host-memory",
            Self::TooMuch => "stage-yielded-too-much",
            Self::InvalidItem => "stage-yielded-invalid-item",
            Self::Unsuitable => "unsuitable-item",
            Self::Failed => "stage-failed",
            Self::Host => "host-failed",
        }
    }
}

/// Why a component was refused, or an item could not be worked on.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
