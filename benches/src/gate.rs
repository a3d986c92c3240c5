//! A gate key with its holders' shares, a label under it, and a ticket for that label.

use medshare_threshold::dkg::{Participant, Roster};
use medshare_threshold::{
    GateSealer, HolderKeyPair, HolderShare, Permit, ReleaseFacts, SessionSecret, may_release,
};
use medshare_types::hash::digest;
use medshare_types::{
    AccessClass, ChainId, Deal, Digest, FactorSet, GateKey, GateLabel, GrantId, Height,
    OrganisationId, PersonId, Purpose, Quorum, RandomSource, RecordContext, RecordId,
    RecordVersion, ReleaseShare, SealingDate, SigningKey, Ticket, TicketId, Timestamp,
    VerifyingKey,
};

use crate::seeded;

/// Inputs of a release and of a recovery.
#[derive(Debug)]
pub struct Gate {
    /// Made by a ceremony of all holders.
    pub key: GateKey,
    /// Shares and signing keys in the order of the roster.
    pub holders: Vec<(HolderShare, SigningKey)>,
    /// Its point U hides the factor to recover.
    pub label: GateLabel,
    /// Permits the release of `label`.
    pub ticket: Ticket,
    /// Blinds and unblinds the shares.
    pub session: SessionSecret,
}

fn id(kind: &str) -> Digest {
    digest("medshare/benches/id/v1", &[kind.as_bytes()])
}

impl Gate {
    /// Runs a ceremony of `n` holders who all deal honestly, and makes one ticket.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let mut rng = seeded();
        let pairs: Vec<_> = (0..n).map(|_| HolderKeyPair::random(&mut rng)).collect();
        let signers: Vec<_> = (0..n).map(|_| SigningKey::random(&mut rng)).collect();
        let chain = ChainId::from_digest(id("chain"));
        let names: Vec<_> = signers
            .iter()
            .map(|key| OrganisationId::of_key(&key.verifying_key()))
            .collect();
        let holders: Vec<_> = names
            .iter()
            .zip(&pairs)
            .map(|(name, pair)| (*name, pair.public()))
            .collect();
        let threshold = u16::try_from(Quorum::of(n).quorum()).expect("a threshold");
        let roster =
            Roster::new(chain, AccessClass::Normal, &holders, threshold).expect("a roster");
        let participant =
            |seat: usize| Participant::new(&roster, names[seat], &pairs[seat]).expect("a holder");
        let deals: Vec<(OrganisationId, Deal)> = (0..n)
            .map(|seat| (names[seat], participant(seat).deal(&mut rng)))
            .collect();
        let public: Vec<_> = deals.iter().map(|(name, deal)| (*name, deal)).collect();
        let key = roster.ceremony().gate_key(&public).expect("a key");
        let mut shares = Vec::new();
        for seat in 0..n {
            let opened: Vec<_> = deals
                .iter()
                .map(|(dealer, deal)| {
                    participant(seat)
                        .open(*dealer, deal, &mut rng)
                        .expect("a share")
                })
                .collect();
            shares.push(
                participant(seat)
                    .combine(&key, &opened)
                    .expect("the holder's share"),
            );
        }
        let label = label(chain, &key, &mut rng);
        let session = SessionSecret::new(&mut rng);
        let ticket = ticket(&label, &session, &signers[0].verifying_key());
        Self {
            key,
            holders: shares.into_iter().zip(signers).collect(),
            label,
            ticket,
            session,
        }
    }

    /// Checks the release rules at the time of the ticket.
    #[must_use]
    pub fn permit(&self) -> Permit<'_> {
        let now = self.ticket.issued_at;
        let facts = ReleaseFacts {
            tip_time: now,
            local_time: now,
            grant_not_after: Timestamp::MAX,
            revoked: None,
            ticket_lifetime_ms: 120_000,
            clock_margin_ms: 2_500,
        };
        may_release(&self.key, &self.ticket, &self.label, &facts).expect("a permit")
    }

    /// Releases the shares of the first `count` holders.
    #[must_use]
    pub fn shares(&self, count: usize) -> Vec<ReleaseShare> {
        let mut rng = seeded();
        let release = |(share, signer): &(HolderShare, SigningKey)| {
            share
                .release(&self.permit(), signer, &mut rng)
                .expect("a share")
        };
        self.holders.iter().take(count).map(release).collect()
    }

    /// Verification keys of all holders, beside their organisations.
    #[must_use]
    pub fn signing_keys(&self) -> Vec<(OrganisationId, VerifyingKey)> {
        let keys = self
            .holders
            .iter()
            .map(|(share, key)| (share.holder(), key.verifying_key()));
        keys.collect()
    }
}

fn label(chain: ChainId, key: &GateKey, rng: &mut impl RandomSource) -> GateLabel {
    GateLabel {
        key: key.id,
        context: RecordContext {
            chain,
            record: RecordId::from_digest(id("record")),
            version: RecordVersion(1),
            owner: key.holders[0].organisation,
            class: AccessClass::Normal,
            factors: FactorSet::ABE_AND_GATE,
            sealed_on: SealingDate(20_000),
            preamble: id("preamble"),
        },
        abe: id("abe"),
        floor: Timestamp::from_millis(0),
        ceiling: Timestamp::MAX,
        u: GateSealer::new(rng).u(),
    }
}

fn ticket(label: &GateLabel, session: &SessionSecret, reader: &VerifyingKey) -> Ticket {
    let issued_at = Timestamp::from_millis(1_000_000);
    Ticket {
        id: TicketId::from_digest(id("ticket")),
        grant: GrantId::from_digest(id("grant")),
        grantee: PersonId::of_key(reader),
        grantee_key: *reader,
        record: label.context.record,
        version: label.context.version,
        class: label.context.class,
        label: label.digest(),
        session: session.public(),
        purpose: Purpose::Treatment,
        height: Height(1),
        issued_at,
        expires: issued_at.plus_millis(120_000),
    }
}
