//! Sessions of openings that failed half-way, kept so that a retry takes no further use of a grant.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use medshare_host::clock;
use medshare_ledger::{ReceiptProof, Transaction};
use medshare_threshold::SessionSecret;
use medshare_types::{
    Digest, GrantId, OrganisationId, Purpose, ReleaseShare, Ticket, Timestamp, VerifyingKey,
};
use tokio::runtime::Handle;

/// Sessions kept at once; beyond it the one that was kept first is given up.
const MAX_KEPT: usize = 4096;
/// Time for which a request is kept whose outcome is not known, milliseconds: it may be ordered as
/// long as members remember it.
const REQUEST_KEPT_MS: u64 = 60 * 60 * 1000;

/// The access that a session is for; another reader, label or purpose never continues it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionKey {
    pub(super) reader: VerifyingKey,
    pub(super) grant: GrantId,
    /// H(L) of the record's label.
    pub(super) label: Digest,
    pub(super) purpose: Purpose,
}

/// One request for a ticket and its results so far. The secret is erased when dropped.
pub(super) struct Session {
    pub(super) secret: Arc<SessionSecret>,
    /// Signed; handing it in again takes effect once.
    pub(super) request: Transaction,
    /// None until the outcome of the request is known.
    pub(super) issued: Option<Box<Issued>>,
}

/// A ticket, and what was gathered for it.
pub(super) struct Issued {
    pub(super) proof: ReceiptProof,
    pub(super) ticket: Ticket,
    /// At most one of each holder, none of them known to be wrong.
    pub(super) shares: Vec<ReleaseShare>,
    /// Holders that signed a wrong share for this ticket.
    pub(super) culprits: BTreeSet<OrganisationId>,
}

impl Session {
    /// The end of its use by the local clock.
    fn kept_until(&self, now: Timestamp) -> Timestamp {
        match &self.issued {
            Some(issued) => issued.ticket.expires,
            None => now.plus_millis(REQUEST_KEPT_MS),
        }
    }
}

struct Kept {
    key: SessionKey,
    until: Timestamp,
    session: Session,
}

/// A grant that a subject gave to herself for one reading, which has not succeeded.
struct KeptGrant {
    reader: VerifyingKey,
    /// H(L) of the record's label.
    label: Digest,
    grant: GrantId,
    until: Timestamp,
}

/// The kept sessions of one consortium, and the grants that subjects gave themselves for them: in
/// memory alone, bounded in number and time.
#[derive(Default)]
pub(crate) struct Sessions {
    kept: Mutex<VecDeque<Kept>>,
    grants: Mutex<VecDeque<KeptGrant>>,
}

impl Sessions {
    /// Takes a kept session of this access out, one with a ticket before others. While it is out no
    /// other opening finds it: two openings at once are two accesses.
    pub(super) fn lease(self: &Arc<Self>, key: SessionKey) -> Lease {
        let session = self.take(&key, clock::now());
        Lease {
            sessions: Arc::clone(self),
            key,
            resumed: session.is_some(),
            session,
            grant_until: None,
        }
    }

    /// Takes out a grant that a subject gave to herself to read this label.
    pub(super) fn take_grant(
        &self,
        reader: &VerifyingKey,
        label: &Digest,
    ) -> Option<(GrantId, Timestamp)> {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        grants.retain(|kept| kept.until > now);
        let fits = |kept: &KeptGrant| kept.reader == *reader && kept.label == *label;
        let index = grants.iter().position(fits)?;
        let kept = grants.remove(index)?;
        Some((kept.grant, kept.until))
    }

    /// Keeps a grant that a subject gave to herself, for a retry until its end.
    pub(super) fn keep_grant(&self, key: &SessionKey, until: Timestamp) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if grants.len() >= MAX_KEPT {
            grants.pop_front();
        }
        grants.push_back(KeptGrant {
            reader: key.reader,
            label: key.label,
            grant: key.grant,
            until,
        });
    }

    fn take(&self, key: &SessionKey, now: Timestamp) -> Option<Session> {
        let mut kept = self.live(now);
        let of_key = |kept: &Kept| kept.key == *key;
        let ticketed = |kept: &Kept| of_key(kept) && kept.session.issued.is_some();
        let index = kept.iter().position(ticketed);
        let index = index.or_else(|| kept.iter().position(of_key))?;
        kept.remove(index).map(|kept| kept.session)
    }

    /// Keeps a session for a retry, and returns the time at which it is over.
    fn keep(&self, key: SessionKey, session: Session, now: Timestamp) -> Timestamp {
        let until = session.kept_until(now);
        let mut kept = self.live(now);
        if until > now {
            if kept.len() >= MAX_KEPT {
                kept.pop_front();
            }
            kept.push_back(Kept {
                key,
                until,
                session,
            });
        }
        until
    }

    /// The sessions, without those that are over.
    fn live(&self, now: Timestamp) -> MutexGuard<'_, VecDeque<Kept>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.until > now);
        kept
    }

    /// Erases sessions that are over at `until`, if a runtime is there to wait for it; the next use
    /// erases them otherwise.
    fn erase_after(self: &Arc<Self>, until: Timestamp, now: Timestamp) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let sessions = Arc::downgrade(self);
        let wait_ms = until.as_millis().saturating_sub(now.as_millis());
        runtime.spawn(async move {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            if let Some(sessions) = sessions.upgrade() {
                drop(sessions.live(clock::now()));
            }
        });
    }
}

/// The session of one running opening. Dropped before [`Self::end`], also because its caller gave
/// up waiting, it keeps the session for a retry.
pub(super) struct Lease {
    sessions: Arc<Sessions>,
    key: SessionKey,
    resumed: bool,
    session: Option<Session>,
    /// End of the grant, if it was given for this session.
    grant_until: Option<Timestamp>,
}

impl Lease {
    /// The same lease, which keeps its grant too if it does not end.
    pub(super) const fn with_grant_until(mut self, until: Timestamp) -> Self {
        self.grant_until = Some(until);
        self
    }

    /// Whether an earlier opening began the session.
    pub(super) const fn is_resumed(&self) -> bool {
        self.resumed
    }

    pub(super) const fn key(&self) -> &SessionKey {
        &self.key
    }

    /// Begins a session, instead of any that was there.
    pub(super) fn begin(&mut self, secret: Arc<SessionSecret>, request: Transaction) {
        self.resumed = false;
        self.session = Some(Session {
            secret,
            request,
            issued: None,
        });
    }

    /// The session, if one was begun.
    pub(super) const fn session(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// The session's secret and ticket, once it has one.
    pub(super) fn ticketed(&mut self) -> Option<(&Arc<SessionSecret>, &mut Issued)> {
        let session = self.session.as_mut()?;
        Some((&session.secret, session.issued.as_deref_mut()?))
    }

    /// Ends the session for good: it succeeded, or can lead to nothing any more.
    pub(super) const fn end(&mut self) -> Option<Session> {
        self.grant_until = None;
        self.session.take()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(until) = self.grant_until {
            self.sessions.keep_grant(&self.key, until);
        }
        if let Some(session) = self.session.take() {
            let now = clock::now();
            let until = self.sessions.keep(self.key.clone(), session, now);
            self.sessions.erase_after(until, now);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use medshare_host::os_random;
    use medshare_types::{ChainId, Nonce, PersonId, SigningKey};

    use super::*;

    fn key(n: u8, purpose: Purpose) -> SessionKey {
        SessionKey {
            reader: SigningKey::from_seed(&[n; 32]).verifying_key(),
            grant: GrantId::from_digest(Digest::from_bytes([n; 32])),
            label: Digest::from_bytes([n; 32]),
            purpose,
        }
    }

    fn session(n: u32) -> Session {
        let signer = SigningKey::from_seed(&[1; 32]);
        let mut nonce = [0; 16];
        nonce[..4].copy_from_slice(&n.to_le_bytes());
        let sender = PersonId::of_key(&signer.verifying_key()).into();
        let chain = ChainId::from_digest(Digest::ZERO);
        Session {
            secret: Arc::new(SessionSecret::new(&mut os_random())),
            request: Transaction::sign(chain, sender, Nonce(nonce), Vec::new(), &signer),
            issued: None,
        }
    }

    fn nonce_of(session: Option<Session>) -> Option<u32> {
        let bytes = session?.request.nonce.0;
        Some(u32::from_le_bytes(bytes[..4].try_into().unwrap()))
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn a_session_is_for_one_reader_grant_label_and_purpose() {
        let sessions = Sessions::default();
        let own = key(1, Purpose::Treatment);
        sessions.keep(own.clone(), session(1), NOW);
        let others = [
            key(1, Purpose::Research),
            SessionKey {
                reader: key(2, Purpose::Treatment).reader,
                ..own.clone()
            },
            SessionKey {
                grant: key(2, Purpose::Treatment).grant,
                ..own.clone()
            },
            SessionKey {
                label: key(2, Purpose::Treatment).label,
                ..own.clone()
            },
        ];
        for other in others {
            assert!(sessions.take(&other, NOW).is_none(), "{other:?}");
        }
        assert_eq!(nonce_of(sessions.take(&own, NOW)), Some(1));
        assert!(sessions.take(&own, NOW).is_none(), "it is out");
    }

    #[test]
    fn a_lease_that_does_not_end_keeps_its_session() {
        let sessions = Arc::new(Sessions::default());
        let own = key(1, Purpose::Treatment);
        let mut lease = sessions.lease(own.clone());
        assert!(!lease.is_resumed() && lease.session().is_none());
        drop(lease);
        let mut lease = sessions.lease(own.clone());
        let Session {
            secret, request, ..
        } = session(7);
        lease.begin(secret, request);
        drop(lease);
        let mut lease = sessions.lease(own.clone());
        assert!(lease.is_resumed() && lease.session().is_some());
        lease.end();
        drop(lease);
        assert!(!sessions.lease(own).is_resumed());
    }

    #[test]
    fn sessions_end_by_time_and_by_number() {
        let sessions = Sessions::default();
        let own = key(1, Purpose::Treatment);
        let until = sessions.keep(own.clone(), session(1), NOW);
        assert_eq!(until, NOW.plus_millis(REQUEST_KEPT_MS));
        assert!(sessions.take(&own, until).is_none());
        assert!(sessions.live(NOW).is_empty(), "it was erased");

        let one = session(0);
        for n in 0..=u32::try_from(MAX_KEPT).unwrap() {
            let mut copy = Session {
                secret: Arc::clone(&one.secret),
                request: one.request.clone(),
                issued: None,
            };
            copy.request.nonce.0[..4].copy_from_slice(&n.to_le_bytes());
            sessions.keep(own.clone(), copy, NOW);
        }
        assert_eq!(sessions.live(NOW).len(), MAX_KEPT);
        let first = nonce_of(sessions.take(&own, NOW));
        assert_eq!(first, Some(1), "the oldest was given up");
    }

    /// The secret goes with the last session that holds it.
    #[tokio::test]
    async fn a_kept_secret_is_erased_at_its_end_without_a_further_call() {
        let sessions = Arc::new(Sessions::default());
        let begun = session(1);
        let secret = Arc::downgrade(&begun.secret);
        // Over for long by the clock: only the timer is awaited.
        sessions.keep(key(1, Purpose::Treatment), begun, NOW);
        sessions.erase_after(NOW.plus_millis(10), NOW);
        assert!(secret.upgrade().is_some());
        let erased = async {
            while secret.upgrade().is_some() {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), erased);
        in_time.await.unwrap();
    }
}
