//! Each way of being refused, done for real, on a record of its own.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use medshare_examples::fhir;
use medshare_sdk::local::HolderConduct;
use medshare_sdk::{Error, GrantId, Opened, Person, Purpose, RecordRef, Window};
use tokio::time::sleep;

use crate::report::{Refusal, say};
use crate::story::Cast;

const DAY: Duration = Duration::from_secs(86_400);
/// A window short enough to wait for its end.
const BRIEF: Duration = Duration::from_millis(300);
/// A stored segment: 64 KiB and a tag.
const SEALED_SEGMENT: usize = (64 << 10) + 16;
/// Seats of the faulty holders. Readers check shares in the order of seats and stop when they have
/// enough, so a culprit on one of the first is seen.
const FAULTY: [usize; 2] = [1, 2];
/// A wrong share may arrive too late to be checked: reads until one is.
const ATTEMPTS: usize = 5;

/// Shows all of them. Fails if one is refused with another code, or opens.
pub(crate) async fn show(cast: &Cast) -> Result<Vec<Refusal>> {
    say("\nRefusals, each on a record of its own");
    let mut refusals = by_rules(cast).await?;
    refusals.extend(for_altered_objects(cast).await?);
    refusals.push(for_too_few_shares(cast).await?);
    one_culprit(cast).await?;
    Ok(refusals)
}

async fn by_rules(cast: &Cast) -> Result<Vec<Refusal>> {
    let Cast { doctor, nurse, .. } = cast;
    let day = Window::days(1);
    let mut refusals = Vec::new();

    let trial = Trial::begin(cast, "before the window", doctor, day.starting_in(DAY)).await?;
    refusals.push(trial.refused("not_yet", doctor.open(trial.grant).await)?);

    let trial = Trial::begin(cast, "after the window", doctor, Window::lasting(BRIEF)).await?;
    sleep(BRIEF).await;
    refusals.push(trial.refused("expired", doctor.open(trial.grant).await)?);

    // A grant does not replace attributes.
    let trial = Trial::begin(cast, "without the attributes", nurse, day).await?;
    refusals.push(trial.refused("policy_unsatisfied", nurse.open(trial.grant).await)?);

    let trial = Trial::begin(cast, "after revocation", doctor, day).await?;
    trial.opens().await?;
    let revoked = cast.patient.revoke(trial.grant).await;
    revoked.with_context(|| format!("{}: cannot revoke", trial.case))?;
    refusals.push(trial.refused("revoked", doctor.open(trial.grant).await)?);

    let trial = Trial::begin(cast, "wrong purpose", doctor, day).await?;
    let research = doctor.open(trial.grant).purpose(Purpose::Research).await;
    refusals.push(trial.refused("purpose_mismatch", research)?);
    Ok(refusals)
}

/// All stores collude: they exchange the same two segments, or lose the same end.
async fn for_altered_objects(cast: &Cast) -> Result<[Refusal; 2]> {
    let (doctor, day) = (&cast.doctor, Window::days(1));
    let trial = Trial::begin(cast, "a swapped segment", doctor, day).await?;
    trial.alter_objects(|file| {
        let mut sealed = fs::read(file)?;
        let (first, rest) = sealed
            .split_at_mut_checked(SEALED_SEGMENT)
            .filter(|(_, rest)| rest.len() > 2 * SEALED_SEGMENT)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        first.swap_with_slice(&mut rest[..SEALED_SEGMENT]);
        fs::write(file, &sealed)
    })?;
    let swapped = trial.refused("segment_mismatch", doctor.open(trial.grant).await)?;

    let trial = Trial::begin(cast, "a truncated object", doctor, day).await?;
    trial.alter_objects(|file| {
        let file = File::options().write(true).open(file)?;
        file.set_len(file.metadata()?.len().saturating_sub(100))
    })?;
    let truncated = trial.refused("object_truncated", doctor.open(trial.grant).await)?;
    Ok([swapped, truncated])
}

/// Two good shares of four, where three are needed.
async fn for_too_few_shares(cast: &Cast) -> Result<Refusal> {
    let case = "two of four holders refusing or lying";
    let trial = Trial::begin(cast, case, &cast.doctor, Window::days(1)).await?;
    let [first, second] = FAULTY;
    cast.set_conduct(first, HolderConduct::Lie)?;
    cast.set_conduct(second, HolderConduct::Refuse)?;
    let opened = cast.doctor.open(trial.grant).await;
    cast.set_conduct(first, HolderConduct::Honest)?;
    cast.set_conduct(second, HolderConduct::Honest)?;
    let refusal = trial.refused("insufficient_shares", opened)?;
    trial.opens().await?;
    Ok(refusal)
}

/// Three good shares of four are enough, and the access names the culprit.
async fn one_culprit(cast: &Cast) -> Result<()> {
    let trial = Trial::begin(cast, "one lying holder", &cast.doctor, Window::days(1)).await?;
    let [culprit, _] = FAULTY;
    cast.set_conduct(culprit, HolderConduct::Lie)?;
    let mut named = Vec::new();
    for _ in 0..ATTEMPTS {
        named = trial.opens().await?.access().culprits().to_vec();
        if !named.is_empty() {
            break;
        }
    }
    cast.set_conduct(culprit, HolderConduct::Honest)?;
    let (case, culprit) = (trial.case, cast.member(culprit)?);
    ensure!(named == [culprit], "{culprit} lied, not {named:?}");
    say(format_args!(
        "\nOpened in spite of {case}, who is {culprit}"
    ));
    Ok(())
}

/// A record of its own for one case, and a grant for it.
struct Trial<'a> {
    cast: &'a Cast,
    case: &'static str,
    record: RecordRef,
    grant: GrantId,
}

impl<'a> Trial<'a> {
    async fn begin(
        cast: &'a Cast,
        case: &'static str,
        reader: &Person,
        window: Window,
    ) -> Result<Self> {
        let content = fhir::bundle(8).into_bytes();
        let sealed = cast
            .st_mary
            .seal(content, &cast.policy)
            .subject(&cast.patient)
            .await;
        let record = sealed.with_context(|| format!("{case}: cannot seal"))?;
        let granted = cast
            .patient
            .grant(record, reader, window)
            .purpose(Purpose::Treatment)
            .await;
        let grant = granted.with_context(|| format!("{case}: cannot grant"))?;
        Ok(Self {
            cast,
            case,
            record: record.record(),
            grant,
        })
    }

    /// Opens the record, which must succeed.
    async fn opens(&self) -> Result<Opened> {
        let opened = self.cast.doctor.open(self.grant).await;
        opened.with_context(|| format!("{}: does not open where it must", self.case))
    }

    /// Checks that the access was refused with this code.
    fn refused(&self, code: &'static str, opened: Result<Opened, Error>) -> Result<Refusal> {
        let case = self.case;
        match opened {
            Err(error) if error.code() == code => {
                say(format_args!("  {code:20} {case}: {error}"));
                Ok(Refusal { case, code })
            }
            Err(error) => Err(error).with_context(|| format!("{case}: expected {code}")),
            Ok(_) => bail!("{case}: expected {code}, but it opened"),
        }
    }

    /// Changes the record's object in every store that holds it.
    fn alter_objects(&self, alter: impl Fn(&Path) -> io::Result<()>) -> Result<()> {
        let files = self.cast.consortium.payload_files(self.record);
        ensure!(
            !files.is_empty(),
            "{}: no store holds the record",
            self.case
        );
        for file in files {
            alter(&file).with_context(|| format!("cannot alter {}", file.display()))?;
        }
        Ok(())
    }
}
