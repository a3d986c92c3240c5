//! A consortium of n holders with an established key, and one record's label and ticket.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test file uses its own part"
)]

use ark_ec::AffineRepr;
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::{G1Affine, G2Affine};
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
use rand_chacha::rand_core::SeedableRng;

pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn name(text: &str) -> Digest {
    digest("medshare/test", &[text.as_bytes()])
}

pub fn chain() -> ChainId {
    ChainId::from_digest(name("chain"))
}

/// Holders with their keys, before any ceremony.
pub struct Holders {
    pub signers: Vec<SigningKey>,
    pub pairs: Vec<HolderKeyPair>,
    pub threshold: u16,
}

impl Holders {
    pub fn new(n: usize, rng: &mut ChaCha20Rng) -> Self {
        Self {
            signers: (0..n).map(|_| SigningKey::random(rng)).collect(),
            pairs: (0..n).map(|_| HolderKeyPair::random(rng)).collect(),
            threshold: u16::try_from(Quorum::of(n).quorum()).unwrap(),
        }
    }

    pub fn id(&self, place: usize) -> OrganisationId {
        OrganisationId::of_key(&self.signers[place].verifying_key())
    }

    pub fn roster(&self) -> Roster {
        let holders: Vec<_> = (0..self.signers.len())
            .map(|place| (self.id(place), self.pairs[place].public()))
            .collect();
        Roster::new(chain(), AccessClass::Normal, &holders, self.threshold).unwrap()
    }

    pub fn deals(&self, roster: &Roster, rng: &mut ChaCha20Rng) -> Vec<(OrganisationId, Deal)> {
        let participant = |place| Participant::new(roster, self.id(place), &self.pairs[place]);
        (0..self.signers.len())
            .map(|place| (self.id(place), participant(place).unwrap().deal(rng)))
            .collect()
    }

    pub fn verifying_keys(&self) -> Vec<(OrganisationId, VerifyingKey)> {
        let keys = self.signers.iter().map(SigningKey::verifying_key);
        keys.map(|key| (OrganisationId::of_key(&key), key))
            .collect()
    }
}

pub fn borrowed(deals: &[(OrganisationId, Deal)]) -> Vec<(OrganisationId, &Deal)> {
    deals.iter().map(|(dealer, deal)| (*dealer, deal)).collect()
}

/// Holders with a key and everyone's share of it.
pub struct Gate {
    pub holders: Holders,
    pub key: GateKey,
    pub shares: Vec<HolderShare>,
    pub rng: ChaCha20Rng,
}

impl Gate {
    pub fn new(n: usize, seed: u64) -> Self {
        let mut rng = rng(seed);
        let holders = Holders::new(n, &mut rng);
        let roster = holders.roster();
        let deals = holders.deals(&roster, &mut rng);
        let key = roster.ceremony().gate_key(&borrowed(&deals)).unwrap();
        let shares = (0..n).map(|place| {
            let participant =
                Participant::new(&roster, holders.id(place), &holders.pairs[place]).unwrap();
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

    pub fn t(&self) -> usize {
        self.key.threshold.into()
    }

    pub fn label(&self, record: &str, u: G2Bytes) -> GateLabel {
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
    pub fn release_all(&mut self, ticket: &Ticket, label: &GateLabel) -> Vec<ReleaseShare> {
        (0..self.shares.len())
            .map(|place| self.release(place, ticket, label))
            .collect()
    }

    pub fn release(&mut self, place: usize, ticket: &Ticket, label: &GateLabel) -> ReleaseShare {
        let permit = may_release(&self.key, ticket, label, &facts()).unwrap();
        self.shares[place]
            .release(&permit, &self.holders.signers[place], &mut self.rng)
            .unwrap()
    }
}

pub fn facts() -> ReleaseFacts {
    ReleaseFacts {
        tip_time: NOW,
        local_time: NOW,
        grant_not_after: NOW.plus_millis(100_000_000),
        revoked: None,
        ticket_lifetime_ms: 120_000,
        clock_margin_ms: 2_500,
    }
}

pub fn request(label: &GateLabel, session: &SessionSecret) -> AccessRequest {
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

pub fn ticket(id: &str, label: &GateLabel, session: &SessionSecret) -> Ticket {
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
pub fn off_subgroup_g1() -> G1Bytes {
    let points = (1u64..).filter_map(|x| G1Affine::get_point_from_x_unchecked(x.into(), false));
    let mut outside = points.filter(|p| !p.is_in_correct_subgroup_assuming_on_curve());
    encode_g1(&outside.next().unwrap())
}

/// A point of the twist outside G2.
pub fn off_subgroup_g2() -> G2Bytes {
    let field = <G2Affine as AffineRepr>::BaseField::from;
    let points = (1u64..).filter_map(|x| G2Affine::get_point_from_x_unchecked(field(x), false));
    let mut outside = points.filter(|p| !p.is_in_correct_subgroup_assuming_on_curve());
    encode_g2(&outside.next().unwrap())
}

pub fn identity_g1() -> G1Bytes {
    encode_g1(&G1Affine::identity())
}

pub fn identity_g2() -> G2Bytes {
    encode_g2(&G2Affine::identity())
}
