//! A referral service: three hospitals, each with an application and a key store of its own.
//!
//! `cargo run --release --example referral_service [-- --dir DIR] [--referrals N]`
//!
//! General practitioners refer patients to a cardiologist of another hospital, who answers with
//! findings that a laboratory of a third one reads. No application has a database: what was sent,
//! granted, opened and withdrawn is read from the chain's lists, also after a restart. All that
//! passes between the hospitals is text: contact cards.
//!
//! | file | holds |
//! |---|---|
//! | `hospital` | one hospital's application |
//! | `days` | the story: a day of referrals, a withdrawal, a member that is down, the day after |

mod days;
mod hospital;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;

/// Runs two days of a referral service of three hospitals.
#[derive(Parser)]
struct Args {
    /// Keeps consortium and key stores in this folder; a temporary one by default.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Patients that are referred on the first day.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    referrals: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let temporary = tempfile::tempdir().context("no temporary folder")?;
    let folder = args.dir.unwrap_or_else(|| temporary.path().to_owned());
    days::run(&folder, args.referrals).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn two_days_of_four_referrals() {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let outcome = days::run(folder.path(), 4).await;
        outcome.unwrap_or_else(|error| panic!("{error:#}"));
    }
}
