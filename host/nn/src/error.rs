/// What kind of thing went wrong. wasi-nn's error codes are made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What the caller gave makes no sense or does not fit: a tensor whose bytes are too few, an
    /// input that the model does not have.
    InvalidArgument,
    /// The model, its card or its file is not what it should be.
    InvalidModel,
    /// What was asked for is not there: a model, a file, a device, a runtime.
    NotFound,
    /// It makes sense and is there, but cannot be done here.
    Unsupported,
    /// It is larger than what can be handled.
    TooLarge,
    /// The time for it was over.
    Deadline,
    /// The inference library failed.
    Runtime,
}

/// Why something could not be done, in words for the person who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// An error of this kind. The message says what was wrong and what to do, in lower case.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error {
            kind,
            message: message.into(),
        }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same error with what was being done put before it: `context: message`.
    pub fn context(self, context: impl std::fmt::Display) -> Error {
        Error {
            kind: self.kind,
            message: format!("{context}: {}", self.message),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn model(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::InvalidModel, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::NotFound, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Unsupported, message)
    }

    /// What an inference that was not done in time ends with.
    pub(crate) fn late() -> Error {
        Error::new(ErrorKind::Deadline, "it was not done in time")
    }

    pub(crate) fn runtime(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Runtime, message)
    }
}
