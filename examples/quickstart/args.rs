//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::failure::{Context as _, Result};
use crate::source::Source;

/// Takes records the whole way: sealed, granted, opened, refused, proven
#[derive(Parser)]
pub(crate) struct Args {
    /// Keep the consortium in this folder, or go on with the one that is there;
    /// without it a temporary folder is used, which is removed at exit
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Write the outcome to this file as JSON; without --dir the receipt and the trust anchor
    /// are written beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Files to seal; a made-up FHIR bundle if there are none
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Args {
    /// What is to be sealed, every file of it found to be readable.
    pub(crate) fn sources(&self) -> Result<Vec<Source>> {
        if self.files.is_empty() {
            return Ok(vec![Source::made_up()]);
        }
        self.files.iter().map(|path| Source::file(path)).collect()
    }

    /// Makes the folder, so that anything wrong with it is told before the work begins.
    pub(crate) fn make_dir(&self) -> Result<()> {
        let Some(dir) = &self.dir else {
            return Ok(());
        };
        std::fs::create_dir_all(dir).context(|| format!("cannot use the folder {}", dir.display()))
    }
}
