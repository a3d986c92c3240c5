//! An organisation falls silent, loses credit, and is converted out; a candidate takes its seat, and
//! records stay readable throughout.
//!
//! `cargo run --release --example node_conversion`
//!
//! Six organisations share four seats. Epochs last 8 seconds; a real consortium's last an hour at
//! least. Takes about a minute.

use std::error::Error;
use std::time::{Duration, Instant};

use medshare_sdk::local::{ChainParameters, LocalBuilder, LocalConsortium, Presence};
use medshare_sdk::{
    AccessPolicy, GrantId, OrganisationStanding, Person, Purpose, RecordRef, Role, Window,
};

const NAMES: [&str; 6] = [
    "st-mary",
    "westside",
    "county-lab",
    "dr-lee",
    "seaview",
    "northgate",
];
/// In a seat at first. It falls silent.
const SILENT: &str = "county-lab";
const PATIENCE: Duration = Duration::from_secs(300);

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
    print(&consortium.standings().await?);

    let st_mary = consortium.organisation("st-mary")?;
    let patient = st_mary.enrol("patient-7", &[]).await?;
    let doctor = st_mary.enrol("dr-wong", &["role:cardiologist"]).await?;
    let policy: AccessPolicy = "role:cardiologist".parse()?;
    let record = st_mary.seal(b"an ECG", &policy).subject(&patient).await?;
    let record = RecordRef::from(record);

    println!("{SILENT} falls silent");
    consortium.set_presence(SILENT, Presence::Silent)?;
    let replaced = until(&consortium, (&patient, &doctor, record), |standings| {
        let role = role_of(standings, SILENT);
        !role.is_seated()
    })
    .await?;
    let newcomer = replaced
        .iter()
        .find(|of| of.role.is_seated() && NAMES[4..].contains(&of.organisation.as_str()))
        .ok_or("no candidate took the seat")?;
    println!("{} takes the seat of {SILENT}", newcomer.organisation);

    println!("why, event by event:");
    for change in consortium.explain(SILENT).await? {
        println!("  {change}");
    }

    println!("{SILENT} is back, without a seat");
    consortium.set_presence(SILENT, Presence::Present)?;
    let newcomer = newcomer.organisation.clone();
    until(&consortium, (&patient, &doctor, record), |standings| {
        role_of(standings, &newcomer) == Role::Consensus
    })
    .await?;
    println!("{newcomer} leads like the others");
    consortium.shut_down().await?;
    Ok(())
}

/// Grants the record and opens it, again and again, until `done`; tells of each change of a role.
async fn until(
    consortium: &LocalConsortium,
    (patient, doctor, record): (&Person, &Person, RecordRef),
    done: impl Fn(&[OrganisationStanding]) -> bool,
) -> Result<Vec<OrganisationStanding>, Box<dyn Error>> {
    let begun = Instant::now();
    let mut opened = 0_u64;
    let mut last = Vec::new();
    while begun.elapsed() < PATIENCE {
        let grant: GrantId = patient
            .grant(record, doctor, Window::days(1))
            .purpose(Purpose::Treatment)
            .await?;
        assert_eq!(doctor.open(grant).await?.bytes(), b"an ECG");
        opened += 1;
        let standings = consortium.standings().await?;
        let roles: Vec<_> = standings.iter().map(|of| (of.role, of.credit)).collect();
        if roles != last {
            println!("after {opened} openings:");
            print(&standings);
            last = roles;
        }
        if done(&standings) {
            return Ok(standings);
        }
    }
    Err("the committee did not change in time".into())
}

fn role_of(standings: &[OrganisationStanding], name: &str) -> Role {
    let found = standings.iter().find(|of| of.organisation == name);
    found.map_or(Role::Candidate, |of| of.role)
}

fn print(standings: &[OrganisationStanding]) {
    for standing in standings {
        let OrganisationStanding {
            organisation,
            role,
            credit,
            strikes,
            ..
        } = standing;
        println!("  {organisation:<10} {role:<11} credit {credit:>4}, strikes {strikes}");
    }
}
