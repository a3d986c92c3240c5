//! Opening: t shares become the gate's factor, and bad shares name their holders.
//!
//! ```text
//! σ_i = S_i − z·A_i, d = Σ λ_i·σ_i, accepted when e(d, g2) = e(Q, Y); then d = x·Q
//! K_gate = XOF(tag ‖ e(d, U) ‖ H(L))
//! ```
//!
//! The first t usable shares are tried so. Only when that fails are all shares checked in one
//! batch [Ferrara et al. 2009], which is halved until the bad ones stand alone:
//!
//! ```text
//! e(Σ (u_i·A_i + w_i·S_i), g2) = e(g1, Σ u_i·K_i) + e(Q, Σ w_i·Y_i) + e(R, Σ w_i·K_i)
//! ```
//!
//! with 128-bit u_i, w_i hashed from everything in the batch. It uses public values only, so
//! anyone who has the share, the ticket and the key can repeat it against a holder.

use std::collections::{BTreeMap, BTreeSet};

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, decode_g2};
use medshare_curve::mul::{mul_public, sum_of_products, sum_of_products_g2};
use medshare_curve::pairing::{g1, g2, product_is_one};
use medshare_curve::scalar::lagrange_at_zero;
use medshare_curve::{G1Affine, G2Affine, G2Projective, PointError, Scalar};
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
    /// Holders of which a share was found bad and none good, in order.
    ///
    /// A share that was not looked at, because t others sufficed, accuses nobody.
    pub culprits: Vec<OrganisationId>,
}

/// Recovers the factor of `label` from release shares, whoever of the holders lies.
///
/// `key` and `signing_keys` come from verified state, `label` too. A share counts once for a holder,
/// and only if it is signed by that holder for this ticket, label, key and generation, and its
/// points are valid; shares of anybody else are ignored. A holder that sent a good share is not
/// blamed for another one, which somebody else may have sent in its name.
///
/// Cost, when the first t are good: t signatures, 2t + t points decoded, two sums of t products, two
/// pairings and one pair more. Finding b bad shares among n adds about b·log₂(n/b) batches.
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
    let first = first_of_each_holder(&candidates, opening.needed(), &BTreeSet::new());
    if let Some(factor) = opening.combine(&first) {
        return Ok(recovered(factor, &first, blamed, &first));
    }

    let bad = opening.find_bad(&candidates)?;
    blamed.extend(bad.iter().map(|&index| candidates[index].share.holder));
    let good = first_of_each_holder(&candidates, usize::MAX, &bad);
    let chosen = &good[..good.len().min(opening.needed())];
    if chosen.len() < opening.needed() {
        let good_holders = holders(&good);
        return Err(RecoverError::InsufficientShares {
            good: good.len(),
            needed: opening.needed(),
            culprits: blamed.difference(&good_holders).copied().collect(),
        });
    }
    let factor = opening.combine(chosen);
    let factor = factor.ok_or(RecoverError::InconsistentKey)?;
    Ok(recovered(factor, chosen, blamed, &good))
}

fn recovered(
    factor: GateFactor,
    used: &[&Candidate<'_>],
    blamed: BTreeSet<OrganisationId>,
    good: &[&Candidate<'_>],
) -> Recovered {
    Recovered {
        factor,
        used: used
            .iter()
            .map(|candidate| candidate.share.digest())
            .collect(),
        culprits: blamed.difference(&holders(good)).copied().collect(),
    }
}

fn holders(candidates: &[&Candidate<'_>]) -> BTreeSet<OrganisationId> {
    candidates.iter().map(|c| c.share.holder).collect()
}

/// A share that is signed by its holder for this opening and whose points are valid.
struct Candidate<'a> {
    place: u16,
    share: &'a ReleaseShare,
    a: G1Affine,
    k: G2Affine,
    s: G1Affine,
}

impl<'a> Candidate<'a> {
    fn decode(place: u16, share: &'a ReleaseShare) -> Result<Self, PointError> {
        Ok(Self {
            place,
            share,
            a: decode_g1(&share.a)?,
            k: decode_g2(&share.k)?,
            s: decode_g1(&share.s)?,
        })
    }
}

/// Up to `count` candidates of different holders, leaving out the indices in `bad`.
fn first_of_each_holder<'c, 's>(
    candidates: &'c [Candidate<'s>],
    count: usize,
    bad: &BTreeSet<usize>,
) -> Vec<&'c Candidate<'s>> {
    let mut chosen: Vec<&Candidate<'_>> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        // Candidates are in the order of their places.
        let repeated = chosen
            .last()
            .is_some_and(|last| last.place == candidate.place);
        if chosen.len() < count && !repeated && !bad.contains(&index) {
            chosen.push(candidate);
        }
    }
    chosen
}

/// One ticket's opening, its public points decoded.
struct Opening<'a> {
    key: &'a GateKey,
    label: &'a GateLabel,
    label_digest: Digest,
    ticket: &'a Ticket,
    session: &'a SessionSecret,
    /// Q, Y, R, U.
    q: G1Affine,
    y: G2Affine,
    r: G1Affine,
    u: G2Affine,
}

impl<'a> Opening<'a> {
    fn new(
        key: &'a GateKey,
        label: &'a GateLabel,
        ticket: &'a Ticket,
        session: &'a SessionSecret,
    ) -> Result<Self, RecoverError> {
        let label_digest = label.digest();
        let matches = [
            ("label", ticket.label == label_digest),
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
            label_digest,
            ticket,
            session,
            q: label_point(label),
            y: decode_g2(&key.public).map_err(invalid("gate key"))?,
            r: decode_g1(&ticket.session).map_err(invalid("session key"))?,
            u: decode_g2(&label.u).map_err(invalid("label's U"))?,
        })
    }

    fn needed(&self) -> usize {
        self.key.threshold.into()
    }

    /// The usable shares, in the order of places and each once; and the holders of unusable ones.
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
            let signing_key = signing_keys.get(&share.holder);
            let signed =
                signing_key.is_some_and(|k| self.is_for_this(share) && is_signed(share, k));
            match Candidate::decode(place, share) {
                Ok(candidate) if signed => {
                    usable.insert((place, share.digest()), candidate);
                }
                _ => {
                    blamed.insert(share.holder);
                }
            }
        }
        (usable.into_values().collect(), blamed)
    }

    fn is_for_this(&self, share: &ReleaseShare) -> bool {
        share.ticket == self.ticket.id
            && share.label == self.label_digest
            && share.key == self.key.id
            && share.generation == self.key.generation
    }

    /// K_gate from t candidates of different holders, if they are good.
    fn combine(&self, chosen: &[&Candidate<'_>]) -> Option<GateFactor> {
        if chosen.len() != self.needed() {
            return None;
        }
        let places: Vec<u64> = chosen.iter().map(|c| c.place.into()).collect();
        let lambdas = lagrange_at_zero(&places);
        let column = |point: fn(&Candidate<'_>) -> G1Affine| -> Vec<G1Affine> {
            chosen.iter().map(|candidate| point(candidate)).collect()
        };
        // Σ λ_i·(S_i − z·A_i) = Σ λ_i·S_i − z·Σ λ_i·A_i
        let blinded = sum_of_products(&column(|c| c.s), &lambdas);
        let masks = sum_of_products(&column(|c| c.a), &lambdas).into_affine();
        let blinding = Zeroizing::new(mul_public(&masks, self.session.secret()));
        let d: Zeroizing<G1Affine> = Zeroizing::new((blinded - *blinding).into_affine());
        product_is_one(&[(*d, g2()), (-self.q, self.y)])
            .then(|| GateFactor::derive(&d, &self.u, self.label))
    }

    /// The indices of the candidates whose shares are wrong.
    fn find_bad(&self, candidates: &[Candidate<'_>]) -> Result<BTreeSet<usize>, RecoverError> {
        let batch = self.weigh(candidates)?;
        let mut bad = BTreeSet::new();
        self.isolate(&batch, false, &mut bad);
        Ok(bad)
    }

    fn weigh<'c>(
        &self,
        candidates: &'c [Candidate<'c>],
    ) -> Result<Vec<Weighted<'c>>, RecoverError> {
        let shares: Vec<_> = candidates.iter().map(|c| c.share.to_wire()).collect();
        let fields = [self.key.to_wire(), self.ticket.session.0.to_vec()];
        let fields: Vec<&[u8]> = fields.iter().chain(&shares).map(Vec::as_slice).collect();
        let mut xof = Xof::new(WEIGHTS_TAG, &fields);
        let mut weight = || Scalar::from(u128::from_le_bytes(xof.take()));
        let weighted = candidates.iter().enumerate().map(|(index, candidate)| {
            let holder = &self.key.holders[usize::from(candidate.place) - 1];
            Ok(Weighted {
                index,
                candidate,
                public_share: decode_public_share(&holder.public_share)?,
                u: weight(),
                w: weight(),
            })
        });
        weighted.collect()
    }

    /// Halves a batch until its bad shares stand alone. `known_bad` says that it holds one.
    fn isolate(&self, batch: &[Weighted<'_>], known_bad: bool, bad: &mut BTreeSet<usize>) {
        if batch.is_empty() || (!known_bad && self.batch_holds(batch)) {
            return;
        }
        if let [only] = batch {
            bad.insert(only.index);
            return;
        }
        let (left, right) = batch.split_at(batch.len() / 2);
        let left_holds = self.batch_holds(left);
        if !left_holds {
            self.isolate(left, true, bad);
        }
        // A batch that fails although its left half holds fails in the right.
        self.isolate(right, left_holds, bad);
    }

    fn batch_holds(&self, batch: &[Weighted<'_>]) -> bool {
        let us = batch.iter().map(|item| item.u);
        let ws: Vec<Scalar> = batch.iter().map(|item| item.w).collect();
        let a = batch.iter().map(|item| item.candidate.a);
        let s = batch.iter().map(|item| item.candidate.s);
        let masks: Vec<G2Affine> = batch.iter().map(|item| item.candidate.k).collect();
        let public: Vec<G2Affine> = batch.iter().map(|item| item.public_share).collect();

        let points: Vec<G1Affine> = a.chain(s).collect();
        let us: Vec<Scalar> = us.collect();
        let left = sum_of_products(&points, &[us.as_slice(), &ws].concat());
        let right = [
            sum_of_products_g2(&masks, &us),
            sum_of_products_g2(&public, &ws),
            sum_of_products_g2(&masks, &ws),
        ];
        let right = G2Projective::normalize_batch(&right);
        product_is_one(&[
            (left.into_affine(), g2()),
            (-g1(), right[0]),
            (-self.q, right[1]),
            (-self.r, right[2]),
        ])
    }
}

/// A candidate in the batch, with its weights.
struct Weighted<'c> {
    index: usize,
    candidate: &'c Candidate<'c>,
    /// Y_i.
    public_share: G2Affine,
    u: Scalar,
    w: Scalar,
}

fn decode_public_share(bytes: &G2Bytes) -> Result<G2Affine, RecoverError> {
    decode_g2(bytes).map_err(|source| RecoverError::InvalidPoint {
        field: "holder's public share",
        source,
    })
}

fn is_signed(share: &ReleaseShare, key: &VerifyingKey) -> bool {
    key.verify(&share.statement(), &share.signature).is_ok()
}
