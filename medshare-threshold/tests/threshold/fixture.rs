//! n holders with an established gate key, and one record's label and ticket.

use ark_ec::AffineRepr;
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::{G1Affine, G2Affine};
use medshare_testkit::fixtures::Members;
use medshare_threshold::{
    HolderKeyPair, HolderShare, Participant, ReleaseFacts, Roster, SessionSecret, may_release,
};
use medshare_types::consent::AccessRequest;
use medshare_types::hash::digest;
use medshare_types::{
    AccessClass, ChainId, Deal, Digest, FactorSet, G1Bytes, G2Bytes, GateKey, GateLabel, GrantId,
    Height, Nonce, OrganisationId, PersonId, Purpose, Quorum, RecordContext, RecordId,
    RecordVersion, ReleaseShare, SealingDate, SigningKey, Ticket, TicketId, Timestamp,
    VerifyingKey,
};
use rand_chacha::ChaCha20Rng;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(super) fn name(text: &str) -> Digest {
    digest("medshare/test", &[text.as_bytes()])
}

pub(super) fn chain() -> ChainId {
    ChainId::from_digest(name("chain"))
}

/// Holders with their keys, before any ceremony.
pub(super) struct Holders {
    pub(super) members: Members,
    pub(super) pairs: Vec<HolderKeyPair>,
    pub(super) threshold: u16,
}

impl Holders {
    pub(super) fn new(n: usize, rng: &mut ChaCha20Rng) -> Self {
        Self {
            members: Members::of_keys((0..n).map(|_| SigningKey::random(rng))),
            pairs: (0..n).map(|_| HolderKeyPair::random(rng)).collect(),
            threshold: u16::try_from(Quorum::of(n).quorum()).unwrap(),
        }
    }

    /// `index` counts from 0.
    pub(super) fn id(&self, index: usize) -> OrganisationId {
        self.members.verifying_keys()[index].0
    }

    pub(super) fn roster(&self) -> Roster {
        let holders: Vec<_> = (0..self.pairs.len())
            .map(|index| (self.id(index), self.pairs[index].public()))
            .collect();
        Roster::new(chain(), AccessClass::Normal, &holders, self.threshold).unwrap()
    }

    pub(super) fn deals(
        &self,
        roster: &Roster,
        rng: &mut ChaCha20Rng,
    ) -> Vec<(OrganisationId, Deal)> {
        let participant = |index| Participant::new(roster, self.id(index), &self.pairs[index]);
        (0..self.pairs.len())
            .map(|index| (self.id(index), participant(index).unwrap().deal(rng)))
            .collect()
    }

    pub(super) fn verifying_keys(&self) -> Vec<(OrganisationId, VerifyingKey)> {
        self.members.verifying_keys()
    }
}

pub(super) fn borrowed(deals: &[(OrganisationId, Deal)]) -> Vec<(OrganisationId, &Deal)> {
    deals.iter().map(|(dealer, deal)| (*dealer, deal)).collect()
}

/// Holders, their gate key, and every holder's share of it.
pub(super) struct Gate {
    pub(super) holders: Holders,
    pub(super) key: GateKey,
    pub(super) shares: Vec<HolderShare>,
    pub(super) rng: ChaCha20Rng,
}

impl Gate {
    pub(super) fn new(n: usize, seed: u64) -> Self {
        let mut rng = medshare_testkit::fixtures::rng(seed);
        let holders = Holders::new(n, &mut rng);
        let roster = holders.roster();
        let deals = holders.deals(&roster, &mut rng);
        let key = roster.ceremony().gate_key(&borrowed(&deals)).unwrap();
        let shares = (0..n).map(|index| {
            let participant =
                Participant::new(&roster, holders.id(index), &holders.pairs[index]).unwrap();
            let contributions: Vec<_> = deals
                .iter()
                .map(|(dealer, deal)| participant.open(*dealer, deal, &mut rng).unwrap())
                .collect();
            participant.combine(&key, &contributions).unwrap()
        });
        let shares = shares.collect();
        Self {
            holders,
            key,
            shares,
            rng,
        }
    }

    pub(super) fn t(&self) -> usize {
        self.key.threshold.into()
    }

    pub(super) fn label(&self, record: &str, u: G2Bytes) -> GateLabel {
        GateLabel {
            key: self.key.id,
            context: RecordContext {
                chain: chain(),
                record: RecordId::from_digest(name(record)),
                version: RecordVersion(1),
                owner: self.holders.id(0),
                class: AccessClass::Normal,
                factors: FactorSet::ABE_AND_GATE,
                sealed_on: SealingDate::of(NOW),
                preamble: name("preamble"),
            },
            abe: name("abe header"),
            floor: NOW.minus_millis(1_000_000),
            ceiling: NOW.plus_millis(1_000_000_000),
            u,
        }
    }

    /// Shares of all holders, in order.
    pub(super) fn release_all(&mut self, ticket: &Ticket, label: &GateLabel) -> Vec<ReleaseShare> {
        (0..self.shares.len())
            .map(|index| self.release(index, ticket, label))
            .collect()
    }

    pub(super) fn release(
        &mut self,
        index: usize,
        ticket: &Ticket,
        label: &GateLabel,
    ) -> ReleaseShare {
        let permit = may_release(&self.key, ticket, label, &facts()).unwrap();
        self.shares[index]
            .release(&permit, &self.holders.members.keys()[index], &mut self.rng)
            .unwrap()
    }
}

pub(super) fn facts() -> ReleaseFacts {
    ReleaseFacts {
        tip_time: NOW,
        local_time: NOW,
        grant_not_after: NOW.plus_millis(100_000_000),
        revoked: None,
        ticket_lifetime_ms: 120_000,
        clock_margin_ms: 2_500,
    }
}

pub(super) fn request(label: &GateLabel, session: &SessionSecret) -> AccessRequest {
    AccessRequest {
        chain: chain(),
        grant: GrantId::from_digest(name("grant")),
        label: label.digest(),
        grantee_key: SigningKey::from_seed(&[9; 32]).verifying_key(),
        session: session.public(),
        purpose: Purpose::Treatment,
        nonce: Nonce([7; 16]),
    }
}

pub(super) fn ticket(id: &str, label: &GateLabel, session: &SessionSecret) -> Ticket {
    let request = request(label, session);
    Ticket {
        id: TicketId::from_digest(name(id)),
        grant: request.grant,
        grantee: PersonId::of_key(&request.grantee_key),
        grantee_key: request.grantee_key,
        record: label.context.record,
        version: label.context.version,
        class: label.context.class,
        label: request.label,
        session: request.session,
        purpose: request.purpose,
        height: Height(10),
        issued_at: NOW.minus_millis(1_000),
        expires: NOW.plus_millis(60_000),
    }
}

/// A point of the curve outside G1.
pub(super) fn off_subgroup_g1() -> G1Bytes {
    let points = (1u64..).filter_map(|x| G1Affine::get_point_from_x_unchecked(x.into(), false));
    let mut outside = points.filter(|p| !p.is_in_correct_subgroup_assuming_on_curve());
    encode_g1(&outside.next().unwrap())
}

/// A point of the twist outside G2.
pub(super) fn off_subgroup_g2() -> G2Bytes {
    let field = <G2Affine as AffineRepr>::BaseField::from;
    let points = (1u64..).filter_map(|x| G2Affine::get_point_from_x_unchecked(field(x), false));
    let mut outside = points.filter(|p| !p.is_in_correct_subgroup_assuming_on_curve());
    encode_g2(&outside.next().unwrap())
}

pub(super) fn identity_g1() -> G1Bytes {
    encode_g1(&G1Affine::identity())
}

pub(super) fn identity_g2() -> G2Bytes {
    encode_g2(&G2Affine::identity())
}
