//! The attribute authority, where its master key is in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use medshare_abe::issuance::SealedKey;
use medshare_abe::{Date, MasterSecretKey, PublicParameters, Validity};
use medshare_contract::keys;
use medshare_contract::state::PersonState;
use medshare_types::keystore::BoxFuture;
use medshare_types::{Denial, Digest, PersonId, ReplicaId, SealingDate, Timestamp};

use super::{AttributeIssuer, KeyRequest, vouched_attributes};
use crate::chain::Chain;
use crate::consortium::Consortium;
use crate::error::{Error, Result};
use medshare_host::blocking;
use medshare_host::clock;
use medshare_host::os_random;

/// How far a request's time may lie from the authority's clock, milliseconds.
const REQUEST_TOLERANCE_MS: u64 = 60_000;

/// On how many days a record may be sealed, that of issue being the first, so that a new key opens
/// it.
pub const DEFAULT_KEY_LIFETIME_DAYS: u16 = 366;

/// How many days the authority's clock may lie from the time of the block that proves whom it
/// issues to. Behind by more, it issues nothing; ahead by more, which an idle chain explains too,
/// it counts a key's days from so many after that block.
pub const CLOCK_TOLERANCE_DAYS: u16 = 2;

/// Whom the authority issues no more keys to.
pub(crate) type Refusal = Arc<dyn Fn(&PersonId) -> bool + Send + Sync>;

/// The attribute authority itself, where its master key is in this process.
///
/// It issues to whoever is enrolled, for as long as the chain says so, and the chain cannot end an
/// enrolment yet: [`Self::with_refusal`] is the authority's own way to stop.
pub struct AttributeAuthority {
    parameters: Arc<PublicParameters>,
    master: Arc<MasterSecretKey>,
    chain: Chain,
    key_lifetime_days: u16,
    refuses: Refusal,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The statements of requests answered within the tolerance, and their times. Not the nonces:
    /// one person's nonce says nothing about another's request.
    answered: Mutex<BTreeMap<Digest, Timestamp>>,
}

impl AttributeAuthority {
    /// The authority of a consortium, for whoever keeps its master key. It reads by proof whom the
    /// organisations vouch for.
    #[must_use]
    pub fn of(consortium: &Consortium, master: MasterSecretKey) -> Self {
        let inner = &consortium.inner;
        Self::new(Arc::clone(&inner.parameters), master, inner.chain.clone())
    }

    /// Keys open what is sealed on so many days, that of issue being the first, and everything
    /// older; [`DEFAULT_KEY_LIFETIME_DAYS`] unless said here. The SDK asks for a new key when a
    /// record needs it, so a shorter lifetime costs requests. It ends nobody's access by itself:
    /// whoever is refused from now on ([`Self::with_refusal`]) reads what is sealed until the key
    /// lapses.
    #[must_use]
    pub const fn with_key_lifetime(mut self, days: u16) -> Self {
        self.key_lifetime_days = days;
        self
    }

    /// Issues no key to whom `refuses` names, whatever the chain says; nobody unless said here. It
    /// is asked about every request that is signed and new.
    ///
    /// What such a person has stays good: her key opens what was sealed on its days, behind a gate
    /// only with a ticket. `refuses` must answer quickly and remember its answers itself.
    #[must_use]
    pub fn with_refusal(self, refuses: impl Fn(&PersonId) -> bool + Send + Sync + 'static) -> Self {
        self.refusing(Arc::new(refuses))
    }

    pub(crate) fn refusing(mut self, refuses: Refusal) -> Self {
        self.refuses = refuses;
        self
    }

    /// Another clock than the system's. Block time bounds what it can do, see
    /// [`CLOCK_TOLERANCE_DAYS`].
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(crate) fn new(
        parameters: Arc<PublicParameters>,
        master: MasterSecretKey,
        chain: Chain,
    ) -> Self {
        Self {
            parameters,
            master: Arc::new(master),
            chain,
            key_lifetime_days: DEFAULT_KEY_LIFETIME_DAYS,
            refuses: Arc::new(|_| false),
            clock: Arc::new(clock::now),
            answered: Mutex::default(),
        }
    }

    async fn serve(&self, request: KeyRequest) -> Result<SealedKey> {
        let unknown = || Error::Denied(Denial::UnknownSender);
        let place = keys::person(&request.person);
        let (person, proven_at): (Option<PersonState>, _) =
            self.chain.read_dated(ReplicaId(0), place).await?;
        let person = person.ok_or_else(unknown)?;
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
        let attributes = vouched_attributes(self.chain.genesis(), &person)?;
        let (parameters, master) = (Arc::clone(&self.parameters), Arc::clone(&self.master));
        let work = move || {
            let rng = &mut os_random();
            let key = master.issue(&parameters, &attributes, validity, rng);
            let key = key.map_err(|_| Error::Undecipherable)?;
            let sealed = key.seal_to(&request.recipient, &statement, rng);
            sealed.map_err(|_| {
                let field = "recipient".to_owned();
                Error::Denied(Denial::Invalid { field })
            })
        };
        blocking(work).await?
    }

    /// Whether the request is of about now and was not answered before.
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

/// From the first day, so that a key also opens what was sealed before it was issued.
///
/// A block's time is the word of a quorum, which is not ahead of it by more than clocks are
/// imprecise: it bounds what a wrong clock of the authority's can give away. It cannot be taken
/// alone, since the chain stands still while nothing happens.
fn validity(now: Timestamp, proven_at: Timestamp, lifetime_days: u16) -> Result<Validity> {
    let (clock, block) = (SealingDate::of(now).0, SealingDate::of(proven_at).0);
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
    let until = clock.min(latest).saturating_add(lifetime_days);
    Validity::until(Date::from_days(until)).map_err(|_| Error::Undecipherable)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    fn last(clock: u64, block: u64) -> Result<u16> {
        let at = |day| Timestamp::from_millis(day * DAY_MS + 1);
        validity(at(clock), at(block), 10).map(|validity| validity.last().days())
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
