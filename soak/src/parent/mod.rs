//! The process that draws load and faults, and holds what must be true.

mod damage;
mod disk;
mod explain;
mod faults;
mod generation;
mod host;
mod lists;
mod load;
mod lock;
mod model;
mod process;
mod report;
mod settle;
mod verify;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::parent::disk::Disk;
use crate::parent::generation::Generations;
use crate::parent::world::World;

/// Kills, fills, damages and pauses a consortium, and checks that nothing is lost
#[derive(clap::Parser, Clone, Debug)]
pub(crate) struct Options {
    /// How long, as 90s, 30m or 24h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    length: Duration,
    /// Load and faults are drawn from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the consortium, journals and the log; made if it is missing
    #[arg(long)]
    dir: PathBuf,
    /// File for the report as JSON, written after each consortium
    #[arg(long)]
    report: Option<PathBuf>,
    /// Calls in flight at once
    #[arg(long, default_value_t = 6)]
    tasks: usize,
    /// MiB of the small file system, where one can be mounted
    #[arg(long, default_value_t = 256)]
    disk_mib: u64,
    /// Go on with a fresh consortium after a finding; the run fails all the same
    #[arg(long)]
    keep_going: bool,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    std::fs::create_dir_all(&options.dir).context("the folder of the run")?;
    let disk = Disk::prepare(&options.dir.join("disk"), options.disk_mib)?;
    let world = Arc::new(World::new(options, disk.is_small())?);
    let ended = Generations::new(Arc::clone(&world), disk).run().await;
    if let Err(error) = &ended {
        world.find("the run itself", &format!("{error:#}"));
    }
    let summary = world.summary()?;
    println!("{summary}");
    Ok(if summary.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn parse_duration(text: &str) -> Result<Duration> {
    let Some((at, unit)) = text.char_indices().last() else {
        bail!("no time");
    };
    let number: u64 = text.get(..at).unwrap_or_default().parse()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => bail!("a time ends with s, m or h"),
    };
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(parse_duration("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(parse_duration("24h").unwrap(), Duration::from_secs(86_400));
        for bad in ["", "s", "90", "1d", "-1s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
