//! Opening: t shares become the gate's factor, and bad shares name their holders.
//!
//! ```text
//! σ_i = S_i − z·A_i, d = Σ λ_i·σ_i, accepted when e(d, g2) = e(Q, Y); then d = x·Q
//! K_gate = XOF(tag ‖ e(d, U) ‖ H(L))
//! ```
//!
//! The first t usable shares are tried so. Only when that fails is the error of all of them
//! computed [after Ferrara et al. 2009],
//!
//! ```text
//! E = e(Σ w_i·σ_i, g2) / e(Q, Σ w_i·Y_i)
//! ```
//!
//! with 128-bit w_i hashed from everything in the batch. It is 1 if every share is good, and it is
//! the product of the errors of two halves, so each halving costs one product of two pairings and
//! leads to the bad shares. Here z finds them; [`crate::evidence`] shows them to others without it.

use std::collections::{BTreeMap, BTreeSet};

use ark_ec::CurveGroup;
use ark_ff::Zero;
use medshare_curve::encoding::{decode_g1, decode_g2};
use medshare_curve::mul::{mul_public, mul_public_g2, sum_of_products};
use medshare_curve::pairing::{g2, multi_pairing, product_is_one};
use medshare_curve::scalar::lagrange_at_zero;
use medshare_curve::{EncodingError, G1Affine, G1Projective, G2Affine, G2Projective, Gt, Scalar};
use medshare_types::hash::Xof;
use medshare_types::{
    Digest, G2Bytes, GateKey, GateLabel, OrganisationId, ReleaseShare, Ticket, VerifyingKey, Wire,
};
use zeroize::Zeroizing;

use crate::error::RecoverError;
use crate::gate::{GateFactor, label_point};
use crate::session::SessionSecret;

const WEIGHTS_TAG: &str = "medshare/threshold/batch-weights/v1";

/// What shares came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// K_gate.
    pub factor: GateFactor,
    /// Digests of the t shares it was made of, in the order of their holders: for a receipt.
    pub used: Vec<Digest>,
    /// Holders that signed a bad share for this opening, in order.
    ///
    /// A share that was not looked at, because t others sufficed, accuses nobody, and neither does
    /// one that the holder did not sign for this opening: anybody could have sent it.
    pub culprits: Vec<OrganisationId>,
}

/// Recovers the factor of `label` from release shares, whoever of the holders lies.
///
/// `key` and `signing_keys` come from verified state, `label` too. A share counts once for a
/// holder, and only if it is signed by that holder for this ticket, label, key and generation;
/// everything else is ignored and blames nobody. A holder is blamed for what it signed: a share
/// whose points are invalid, or that is wrong.
///
/// Cost, when the first t are good: for every share given a signature and two points of G1 to
/// decode; then two sums of t products, a product of two pairings, and a pairing. Finding b bad
/// shares among n takes n points of G2 to decode, n products in G1 and in G2, and about b·log₂(n/b)
/// products of two pairings more.
///
/// # Errors
/// [`RecoverError::InsufficientShares`] names the culprits too; the others say that the arguments
/// do not belong together or hold invalid points.
///
/// # Security
/// Variable time in z, which serves this opening alone. Drop `session` afterwards.
pub fn recover(
    key: &GateKey,
    label: &GateLabel,
    ticket: &Ticket,
    session: &SessionSecret,
    signing_keys: &[(OrganisationId, VerifyingKey)],
    shares: &[ReleaseShare],
) -> Result<Recovered, RecoverError> {
    let opening = Opening::new(key, label, ticket, session)?;
    let (candidates, mut blamed) = opening.screen(signing_keys, shares);
    let first = first_of_each_holder(&candidates, &BTreeSet::new());
    let first = &first[..first.len().min(opening.needed())];
    if let Some(factor) = opening.combine(&candidates, first) {
        return Ok(recovered(factor, &candidates, first, blamed));
    }

    let bad = opening.find_bad(&candidates)?;
    blamed.extend(bad.iter().map(|&index| candidates[index].share.holder));
    let good = first_of_each_holder(&candidates, &bad);
    let chosen = &good[..good.len().min(opening.needed())];
    if chosen.len() < opening.needed() {
        return Err(RecoverError::InsufficientShares {
            good: good.len(),
            needed: opening.needed(),
            culprits: blamed.into_iter().collect(),
        });
    }
    let factor = opening.combine(&candidates, chosen);
    let factor = factor.ok_or(RecoverError::InconsistentKey)?;
    Ok(recovered(factor, &candidates, chosen, blamed))
}

fn recovered(
    factor: GateFactor,
    candidates: &[Candidate<'_>],
    used: &[usize],
    blamed: BTreeSet<OrganisationId>,
) -> Recovered {
    let digest = |&index: &usize| candidates[index].share.digest();
    Recovered {
        factor,
        used: used.iter().map(digest).collect(),
        culprits: blamed.into_iter().collect(),
    }
}

/// A share that is signed by its holder for this opening and whose A and S are valid. K is for
/// others: opening does not need it.
struct Candidate<'a> {
    place: u16,
    share: &'a ReleaseShare,
    a: G1Affine,
    s: G1Affine,
}

impl<'a> Candidate<'a> {
    fn decode(place: u16, share: &'a ReleaseShare) -> Result<Self, EncodingError> {
        Ok(Self {
            place,
            share,
            a: decode_g1(&share.a)?,
            s: decode_g1(&share.s)?,
        })
    }
}

/// The indices of one candidate of each holder, leaving out those in `bad`.
fn first_of_each_holder(candidates: &[Candidate<'_>], bad: &BTreeSet<usize>) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        // Candidates are in the order of their places.
        let last = chosen.last().map(|&last| candidates[last].place);
        if last != Some(candidate.place) && !bad.contains(&index) {
            chosen.push(index);
        }
    }
    chosen
}

/// One ticket's opening, its public points decoded.
struct Opening<'a> {
    key: &'a GateKey,
    label: &'a GateLabel,
    ticket: &'a Ticket,
    session: &'a SessionSecret,
    /// Q, Y, U.
    q: G1Affine,
    y: G2Affine,
    u: G2Affine,
}

impl<'a> Opening<'a> {
    fn new(
        key: &'a GateKey,
        label: &'a GateLabel,
        ticket: &'a Ticket,
        session: &'a SessionSecret,
    ) -> Result<Self, RecoverError> {
        let matches = [
            ("label", ticket.label == label.digest()),
            ("gate key", label.key == key.id),
            (
                "class",
                label.context.class == key.class && ticket.class == key.class,
            ),
            ("session secret", ticket.session == session.public()),
        ];
        if let Some((field, _)) = matches.into_iter().find(|(_, same)| !same) {
            return Err(RecoverError::Mismatch { field });
        }
        let invalid = |field| move |source| RecoverError::InvalidPoint { field, source };
        Ok(Self {
            key,
            label,
            ticket,
            session,
            q: label_point(label),
            y: decode_g2(&key.public).map_err(invalid("gate key"))?,
            u: decode_g2(&label.u).map_err(invalid("label's U"))?,
        })
    }

    fn needed(&self) -> usize {
        self.key.threshold.into()
    }

    /// The usable shares, in the order of places and each once; and the holders that signed shares
    /// with invalid points.
    fn screen<'s>(
        &self,
        signing_keys: &[(OrganisationId, VerifyingKey)],
        shares: &'s [ReleaseShare],
    ) -> (Vec<Candidate<'s>>, BTreeSet<OrganisationId>) {
        let signing_keys: BTreeMap<_, _> = signing_keys.iter().copied().collect();
        let holders = (1u16..).zip(&self.key.holders);
        let places: BTreeMap<_, _> = holders.map(|(place, h)| (h.organisation, place)).collect();
        let mut usable = BTreeMap::new();
        let mut blamed = BTreeSet::new();
        for share in shares {
            let Some(&place) = places.get(&share.holder) else {
                continue;
            };
            let signed =
                |key: &VerifyingKey| is_for(self.key, self.ticket, share) && is_signed(share, key);
            if !signing_keys.get(&share.holder).is_some_and(signed) {
                continue;
            }
            match Candidate::decode(place, share) {
                Ok(candidate) => drop(usable.insert((place, share.digest()), candidate)),
                Err(_) => drop(blamed.insert(share.holder)),
            }
        }
        (usable.into_values().collect(), blamed)
    }

    /// K_gate from t candidates of different holders, if they are good.
    fn combine(&self, candidates: &[Candidate<'_>], chosen: &[usize]) -> Option<GateFactor> {
        if chosen.len() != self.needed() {
            return None;
        }
        let chosen: Vec<_> = chosen.iter().map(|&index| &candidates[index]).collect();
        let places: Vec<u64> = chosen.iter().map(|c| c.place.into()).collect();
        let lambdas = lagrange_at_zero(&places);
        let (a, s): (Vec<_>, Vec<_>) = chosen.iter().map(|c| (c.a, c.s)).unzip();
        // Σ λ_i·(S_i − z·A_i) = Σ λ_i·S_i − z·Σ λ_i·A_i
        let masks = sum_of_products(&a, &lambdas).into_affine();
        let blinding = Zeroizing::new(mul_public(&masks, self.session.secret()));
        let d = (sum_of_products(&s, &lambdas) - *blinding).into_affine();
        let d = Zeroizing::new(d);
        product_is_one(&[(*d, g2()), (-self.q, self.y)])
            .then(|| GateFactor::derive(&d, &self.u, self.label))
    }

    /// The indices of the candidates whose shares are wrong.
    fn find_bad(&self, candidates: &[Candidate<'_>]) -> Result<BTreeSet<usize>, RecoverError> {
        let terms = self.weigh(candidates)?;
        let mut bad = BTreeSet::new();
        self.isolate(&terms, self.error(&terms), &mut bad);
        Ok(bad)
    }

    /// The terms of the batch, in the order of the candidates.
    fn weigh(&self, candidates: &[Candidate<'_>]) -> Result<Vec<Term>, RecoverError> {
        let shares: Vec<_> = candidates.iter().map(|c| c.share.to_wire()).collect();
        let fields = [self.key.to_wire(), self.ticket.session.0.to_vec()];
        let fields: Vec<&[u8]> = fields.iter().chain(&shares).map(Vec::as_slice).collect();
        let mut xof = Xof::new(WEIGHTS_TAG, &fields);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for candidate in candidates {
            let w = Scalar::from(u128::from_le_bytes(xof.take()));
            let holder = &self.key.holders[usize::from(candidate.place) - 1];
            let y = decode_public_share(&holder.public_share)?;
            let scalars = Zeroizing::new([w, -*self.session.secret() * w]);
            left.push(sum_of_products(&[candidate.s, candidate.a], &*scalars));
            right.push(mul_public_g2(&y, &w));
        }
        let left = G1Projective::normalize_batch(&left);
        let right = G2Projective::normalize_batch(&right);
        let terms = left.into_iter().zip(right).enumerate();
        let term = |(index, (left, right))| Term { index, left, right };
        Ok(terms.map(term).collect())
    }

    /// Adds the bad ones of `terms`, whose error is given, to `bad`.
    fn isolate(&self, terms: &[Term], error: Gt, bad: &mut BTreeSet<usize>) {
        if error.is_zero() {
            return;
        }
        if let [only] = terms {
            bad.insert(only.index);
            return;
        }
        let (left, right) = terms.split_at(terms.len() / 2);
        let left_error = self.error(left);
        self.isolate(left, left_error, bad);
        self.isolate(right, error - left_error, bad);
    }

    /// E of some of the terms. (arkworks writes GT additively.)
    fn error(&self, terms: &[Term]) -> Gt {
        let left: G1Projective = terms.iter().map(|term| term.left).sum();
        let right: G2Projective = terms.iter().map(|term| term.right).sum();
        multi_pairing(&[(left.into_affine(), g2()), (-self.q, right.into_affine())])
    }
}

/// One share in the batch, weighted: w·σ and w·Y_i.
struct Term {
    index: usize,
    left: G1Affine,
    right: G2Affine,
}

fn decode_public_share(bytes: &G2Bytes) -> Result<G2Affine, RecoverError> {
    decode_g2(bytes).map_err(|source| RecoverError::InvalidPoint {
        field: "holder's public share",
        source,
    })
}

/// Whether a share says that it is for this ticket under this key.
pub(crate) fn is_for(key: &GateKey, ticket: &Ticket, share: &ReleaseShare) -> bool {
    share.ticket == ticket.id
        && share.label == ticket.label
        && share.key == key.id
        && share.generation == key.generation
}

pub(crate) fn is_signed(share: &ReleaseShare, key: &VerifyingKey) -> bool {
    key.verify(&share.statement(), &share.signature).is_ok()
}
