//! How the program ends.

use std::process::ExitCode;

use crate::client::Unreachable;
use crate::output::{self, Closed};

/// What became of a command that could be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All that was asked for.
    Done,
    /// Something of it was not done, or is not as it must be; that was said already.
    Failed,
}

impl Outcome {
    /// `Done` where nothing failed.
    pub fn failed_if(failed: bool) -> Self {
        if failed { Self::Failed } else { Self::Done }
    }
}

/// The exit code of a result, as the help documents it; says on standard error what went wrong.
pub fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Err(error) if error.is::<Closed>() => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("footlight: {error:#}"));
            ExitCode::from(if error.is::<Unreachable>() { 3 } else { 1 })
        }
    }
}
