//! Prints the answers, and counts those that differ from the expected ones.

use std::fmt;
use std::io::{self, StdoutLock, Write as _};

use crate::Outcome;

/// The standard output, and a count of wrong answers.
pub(crate) struct Transcript {
    out: StdoutLock<'static>,
    wrong: usize,
}

impl Transcript {
    pub(crate) fn new() -> Self {
        Self {
            out: io::stdout().lock(),
            wrong: 0,
        }
    }

    /// Makes `write!` and `writeln!` work on this type.
    pub(crate) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.out.write_fmt(text)
    }

    /// Prints the answer for `subject`, marked if it differs from the expected one.
    pub(crate) fn answer(
        &mut self,
        subject: impl fmt::Display,
        found: &str,
        expected: &str,
    ) -> io::Result<()> {
        if found == expected {
            return writeln!(self, "  {subject}: {found}");
        }
        self.wrong += 1;
        writeln!(self, "  {subject}: {found}   <== expected: {expected}")
    }

    /// An error if any answer was wrong.
    pub(crate) fn verdict(&self) -> Outcome {
        match self.wrong {
            0 => Ok(()),
            wrong => Err(format!("answers not as expected, marked <== above: {wrong}").into()),
        }
    }
}
