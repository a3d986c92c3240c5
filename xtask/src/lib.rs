//! Tasks of this repository that cargo has no command for. `cargo xtask` lists them.
//!
//! The structure checks are also a test: `medshare-testkit/tests/structure.rs`.

use std::error::Error;
use std::path::{Path, PathBuf};

pub mod api;
pub mod bench;
pub mod ci;
pub mod command;
pub mod deny;
pub mod docs;
pub mod fuzz;
pub mod measures;
pub mod modules;
pub mod mutants;
pub mod packages;
pub mod source;
pub mod words;

/// A task fails with a text for the person at the terminal; no caller branches on it.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The repository's top folder.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// A line of a file that a measure counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the repository's top, with `/`.
    pub file: String,
    /// Counted from 1; 0 stands for the whole file.
    pub line: usize,
    /// The offending text, or an explanation.
    pub text: String,
}
