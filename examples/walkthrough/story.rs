//! The steps, in order: what an application does.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use medshare_examples::{hash::Hasher, memory, progress, text};
use medshare_sdk::local::{HolderConduct, LocalBuilder, LocalConsortium};
use medshare_sdk::{
    Access, AccessPolicy, Content, Error, GrantId, Organisation, Person, Purpose, Receipt,
    RecordRef, TrustAnchor, Window,
};

use crate::files::{self, Entry, Index, Source};
use crate::report::{Opened, Outcome, note, say, step};
use crate::{Args, refusals};

/// Shown openly, since it protects only this demonstration. Applications ask for one, or bring a
/// vault of their own as a `KeyStore`.
const PASSPHRASE: &str = "only a demonstration";
const MEMBERS: usize = 4;
const GRANT_DAYS: u32 = 30;

/// Takes all files through the consortium. Errors in the command line are found before it starts.
pub(crate) async fn run(args: Args) -> Result<()> {
    let began = Instant::now();
    let mut sources = Vec::new();
    for path in &args.files {
        sources.push(Source::file(path)?);
    }
    if sources.is_empty() {
        sources.push(Source::generated()?);
    }
    let mut plan = LocalBuilder::new(MEMBERS).with_passphrase(PASSPHRASE);
    if let Some(dir) = &args.dir {
        let unusable = || format!("cannot use the folder {}", dir.display());
        std::fs::create_dir_all(dir).with_context(unusable)?;
        plan = plan.with_folder(dir);
    }
    if let Some(json) = &args.json {
        files::check_writable(json)?;
    }

    say("A consortium of four organisations in this process");
    let consortium = plan.start().await.context("cannot start the consortium")?;
    let folder = consortium.folder().to_owned();
    note("folder", folder.display());
    note("passphrase", PASSPHRASE);
    let highest = consortium.verified_heights().into_iter().max();
    let height = highest.unwrap_or_default();
    step("verified", began, format!("up to height {height}"));

    let outcome = tell(&consortium, &args, &folder, &sources).await;
    let ended = consortium.shut_down().await;
    // The reason why a member stopped is often why the story did not continue.
    let outcome = match (outcome, ended) {
        (Err(failure), Err(stopped)) => bail!("{failure:#}; {stopped}"),
        (outcome, ended) => {
            ended?;
            outcome?
        }
    };
    if let Some(json) = &args.json {
        let text = serde_json::to_string_pretty(&outcome)? + "\n";
        files::write(json, text.as_bytes())?;
    }
    say("\nAll as expected");
    let memory = memory::peak().map_or_else(String::new, text::size);
    step("took", began, format!("peak memory {memory}"));
    Ok(())
}

async fn tell(
    consortium: &LocalConsortium,
    args: &Args,
    folder: &Path,
    sources: &[Source],
) -> Result<Outcome> {
    let cast = Cast::enrol(consortium).await?;
    let mut index = Index::open(folder)?;
    let earlier = open_earlier(&cast, &mut index).await?;
    let mut opened = Vec::new();
    let mut last = None;
    for source in sources {
        let (file, access) = whole_way(&cast, &mut index, source).await?;
        opened.push(file);
        last = Some(access);
    }
    let refusals = refusals::show(&cast).await?;
    let last = last.context("nothing was opened")?;
    let (receipt, trust_anchor) = prove(&cast, args, folder, &last)?;
    Ok(Outcome {
        files: opened,
        refusals,
        earlier,
        receipt,
        trust_anchor,
    })
}

/// The consortium, and the people in it.
pub(crate) struct Cast {
    pub(crate) consortium: LocalConsortium,
    pub(crate) st_mary: Organisation,
    /// The subject of the records, who grants and revokes.
    pub(crate) patient: Person,
    /// A cardiologist.
    pub(crate) doctor: Person,
    /// A clinician of another organisation, not a cardiologist.
    pub(crate) nurse: Person,
    pub(crate) policy: AccessPolicy,
}

impl Cast {
    async fn enrol(consortium: &LocalConsortium) -> Result<Self> {
        let names: Vec<_> = consortium.organisation_names().collect();
        let [first, second, ..] = *names else {
            bail!("the consortium has too few members: {names:?}");
        };
        let st_mary = consortium.organisation(first)?;
        let charite = consortium.organisation(second)?;
        let cast = Self {
            consortium: consortium.clone(),
            patient: enrolled(&st_mary, "patient-7", &[]).await?,
            doctor: enrolled(&st_mary, "dr-lee", &["role:cardiologist"]).await?,
            nurse: enrolled(&charite, "nurse-kim", &["role:nurse"]).await?,
            policy: "role:cardiologist".parse()?,
            st_mary,
        };
        say("\nThe people, and what the chain calls them");
        for person in [&cast.patient, &cast.doctor, &cast.nurse] {
            note(person.name(), person.id());
        }
        Ok(cast)
    }

    /// The name of the organisation on that seat.
    pub(crate) fn member(&self, seat: usize) -> Result<&str> {
        let mut names = self.consortium.organisation_names();
        names.nth(seat).context("the consortium is too small")
    }

    /// Makes the holder on that seat behave in another way.
    pub(crate) fn set_conduct(&self, seat: usize, conduct: HolderConduct) -> Result<()> {
        Ok(self
            .consortium
            .set_holder_conduct(self.member(seat)?, conduct)?)
    }
}

/// Enrols the person, unless an earlier run did.
async fn enrolled(organisation: &Organisation, name: &str, attributes: &[&str]) -> Result<Person> {
    let found = match organisation.enrol(name, attributes).await {
        Err(Error::AlreadyEnrolled { .. }) => organisation.person(name).await,
        enrolled => enrolled,
    };
    found.with_context(|| format!("cannot enrol {name}"))
}

/// Seals, grants and opens a file.
async fn whole_way(cast: &Cast, index: &mut Index, source: &Source) -> Result<(Opened, Access)> {
    let name = &source.name;
    let (sha256, bytes) = source.sum()?;
    let (size, began) = (text::size(bytes), Instant::now());
    say(format_args!("\n{name}, {size}, sha256 {sha256}"));
    let bar = progress::bar("sealing", bytes);
    let moving = bar.clone();
    let record = cast
        .st_mary
        .seal(Content::file(&source.path), &cast.policy)
        .subject(&cast.patient)
        .title(name)
        .media_type(source.media_type)
        .on_progress(move |done| moving.set_position(done))
        .await
        .with_context(|| format!("cannot seal {name}"))?
        .record();
    bar.finish_and_clear();
    step("sealed", began, record);

    let began = Instant::now();
    let grant = grant(cast, record).await?;
    step("granted", began, format!("for {GRANT_DAYS} days"));

    let entry = Entry {
        path: name.clone(),
        record: record.to_string(),
        grant: grant.to_string(),
        sha256,
        bytes,
    };
    let opened = open(cast, grant, &entry).await?;
    index.entries.push(entry);
    index.save()?;
    Ok(opened)
}

async fn grant(cast: &Cast, record: RecordRef) -> Result<GrantId> {
    let window = Window::days(GRANT_DAYS);
    let granting = cast.patient.grant(record, &cast.doctor, window);
    let granted = granting.purpose(Purpose::Treatment).await;
    granted.with_context(|| format!("cannot grant {record}"))
}

/// Opens a record into a hash, which must be the one of the sealed file. No content is kept.
async fn open(cast: &Cast, grant: GrantId, entry: &Entry) -> Result<(Opened, Access)> {
    let (name, began) = (&entry.path, Instant::now());
    let bar = progress::bar("opening", entry.bytes);
    let moving = bar.clone();
    let mut hasher = Hasher::default();
    let opening = cast.doctor.open(grant);
    let opening = opening.on_progress(move |done| moving.set_position(done));
    let access = opening.write_to(&mut hasher).await;
    bar.finish_and_clear();
    let access = access.with_context(|| format!("cannot open {name}"))?;
    let (opened_sha256, bytes) = hasher.finish();
    ensure!(
        (&opened_sha256, bytes) == (&entry.sha256, entry.bytes),
        "{name}: sealed as {entry:?}, opened are {bytes} bytes of sha256 {opened_sha256}"
    );
    let height = access.ticket().height;
    step("opened", began, format!("{name} at height {height}"));
    let opened = Opened {
        path: name.clone(),
        sha256: entry.sha256.clone(),
        opened_sha256,
        bytes,
        ticket_height: height.0,
    };
    Ok((opened, access))
}

/// Opens each record that earlier runs in this folder sealed, under a new grant if need be.
async fn open_earlier(cast: &Cast, index: &mut Index) -> Result<Vec<Opened>> {
    say("\nRecords of earlier runs");
    let mut earlier = Vec::new();
    for position in 0..index.entries.len() {
        let entry = &mut index.entries[position];
        let mut opened = open(cast, entry.grant.parse()?, entry).await;
        let expired = |error: &Error| error.code() == "expired";
        if matches!(&opened, Err(error) if error.downcast_ref().is_some_and(expired)) {
            let renewed = grant(cast, entry.record.parse()?).await?;
            entry.grant = renewed.to_string();
            opened = open(cast, renewed, entry).await;
            index.save()?;
        }
        earlier.push(opened?.0);
    }
    Ok(earlier)
}

/// Writes the receipt of an access, and verifies it with nothing but two files.
fn prove(cast: &Cast, args: &Args, folder: &Path, access: &Access) -> Result<(String, String)> {
    let (receipt, anchor) = match (&args.dir, &args.json) {
        // A temporary folder is removed, so the files that the JSON names are beside the JSON.
        (None, Some(json)) if !json.exists() || json.is_file() => (
            json.with_added_extension("receipt"),
            json.with_added_extension("trust-anchor"),
        ),
        _ => (folder.join("receipt"), folder.join("trust-anchor")),
    };
    files::write(&receipt, &access.receipt().to_bytes())?;
    if !anchor.starts_with(folder) {
        files::write(&anchor, &cast.consortium.trust_anchor().to_bytes())?;
    }

    let proof = Receipt::from_bytes(&std::fs::read(&receipt)?)?;
    let trust = TrustAnchor::from_bytes(&std::fs::read(&anchor)?)?;
    let ticket = proof.verify(&trust)?;
    ensure!(ticket == access.ticket(), "not the ticket's receipt");
    say("\nThe receipt of the last access, verified offline from the genesis alone");
    note("written", receipt.display());
    note("opened", format_args!("{} by dr-lee", ticket.record));
    Ok((receipt.display().to_string(), anchor.display().to_string()))
}
