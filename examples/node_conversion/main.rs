//! A member lies and is convicted by its signatures; another is stopped, restored from an old copy of
//! its ledger and log, and cut off. Both lose their seats to candidates, and records stay readable throughout.
//!
//! `cargo run --release --example node_conversion`
//!
//! Six organisations share four seats. Epochs last 8 seconds; a real consortium's last an hour at
//! least. Takes about a minute.

mod watch;

use std::error::Error;
use std::fs;

use medshare_sdk::local::{ChainParameters, LocalBuilder, LocalConsortium, Presence, VoterConduct};
use medshare_sdk::{AccessPolicy, RecordRef, Role};
use watch::{Reader, newcomer, role_of};

const NAMES: [&str; 6] = [
    "st-mary",
    "westside",
    "county-lab",
    "dr-lee",
    "seaview",
    "northgate",
];
/// In a seat at first. It signs two votes in one view.
const LIAR: &str = "westside";
/// In a seat at first. It is restored from an old copy, then falls silent.
const SILENT: &str = "county-lab";
/// What a backup that is too old brings back.
const FILES: [&str; 2] = ["ledger.redb", "consensus.log"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let parameters = ChainParameters {
        committee_size: 4,
        epoch_min_ms: 8_000,
        epoch_min_heights: 40,
        ..ChainParameters::default()
    };
    let builder = LocalBuilder::with_members(NAMES).with_parameters(parameters);
    let consortium = builder.start().await?;
    println!("founded: {} organisations, four seats", NAMES.len());

    let st_mary = consortium.organisation("st-mary")?;
    let patient = st_mary.enrol("patient-7", &[]).await?;
    let doctor = st_mary.enrol("dr-wong", &["role:cardiologist"]).await?;
    let policy: AccessPolicy = "role:cardiologist".parse()?;
    let record = st_mary.seal(b"an ECG", &policy).subject(&patient).await?;
    let record = RecordRef::from(record);
    let reader = Reader::new(&consortium, &patient, &doctor, record);

    println!("\n{LIAR} signs two votes in every view");
    consortium.set_voter_conduct(LIAR, VoterConduct::Contradict)?;
    let after = reader
        .open_until(|standings| role_of(standings, LIAR) == Role::Evicted)
        .await?;
    consortium.set_voter_conduct(LIAR, VoterConduct::Honest)?;
    println!("{} takes the seat of {LIAR}", newcomer(&after, &[])?);
    explain(&consortium, LIAR).await?;
    let first = newcomer(&after, &[])?;

    println!("\n{SILENT} is stopped, misses blocks, and starts again");
    consortium.stop(SILENT).await?;
    let folder = consortium.folder().join("members").join(SILENT);
    let backup = tempfile::tempdir()?;
    for file in FILES {
        fs::copy(folder.join(file), backup.path().join(file))?;
    }
    reader.open(3).await?;
    consortium.start(SILENT).await?;
    reader.open_until_whole(SILENT).await?;

    println!("\n{SILENT} is restored from that copy, which lacks its last votes");
    consortium.stop(SILENT).await?;
    for file in FILES {
        fs::remove_file(folder.join(file))?;
        fs::copy(backup.path().join(file), folder.join(file))?;
    }
    consortium.start(SILENT).await?;
    reader.open_until_whole(SILENT).await?;

    println!("\n{SILENT} is cut off");
    consortium.set_presence(SILENT, Presence::Silent)?;
    let after = reader
        .open_until(|standings| !role_of(standings, SILENT).is_seated())
        .await?;
    let second = newcomer(&after, &[&first])?;
    println!("{second} takes the seat of {SILENT}");
    explain(&consortium, SILENT).await?;

    println!("\n{SILENT} is back, without a seat");
    consortium.set_presence(SILENT, Presence::Present)?;
    reader
        .open_until(|standings| role_of(standings, &second) == Role::Consensus)
        .await?;
    println!("{first} and {second} lead like the others");
    consortium.shut_down().await?;
    Ok(())
}

async fn explain(consortium: &LocalConsortium, name: &str) -> Result<(), Box<dyn Error>> {
    println!("why, event by event:");
    for change in consortium.explain(name).await? {
        println!("  {change}");
    }
    Ok(())
}
