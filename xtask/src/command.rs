//! Other programs: run for their effect or for their output, with errors that show the command.

use std::process::Command;

use crate::Result;

/// Runs a program that prints for itself.
///
/// # Errors
/// A program that does not start, or that fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", shown(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{}` failed ({status})", shown(command)).into())
}

/// Runs a program for what it prints.
///
/// # Errors
/// As [`run`]; the text of the failure holds what it printed as errors.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", shown(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` failed ({})\n{errors}", shown(command), output.status).into())
}

/// The command as one would type it.
#[must_use]
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
