//! Every way of being refused, done for real, each on a record of its own.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use medshare_examples::fhir;
use medshare_sdk::local::HolderConduct;
use medshare_sdk::{Error, GrantId, Opened, Person, Purpose, Record, Window};
use tokio::time::sleep;

use crate::cast::Cast;
use crate::failure::{Context as _, Failure, Result};
use crate::report::{Refusal, note, say};

const DAY: Duration = Duration::from_secs(86_400);
/// A window that is over before anybody is bored.
const BRIEF: Duration = Duration::from_millis(300);
/// A sealed segment in a store: 64 KiB and a tag.
const SEALED_SEGMENT: usize = (64 << 10) + 16;
/// Bytes cut off an object.
const CUT: u64 = 100;
/// Seats of the holders that are drilled. Whoever reads looks at shares in the order of the seats
/// and only until there are enough, so a liar on one of the first is seen.
const FIRST: usize = 1;
const SECOND: usize = 2;
/// How often a lie may come too late to be looked at.
const ATTEMPTS: usize = 5;

/// Shows them all. Fails if one comes with another code, or opens.
pub(crate) async fn show(cast: &Cast) -> Result<Vec<Refusal>> {
    say("\nRefusals, each on a record of its own");
    let shown = vec![
        before_the_window(cast).await?,
        after_the_window(cast).await?,
        without_the_attributes(cast).await?,
        after_revocation(cast).await?,
        wrong_purpose(cast).await?,
        swapped_segment(cast).await?,
        truncated_object(cast).await?,
        two_bad_holders(cast).await?,
    ];
    one_lying_holder(cast).await?;
    Ok(shown)
}

async fn before_the_window(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "before the window");
    let record = trial.seal("not yet").await?;
    let grant = trial
        .grant(record, &cast.doctor, Window::days(1).starting_in(DAY))
        .await?;
    trial.refused("not_yet", cast.doctor.open(grant).await)
}

async fn after_the_window(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "after the window");
    let record = trial.seal("no longer").await?;
    let grant = trial
        .grant(record, &cast.doctor, Window::lasting(BRIEF))
        .await?;
    sleep(BRIEF).await;
    trial.refused("expired", cast.doctor.open(grant).await)
}

/// A grant does not replace attributes.
async fn without_the_attributes(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "without the attributes");
    let record = trial.seal("for cardiologists").await?;
    let grant = trial.grant(record, &cast.nurse, Window::days(1)).await?;
    trial.refused("policy_unsatisfied", cast.nurse.open(grant).await)
}

async fn after_revocation(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "after revocation");
    let record = trial.seal("for now").await?;
    let grant = trial.grant(record, &cast.doctor, Window::days(1)).await?;
    trial.opens(grant).await?;
    let revoked = cast.patient.revoke(grant).await;
    revoked.context(|| format!("{}: cannot revoke", trial.case))?;
    trial.refused("revoked", cast.doctor.open(grant).await)
}

async fn wrong_purpose(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "wrong purpose");
    let record = trial.seal("for treatment").await?;
    let grant = trial.grant(record, &cast.doctor, Window::days(1)).await?;
    let research = cast.doctor.open(grant).purpose(Purpose::Research);
    trial.refused("purpose_mismatch", research.await)
}

/// The clouds conspire: all of them exchange the same two segments.
async fn swapped_segment(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "a swapped segment");
    let record = trial.seal(fhir::bundle(8)).await?;
    let grant = trial.grant(record, &cast.doctor, Window::days(1)).await?;
    trial.alter_stores(record, |file| {
        let mut sealed = std::fs::read(file)?;
        let (first, rest) = sealed
            .split_at_mut_checked(SEALED_SEGMENT)
            .filter(|(_, rest)| rest.len() > 2 * SEALED_SEGMENT)
            .ok_or(std::io::ErrorKind::UnexpectedEof)?;
        first.swap_with_slice(&mut rest[..SEALED_SEGMENT]);
        std::fs::write(file, &sealed)
    })?;
    trial.refused("segment_mismatch", cast.doctor.open(grant).await)
}

/// The clouds conspire: all of them lose the same end.
async fn truncated_object(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "a truncated object");
    let record = trial.seal(fhir::bundle(9)).await?;
    let grant = trial.grant(record, &cast.doctor, Window::days(1)).await?;
    trial.alter_stores(record, |file| {
        let file = File::options().write(true).open(file)?;
        file.set_len(file.metadata()?.len().saturating_sub(CUT))
    })?;
    trial.refused("object_truncated", cast.doctor.open(grant).await)
}

/// Two good shares of four, where three are needed.
async fn two_bad_holders(cast: &Cast) -> Result<Refusal> {
    let trial = Trial::new(cast, "two of four holders refusing or lying");
    let record = trial.seal("for three holders").await?;
    let grant = trial.grant(record, &cast.doctor, Window::days(1)).await?;
    cast.drill(FIRST, HolderConduct::Lie)?;
    cast.drill(SECOND, HolderConduct::Refuse)?;
    let opened = cast.doctor.open(grant).await;
    cast.drill(FIRST, HolderConduct::Honest)?;
    cast.drill(SECOND, HolderConduct::Honest)?;
    let refusal = trial.refused("insufficient_shares", opened)?;
    trial.opens(grant).await?;
    Ok(refusal)
}

/// Three good shares of four are enough, and the liar is named.
async fn one_lying_holder(cast: &Cast) -> Result<()> {
    let trial = Trial::new(cast, "one lying holder");
    let record = trial.seal("in spite of a liar").await?;
    let grant = trial.grant(record, &cast.doctor, Window::days(1)).await?;
    let liar = cast.member(FIRST)?;
    cast.drill(FIRST, HolderConduct::Lie)?;
    let mut named = Vec::new();
    for _ in 0..ATTEMPTS {
        named = trial.opens(grant).await?.access().liars().to_vec();
        if !named.is_empty() {
            break;
        }
    }
    cast.drill(FIRST, HolderConduct::Honest)?;
    if named != [liar] {
        let named = named.join(", ");
        return Err(Failure::new(format!(
            "{}: {liar} lied, named is [{named}]",
            trial.case
        )));
    }
    say("\nAnd what is not refused");
    note(
        "opened",
        format_args!(
            "{}: by three good shares; named as a liar: {liar}",
            trial.case
        ),
    );
    Ok(())
}

/// One case, with what all have in common.
struct Trial<'a> {
    cast: &'a Cast,
    case: &'static str,
}

impl<'a> Trial<'a> {
    const fn new(cast: &'a Cast, case: &'static str) -> Self {
        Self { cast, case }
    }

    async fn seal(&self, content: impl Into<String>) -> Result<Record> {
        let Cast {
            st_mary,
            patient,
            policy,
            ..
        } = self.cast;
        let sealed = st_mary
            .seal(content.into().into_bytes(), policy)
            .subject(patient)
            .await;
        sealed.context(|| format!("{}: cannot seal", self.case))
    }

    async fn grant(&self, record: Record, reader: &Person, window: Window) -> Result<GrantId> {
        let granted = self.cast.patient.grant(record, reader, window);
        granted
            .purpose(Purpose::Treatment)
            .await
            .context(|| format!("{}: cannot grant", self.case))
    }

    /// What must open.
    async fn opens(&self, grant: GrantId) -> Result<Opened> {
        let opened = self.cast.doctor.open(grant).await;
        opened.context(|| format!("{}: does not open where it must", self.case))
    }

    /// What must not.
    fn refused(&self, code: &'static str, opened: Result<Opened, Error>) -> Result<Refusal> {
        let case = self.case;
        match opened {
            Err(error) if error.code() == code => {
                say(format_args!("  {code:20} {case}: {error}"));
                Ok(Refusal { case, code })
            }
            Err(error) => {
                let other = error.code();
                Err(Failure::new(format!(
                    "{case}: expected {code}, refused with {other}: {error}"
                )))
            }
            Ok(_) => Err(Failure::new(format!(
                "{case}: expected {code}, but it opened"
            ))),
        }
    }

    /// Changes the record's ciphertext in every store that holds it.
    fn alter_stores(
        &self,
        record: Record,
        alter: impl Fn(&Path) -> std::io::Result<()>,
    ) -> Result<()> {
        let files = self.cast.consortium.payload_files(record);
        let files = files.context(|| format!("{}: cannot find the stores", self.case))?;
        if files.is_empty() {
            return Err(Failure::new(format!(
                "{}: no store holds the record",
                self.case
            )));
        }
        for file in files {
            alter(&file).context(|| format!("{}: cannot alter {}", self.case, file.display()))?;
        }
        Ok(())
    }
}
