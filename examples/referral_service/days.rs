//! Two days of the service.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use medshare_sdk::local::{LocalBuilder, LocalConsortium, Presence};
use medshare_sdk::{
    AccessPolicy, Contact, Event, Events, GrantId, MemberHealth, MemberState, Person, Principal,
};

use crate::hospital::{Hospital, findings_about, inbox, share};

/// Shown openly, since it protects only this demonstration.
const PASSPHRASE: &str = "only a demonstration";
/// A consortium has four members at least; the fourth has no application here.
const MEMBERS: usize = 4;

/// The only thing that is known on both days without a look at the chain.
struct Plan {
    referrals: u32,
}

impl Plan {
    fn patients(&self) -> impl Iterator<Item = String> + use<> {
        (1..=self.referrals).map(|number| format!("patient-{number}"))
    }

    /// Every third patient changes her mind.
    fn withdrawn(&self) -> usize {
        self.referrals.div_ceil(3) as usize
    }
}

/// The days differ in what must be there already.
#[derive(Clone, Copy)]
enum Day {
    First,
    Second,
}

/// The three hospitals with their applications.
struct Hospitals {
    practice: Hospital,
    clinic: Hospital,
    laboratory: Hospital,
}

impl Hospitals {
    async fn open(members: &LocalConsortium, folder: &Path, day: Day) -> Result<Self> {
        let names: Vec<_> = members.organisation_names().map(str::to_owned).collect();
        let folder = folder.join("applications");
        let open = async |seat: usize| {
            let name = names.get(seat).context("a consortium of four")?;
            match day {
                Day::First => Hospital::set_up(members, &folder, name, PASSPHRASE).await,
                Day::Second => Hospital::open(members, &folder, name, PASSPHRASE).await,
            }
        };
        Ok(Self {
            practice: open(0).await?,
            clinic: open(1).await?,
            laboratory: open(2).await?,
        })
    }
}

/// The policies: a role, and the hospital that vouches for it.
struct Policies {
    referral: AccessPolicy,
    findings: AccessPolicy,
}

impl Policies {
    fn of(hospitals: &Hospitals) -> Result<Self> {
        let role = |role: &str, hospital: &Hospital| -> Result<AccessPolicy> {
            let role: AccessPolicy = format!("role:{role}").parse()?;
            let voucher = format!("vouched-by:{}", hospital.name()).parse()?;
            Ok(AccessPolicy::all([role, voucher])?)
        };
        let readers = [
            role("practitioner", &hospitals.practice)?,
            role("technician", &hospitals.laboratory)?,
        ];
        Ok(Self {
            referral: role("cardiologist", &hospitals.clinic)?,
            findings: AccessPolicy::any(readers)?,
        })
    }
}

pub(crate) async fn run(folder: &Path, referrals: u32) -> Result<()> {
    let plan = Plan { referrals };
    let members = start(folder).await?;
    let outcome = first_day(&members, folder, &plan).await;
    members.shut_down().await?;
    outcome?;
    println!("All is stopped and started again");
    let members = start(folder).await?;
    let outcome = second_day(&members, folder, &plan).await;
    members.shut_down().await?;
    outcome
}

async fn start(folder: &Path) -> Result<LocalConsortium> {
    let builder = LocalBuilder::new(MEMBERS).with_passphrase(PASSPHRASE);
    let members = builder.with_folder(folder.join("members")).start().await;
    members.context("cannot start the consortium")
}

async fn first_day(members: &LocalConsortium, folder: &Path, plan: &Plan) -> Result<()> {
    let hospitals = Hospitals::open(members, folder, Day::First).await?;
    let policies = Policies::of(&hospitals)?;
    let Hospitals {
        practice,
        clinic,
        laboratory,
    } = &hospitals;
    let gp = practice.staff("Dr Ada Park", "practitioner").await?;
    let cardiologist = clinic.staff("Dr Kim", "cardiologist").await?;
    let technician = laboratory.staff("Lee", "technician").await?;

    // Cards are text: by mail, on paper, as a QR code.
    let card = cardiologist
        .contact_card()
        .name("Dr Kim")
        .await?
        .to_string();
    let kim = practice.colleague(&card).await?;
    println!("{} knows {}", practice.name(), shown(&kim));
    let card = technician.contact_card().name("Lee").await?.to_string();
    let lee = practice.colleague(&card).await?;
    let card = gp.contact_card().await?.to_string();
    let park = practice.colleague(&card).await?;

    for name in plan.patients() {
        let patient = practice.patient(&name).await?;
        let referral = format!("referral of {name}: palpitations since May");
        let sent = practice.send(&patient, referral.as_bytes(), &policies.referral, &kim);
        sent.await.with_context(|| format!("referral of {name}"))?;
    }
    println!("{} referred {} patients", practice.name(), plan.referrals);

    let mail = inbox(&cardiologist).await?;
    ensure!(
        mail.len() == plan.referrals as usize,
        "{} in the inbox",
        mail.len()
    );
    for grant in &mail {
        let referral = cardiologist.open(grant.id).await?;
        let findings = [b"findings on: ", referral.bytes()].concat();
        clinic.answer(grant, &findings, &policies.findings).await?;
    }
    println!("{} answered all of them", clinic.name());

    for name in plan.patients() {
        let patient = practice.patient(&name).await?;
        for record in findings_about(&patient, practice).await? {
            share(&patient, record, &park).await?;
            share(&patient, record, &lee).await?;
        }
    }
    ensure!(
        inbox(&technician).await?.len() == plan.referrals as usize,
        "the laboratory's inbox"
    );
    withdraw(&hospitals, &cardiologist, plan).await?;
    a_member_is_down(members, &technician).await
}

/// Every third patient takes back what she gave, and learns of the attempt that follows.
async fn withdraw(hospitals: &Hospitals, cardiologist: &Person, plan: &Plan) -> Result<()> {
    let practice = &hospitals.practice;
    let mut events = practice.consortium().watch().await?;
    for name in plan.patients().step_by(3) {
        let patient = practice.organisation().person(&name).await?;
        let mut given = patient.grants_given().await?;
        let mut tried = None;
        while let Some(grant) = given.next().await? {
            patient.revoke(grant.id).await?;
            if grant.grantee == *cardiologist.id() {
                tried = Some(grant.id);
            }
        }
        let grant = tried.context("no grant to the cardiologist")?;
        let Err(error) = cardiologist.open(grant).await else {
            bail!("a withdrawn grant opened a record");
        };
        ensure!(error.code() == "revoked", "a withdrawn grant: {error}");
        let requester = requester_under(&mut events, grant).await?;
        ensure!(
            requester == (*cardiologist.id()).into(),
            "{requester:?} asked"
        );
    }
    println!(
        "{} patients withdrew, and learned who tried",
        plan.withdrawn()
    );
    Ok(())
}

/// Waits until the chain tells of a denied request under a grant.
async fn requester_under(events: &mut Events, grant: GrantId) -> Result<Principal> {
    loop {
        if let (_, Event::AccessDenied(attempt)) = events.next().await?
            && attempt.grant == grant
        {
            return Ok(attempt.requester);
        }
    }
}

/// With one member of four silent, the health shows it and documents are read all the same.
async fn a_member_is_down(members: &LocalConsortium, reader: &Person) -> Result<()> {
    let last = members
        .organisation_names()
        .last()
        .context("members")?
        .to_owned();
    members.set_presence(&last, Presence::Silent)?;
    let mail = inbox(reader).await?;
    let grant = mail.first().context("an empty inbox")?;
    reader.open(grant.id).await.context("with a member down")?;
    let health = members.health().await;
    for member in &health {
        println!("  {}", shown_member(member));
    }
    let silent = |member: &MemberHealth| member.state == MemberState::Silent;
    let down: Vec<_> = health.iter().filter(|member| silent(member)).collect();
    ensure!(
        down.len() == 1 && down[0].organisation == last,
        "health: {health:?}"
    );
    members.set_presence(&last, Presence::Present)?;
    Ok(())
}

/// Everything is found again in the chain's lists, and only what still stands can be opened.
async fn second_day(members: &LocalConsortium, folder: &Path, plan: &Plan) -> Result<()> {
    let hospitals = Hospitals::open(members, folder, Day::Second).await?;
    let Hospitals {
        practice,
        clinic,
        laboratory,
    } = &hospitals;
    let people = practice.organisation().people().await?.len();
    let referrals = u64::from(plan.referrals);
    ensure!(
        people == referrals + 1,
        "{people} people of {}",
        practice.name()
    );
    for (hospital, records) in [(practice, referrals), (clinic, referrals), (laboratory, 0)] {
        let found = hospital.organisation().records().await?.len();
        ensure!(found == records, "{found} records of {}", hospital.name());
    }
    let staying = plan.referrals as usize - plan.withdrawn();
    let technician = laboratory.organisation().person("Lee").await?;
    let mail = inbox(&technician).await?;
    ensure!(
        mail.len() == staying,
        "{} of {staying} in the inbox",
        mail.len()
    );
    for grant in &mail {
        let opened = technician.open(grant.id).await?;
        ensure!(
            opened.bytes().starts_with(b"findings on: referral of"),
            "other findings"
        );
    }
    println!(
        "{} reads what {staying} patients still share",
        laboratory.name()
    );

    for name in plan.patients() {
        let patient = practice.organisation().person(&name).await?;
        let newest = findings_about(&patient, practice).await?;
        let record = *newest.first().context("no findings")?;
        let opened = patient.open_own(record).await?;
        let expected = format!("findings on: referral of {name}:");
        ensure!(
            opened.bytes().starts_with(expected.as_bytes()),
            "{name} read another's"
        );
        opened.receipt().verify(&members.trust_anchor())?;
    }
    println!("Each patient read her own findings, with a receipt");
    Ok(())
}

fn shown(contact: &Contact) -> String {
    let name = contact.claimed_name().unwrap_or("a person without a name");
    let attributes = contact.attributes().join(", ");
    format!("{name} of {} ({attributes})", contact.organisation().name)
}

fn shown_member(member: &MemberHealth) -> String {
    let name = &member.organisation;
    match (&member.state, member.problem()) {
        (_, Some(problem)) => problem,
        (MemberState::Running(running), None) => {
            format!("{name} is well, at height {}", running.height)
        }
        (other, None) => format!("{name}: {other:?}"),
    }
}
