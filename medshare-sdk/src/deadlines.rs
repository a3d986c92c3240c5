//! How long calls wait for the consortium, and for what the caller has handed in.

use std::time::Duration;

/// The longest deadline; longer ones are cut to it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest one: with less, no call would be made at all.
const SHORTEST: Duration = Duration::from_millis(1);

/// How long calls wait for the consortium, set by
/// [`Consortium::with_deadlines`](crate::Consortium::with_deadlines). No deadline is longer than a
/// day, or shorter than a millisecond.
///
/// ```
/// use std::time::Duration;
/// use medshare_sdk::Deadlines;
///
/// let patient = Deadlines::default().with_order(Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "deadlines apply to the consortium that is made with them"]
pub struct Deadlines {
    pub(crate) order: Duration,
    pub(crate) answer: Duration,
    pub(crate) shares: Duration,
    pub(crate) silence: Duration,
    pub(crate) issuance: Duration,
    pub(crate) secrets: Duration,
    pub(crate) store: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            order: Duration::from_secs(20),
            answer: Duration::from_secs(2),
            shares: Duration::from_secs(5),
            silence: Duration::from_secs(20),
            issuance: Duration::from_secs(20),
            secrets: Duration::from_secs(20),
            store: Duration::from_secs(20),
        }
    }
}

impl Deadlines {
    /// For a transaction to be ordered and certified: enrolments, seals, grants, tickets. 20 s by
    /// default; [`Error::TimedOut`](crate::Error::TimedOut) when it passes.
    ///
    /// Calls of one application that come too many at once wait for each other, and for members
    /// that are overloaded, for as long; then they are [`Error::Busy`](crate::Error::Busy).
    pub const fn with_order(mut self, order: Duration) -> Self {
        self.order = bounded(order);
        self
    }

    /// For the attribute authority to issue a key. 20 s by default;
    /// [`Error::TimedOut`](crate::Error::TimedOut) when it passes.
    pub const fn with_issuance(mut self, issuance: Duration) -> Self {
        self.issuance = bounded(issuance);
        self
    }

    /// For a key store or a signer to answer once. 20 s by default;
    /// [`Error::KeyStore`](crate::Error::KeyStore) when it passes. Longer where a person confirms
    /// each signature.
    pub const fn with_secrets(mut self, secrets: Duration) -> Self {
        self.secrets = bounded(secrets);
        self
    }

    /// For an object store to answer one request, for each 8 MiB that it carries. 20 s by default;
    /// [`Error::ObjectStore`](crate::Error::ObjectStore) when it passes and no other store can do
    /// in its place. A store that let it pass is asked after all others for half a minute.
    pub const fn with_store(mut self, store: Duration) -> Self {
        self.store = bounded(store);
        self
    }

    /// For one member to answer from its state, counted from when it is asked, and for the members
    /// together to prove a state. 2 s by default. A member that needs longer is asked last for a
    /// while.
    pub const fn with_answer(mut self, answer: Duration) -> Self {
        self.answer = bounded(answer);
        self
    }

    /// For the holders to release their shares of a ticket. 5 s by default.
    pub const fn with_shares(mut self, shares: Duration) -> Self {
        self.shares = bounded(shares);
        self
    }

    /// For which a watch goes on while no member answers. 20 s by default. A quiet chain is
    /// watched without an end.
    pub const fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = bounded(silence);
        self
    }
}

/// The milliseconds of a deadline, for errors.
pub(crate) fn millis(deadline: Duration) -> u64 {
    deadline.as_secs() * 1_000 + u64::from(deadline.subsec_millis())
}

const fn bounded(deadline: Duration) -> Duration {
    if deadline.as_secs() >= LONGEST.as_secs() {
        LONGEST
    } else if deadline.as_millis() == 0 {
        SHORTEST
    } else {
        deadline
    }
}
