//! What went wrong, in a sentence for whoever called.

use std::error::Error;
use std::fmt;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A reason to end with another exit code than 0.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same, and what else there is to know.
    pub(crate) fn and(self, more: impl fmt::Display) -> Self {
        Self(format!("{self}\n            {more}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says what was attempted when it fails.
pub(crate) trait Context<T> {
    fn context<S: fmt::Display>(self, attempt: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Error> Context<T> for Result<T, E> {
    fn context<S: fmt::Display>(self, attempt: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| Failure(format!("{}: {}", attempt(), with_causes(&error))))
    }
}

/// An error and what it was caused by, each told once.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}
