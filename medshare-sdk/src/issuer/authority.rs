//! The attribute authority, where its master key is in this process.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, PoisonError};

use medshare_abe::issuance::SealedKey;
use medshare_abe::{AttributeSet, Date, MasterSecretKey, PublicParameters, Validity};
use medshare_contract::keys;
use medshare_contract::state::{PersonState, RecordHeadState};
use medshare_host::{ComputePool, clock, os_random};
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    Denial, Digest, Genesis, PersonId, RecordId, ReplicaId, SealingDate, Timestamp,
};

use crate::chain::Chain;
use crate::client::ConsortiumClient;
use crate::error::{Error, Result};
use crate::issuer::request::{AttributeIssuer, KeyRequest};
use crate::issuer::vouching::{check_issuable, subject_attribute, vouched_attributes};
use crate::receipt::TrustAnchor;

/// Milliseconds between a request's time and the authority's clock, at most.
const REQUEST_TOLERANCE_MS: u64 = 60_000;
/// The member that is asked first for a person's state.
const FIRST_SEAT: ReplicaId = ReplicaId(0);

/// Days of sealing that a new key covers from its day of issue on; it also covers all earlier days.
pub const DEFAULT_KEY_LIFETIME_DAYS: NonZeroU16 = NonZeroU16::MIN.saturating_add(365);

/// Days between the authority's clock and the block that proves the person's attributes, at most. Behind by more, the authority issues nothing; ahead by more, which an idle chain
/// explains too, it counts a key's days from this many after that block.
pub const CLOCK_TOLERANCE_DAYS: u16 = 2;

/// Returns true for people who get no more keys.
pub(crate) type RefusalRule = Arc<dyn Fn(&PersonId) -> bool + Send + Sync>;

/// The attribute authority, where its master key is in this process.
///
/// It issues to every enrolled person for as long as the chain says so, and the chain cannot end an
/// enrolment yet: [`Self::with_refusal`] is the authority's own way to stop. To a record's subject
/// it issues a key for that record.
pub struct AttributeAuthority {
    parameters: Arc<PublicParameters>,
    master: Arc<MasterSecretKey>,
    chain: Chain,
    computing: ComputePool,
    key_lifetime_days: NonZeroU16,
    refuses: RefusalRule,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The statements of requests answered within the tolerance, and their times. Not the nonces:
    /// one person's nonce says nothing about another's request.
    answered: Mutex<BTreeMap<Digest, Timestamp>>,
}

/// Refuses a master key of other public parameters than the genesis names. Cost: one pairing.
pub(crate) fn check_master_key(genesis: &Genesis, master: &MasterSecretKey) -> Result<()> {
    if master.parameters().to_bytes() == genesis.authority.parameters {
        Ok(())
    } else {
        Err(Error::ForeignMasterKey)
    }
}

impl AttributeAuthority {
    /// The authority of a consortium. It reads by proof, through its own client, which attributes
    /// the organisations vouch for.
    ///
    /// # Errors
    /// [`Error::InvalidGenesis`]; [`Error::ForeignMasterKey`] for a key that the anchor does not name.
    pub fn new(
        anchor: &TrustAnchor,
        client: Arc<dyn ConsortiumClient>,
        master: MasterSecretKey,
    ) -> Result<Self> {
        Self::on(Chain::new(anchor.clone(), client)?, master)
    }

    pub(crate) fn on(chain: Chain, master: MasterSecretKey) -> Result<Self> {
        let genesis = chain.genesis();
        let parameters = PublicParameters::from_bytes(&genesis.authority.parameters)
            .map_err(Error::invalid_genesis)?;
        check_master_key(genesis, &master)?;
        Ok(Self {
            parameters: Arc::new(parameters),
            master: Arc::new(master),
            chain,
            computing: ComputePool::default(),
            key_lifetime_days: DEFAULT_KEY_LIFETIME_DAYS,
            refuses: Arc::new(|_| false),
            clock: Arc::new(clock::now),
            answered: Mutex::default(),
        })
    }

    /// Keys open records sealed on this many days, the day of issue being the first, and all older
    /// ones; [`DEFAULT_KEY_LIFETIME_DAYS`] by default. The SDK requests a new key when a record
    /// needs it, so a shorter lifetime costs requests. It does not by itself end access: a person
    /// who is refused from now on ([`Self::with_refusal`]) reads new records until the key lapses.
    #[must_use]
    pub const fn with_key_lifetime(mut self, days: NonZeroU16) -> Self {
        self.key_lifetime_days = days;
        self
    }

    /// Issues no key to people whom `refuses` names, whatever the chain says; refuses none by
    /// default. It is asked about every request that is signed and new, and must answer quickly.
    ///
    /// Existing keys stay good: such a person's key opens records sealed on its days, behind a gate
    /// only with a ticket.
    #[must_use]
    pub fn with_refusal(self, refuses: impl Fn(&PersonId) -> bool + Send + Sync + 'static) -> Self {
        self.refusing(Arc::new(refuses))
    }

    pub(crate) fn refusing(mut self, refuses: RefusalRule) -> Self {
        self.refuses = refuses;
        self
    }

    /// Another clock than the system's. Block time bounds the harm of a wrong one, see
    /// [`CLOCK_TOLERANCE_DAYS`].
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    async fn serve(&self, request: KeyRequest) -> Result<SealedKey> {
        let unknown = || Error::Denied(Denial::UnknownSender);
        let key = keys::person(&request.person);
        let (found, proven_at): (Option<PersonState>, _) =
            self.chain.read_dated(FIRST_SEAT, key).await?;
        let person = found.ok_or_else(unknown)?;
        let statement = request.statement(self.chain.id(), &self.parameters.digest());
        let signed = person.key.verify(&statement, &request.signature);
        let now = (self.clock)();
        if signed.is_err() || !self.is_fresh(statement, request.at, now) {
            return Err(unknown());
        }
        if (self.refuses)(&request.person) {
            return Err(Error::IssuanceRefused);
        }
        let validity = validity(now, proven_at, self.key_lifetime_days)?;
        let attributes = match &request.record {
            None => vouched_attributes(self.chain.genesis(), &person)?,
            Some(record) => self.attributes_of_subject(record, &request.person).await?,
        };
        check_issuable(&attributes)?;
        let parameters = Arc::clone(&self.parameters);
        let master = Arc::clone(&self.master);
        let issue = move || {
            let rng = &mut os_random();
            let key = master
                .issue(&parameters, &attributes, validity, rng)
                .map_err(Error::internal)?;
            key.seal_to(&request.recipient, &statement, rng)
                .map_err(|_| {
                    let field = "recipient".to_owned();
                    Error::Denied(Denial::Invalid { field })
                })
        };
        self.computing.run(issue).await?
    }

    /// The attribute of a record's subject, for that person alone.
    async fn attributes_of_subject(
        &self,
        record: &RecordId,
        person: &PersonId,
    ) -> Result<AttributeSet> {
        let key = keys::record_head(record);
        let found: Option<RecordHeadState> = self.chain.read(FIRST_SEAT, key).await?;
        let head = found.ok_or(Error::Denied(Denial::UnknownRecord))?;
        if head.subject == *person {
            Ok([subject_attribute(record)].into_iter().collect())
        } else {
            Err(Error::Denied(Denial::NotAuthorised))
        }
    }

    /// Returns true if the request is recent and was not answered before.
    fn is_fresh(&self, statement: Digest, at: Timestamp, now: Timestamp) -> bool {
        let apart = |at: Timestamp| now.as_millis().abs_diff(at.as_millis());
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, at| apart(*at) <= REQUEST_TOLERANCE_MS);
        apart(at) <= REQUEST_TOLERANCE_MS && answered.insert(statement, at).is_none()
    }
}

impl AttributeIssuer for AttributeAuthority {
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>> {
        Box::pin(self.serve(request.clone()))
    }
}

/// The days of a new key: from the first of all, so that it also opens older records.
///
/// A quorum vouches for a block's time, which is ahead of real time by no more than clocks are
/// imprecise: it bounds what the authority's wrong clock can give away. Block time alone does not
/// do, since an idle chain stands still.
fn validity(now: Timestamp, proven_at: Timestamp, lifetime_days: NonZeroU16) -> Result<Validity> {
    let clock = SealingDate::of(now).0;
    let block = SealingDate::of(proven_at).0;
    if clock.saturating_add(CLOCK_TOLERANCE_DAYS) < block {
        return Err(Error::ClockBehind {
            clock: Date::from_days(clock),
            block: Date::from_days(block),
        });
    }
    let latest = block.saturating_add(CLOCK_TOLERANCE_DAYS);
    if clock > latest {
        tracing::warn!(
            clock,
            block,
            "the chain is idle, or the clock is ahead of it"
        );
    }
    let until = clock.min(latest).saturating_add(lifetime_days.get());
    Validity::until(Date::from_days(until)).map_err(Error::internal)
}

impl std::fmt::Debug for AttributeAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttributeAuthority")
            .field("chain", self.chain.id())
            .field("key_lifetime_days", &self.key_lifetime_days)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    fn last(clock: u64, block: u64) -> Result<u16> {
        let at = |day| Timestamp::from_millis(day * DAY_MS + 1);
        let days = NonZeroU16::new(10).unwrap();
        validity(at(clock), at(block), days).map(|validity| validity.last().days())
    }

    #[test]
    fn block_time_bounds_what_the_clock_can_do() {
        for clock in 998..=1_002 {
            assert_eq!(u64::from(last(clock, 1_000).unwrap()), clock + 9);
        }
        for behind in [0, 1, 997] {
            assert_eq!(last(behind, 1_000).unwrap_err().code(), "clock_behind");
        }
        for ahead in [1_003, 5_000, u64::MAX / DAY_MS - 1] {
            assert_eq!(last(ahead, 1_000).unwrap(), 1_011, "{ahead}");
        }
    }
}
