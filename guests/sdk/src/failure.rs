//! Failures, and what becomes one by `?`.

use crate::bindings::wasi::nn::errors::{Error, ErrorCode};
use crate::{Failure, Refusal};

impl Failure {
    /// The item is not one that this stage can work on.
    pub fn unsuitable(message: impl Into<String>) -> Failure {
        Failure::Unsuitable(message.into())
    }

    /// Something else that the stage needs was not there or did not work.
    pub fn failed(message: impl Into<String>) -> Failure {
        Failure::Failed(message.into())
    }

    /// What is wrong, in words.
    pub fn message(&self) -> &str {
        match self {
            Failure::Unsuitable(message) | Failure::Failed(message) => message,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Failed(refusal.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let text = error.data();
        if text.is_empty() {
            Failure::failed(kind(error.code()))
        } else {
            Failure::Failed(text)
        }
    }
}

/// An error that the host says nothing about.
fn kind(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidArgument => "invalid argument",
        ErrorCode::InvalidEncoding => "invalid encoding",
        ErrorCode::Timeout => "timed out",
        ErrorCode::RuntimeError => "runtime error",
        ErrorCode::UnsupportedOperation => "unsupported operation",
        ErrorCode::TooLarge => "too large",
        ErrorCode::NotFound => "not found",
        ErrorCode::Security => "not allowed",
        ErrorCode::Unknown => "unknown error",
    }
}
