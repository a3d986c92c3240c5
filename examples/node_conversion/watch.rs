//! A doctor who opens a patient's record all the while, and what the chain says of its members.

use std::error::Error;
use std::time::{Duration, Instant};

use medshare_sdk::local::LocalConsortium;
use medshare_sdk::{
    GrantId, MemberState, OrganisationStanding, Person, Purpose, RecordRef, Role, Running, Window,
};

const PATIENCE: Duration = Duration::from_secs(300);

/// Grants the record and opens it, again and again.
pub(crate) struct Reader<'a> {
    consortium: &'a LocalConsortium,
    patient: &'a Person,
    doctor: &'a Person,
    record: RecordRef,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(
        consortium: &'a LocalConsortium,
        patient: &'a Person,
        doctor: &'a Person,
        record: RecordRef,
    ) -> Self {
        Self {
            consortium,
            patient,
            doctor,
            record,
        }
    }

    pub(crate) async fn open(&self, times: usize) -> Result<(), Box<dyn Error>> {
        for _ in 0..times {
            let grant: GrantId = self
                .patient
                .grant(self.record, self.doctor, Window::days(1))
                .purpose(Purpose::Treatment)
                .await?;
            if self.doctor.open(grant).await?.bytes() != b"an ECG" {
                return Err("another content".into());
            }
        }
        Ok(())
    }

    /// Opens until the organisations stand as asked; tells of each change.
    pub(crate) async fn open_until(
        &self,
        done: impl Fn(&[OrganisationStanding]) -> bool,
    ) -> Result<Vec<OrganisationStanding>, Box<dyn Error>> {
        let begun = Instant::now();
        let mut opened = 0_u64;
        let mut last = Vec::new();
        while begun.elapsed() < PATIENCE {
            self.open(1).await?;
            opened += 1;
            let standings = self.consortium.standings().await?;
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

    /// Opens until a member has every block and knows its votes.
    pub(crate) async fn open_until_whole(&self, name: &str) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        let mut forgot = false;
        while begun.elapsed() < PATIENCE {
            self.open(1).await?;
            let health = self.consortium.health().await;
            let mut members = health.into_iter();
            let member = members.find(|member| member.organisation == name);
            let state = member.map(|member| member.state);
            let Some(MemberState::Running(Running {
                lost, lag, height, ..
            })) = state
            else {
                continue;
            };
            forgot |= lost;
            if !lost && lag <= 2 {
                let told = if forgot {
                    ", told how far its votes may reach"
                } else {
                    ""
                };
                println!("{name} is back at height {}{told}", height.0);
                return Ok(());
            }
        }
        Err(format!("{name} did not catch up in time").into())
    }
}

pub(crate) fn role_of(standings: &[OrganisationStanding], name: &str) -> Role {
    let found = standings.iter().find(|of| of.organisation == name);
    found.map_or(Role::Candidate, |of| of.role)
}

/// The organisation without a seat at first that has one now, those `before` apart.
pub(crate) fn newcomer(
    standings: &[OrganisationStanding],
    before: &[&String],
) -> Result<String, Box<dyn Error>> {
    let seated = standings.iter().filter(|of| of.role.is_seated());
    let mut names = seated.map(|of| &of.organisation);
    let found = names
        .find(|name| ["seaview", "northgate"].contains(&name.as_str()) && !before.contains(name));
    Ok(found.ok_or("no candidate took the seat")?.clone())
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
