//! Opening of a label: t shares combine to the gate's factor; bad shares expose their holders.
//!
//! ```text
//! σ_i = S_i − z·A_i, d = Σ λ_i·σ_i, accepted when e(d, g2) = e(Q, Y); then d = x·Q
//! K_gate = XOF(tag ‖ e(d, U) ‖ H(L))
//! ```
//!
//! The first t usable shares are combined this way. Only when that fails is the error of all usable
//! shares computed [after Ferrara et al. 2009],
//!
//! ```text
//! E = e(Σ w_i·σ_i, g2) / e(Q, Σ w_i·Y_i)
//! ```
//!
//! with 128-bit w_i hashed from everything in the batch. E is 1 if every share is good, and the
//! product of the errors of two halves, so bisection finds the bad shares at one product of two
//! pairings a step. It needs z; [`crate::evidence`] convinces others without it.

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

use crate::gate::{GateFactor, label_point};
use crate::session::SessionSecret;

const WEIGHTS_TAG: &str = "medshare/threshold/batch-weights/v1";

/// The result of a successful [`recover`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// K_gate, the gate's factor of the record's key.
    pub factor: GateFactor,
    /// Digests of the t shares combined, in the order of their holders: for a receipt.
    pub used: Vec<Digest>,
    /// Holders that signed a bad share for this opening, in order.
    ///
    /// Shares that were not checked, because t others sufficed, name no culprit. Neither do shares
    /// that the holder did not sign for this opening: any party could have sent them.
    pub culprits: Vec<OrganisationId>,
}

/// Recovers the factor of `label` from release shares, of which some may be wrong.
///
/// `key`, `label` and `signing_keys` come from verified state. Each holder counts once, and only by
/// a share that it signed for this ticket, label, key and generation; all other shares are ignored.
/// A holder is a culprit for a share that it signed and that is wrong or has invalid points.
///
/// Cost, when the first t are good: per share given, one signature and two decoded points of G1;
/// then two sums of t products, a product of two pairings, and a pairing. Finding b bad shares
/// among n adds n decoded points of G2, n products in G1 and in G2, and about b·log₂(n/b) products
/// of two pairings.
///
/// # Errors
/// [`RecoverError::InsufficientShares`] with the culprits; the other variants mean that the
/// arguments do not belong together or hold invalid points.
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
    let combiner = Combiner::new(key, label, ticket, session)?;
    let (candidates, mut culprits) = combiner.screen(signing_keys, shares);
    let mut first = first_of_each_holder(&candidates, &BTreeSet::new());
    first.truncate(combiner.needed());
    if let Some(factor) = combiner.combine(&candidates, &first) {
        return Ok(recovered(factor, &candidates, &first, culprits));
    }

    let bad = combiner.find_bad(&candidates)?;
    culprits.extend(bad.iter().map(|&index| candidates[index].share.holder));
    let good = first_of_each_holder(&candidates, &bad);
    let Some(chosen) = good.get(..combiner.needed()) else {
        return Err(RecoverError::InsufficientShares {
            good: good.len(),
            needed: combiner.needed(),
            culprits: culprits.into_iter().collect(),
        });
    };
    let factor = combiner
        .combine(&candidates, chosen)
        .ok_or(RecoverError::InconsistentKey)?;
    Ok(recovered(factor, &candidates, chosen, culprits))
}

fn recovered(
    factor: GateFactor,
    candidates: &[Candidate<'_>],
    used: &[usize],
    culprits: BTreeSet<OrganisationId>,
) -> Recovered {
    let digest = |&index: &usize| candidates[index].share.digest();
    Recovered {
        factor,
        used: used.iter().map(digest).collect(),
        culprits: culprits.into_iter().collect(),
    }
}

/// A share that its holder signed for this opening, with valid A and S. Opening does not need K.
struct Candidate<'a> {
    /// The holder's index, from 1.
    holder_index: u16,
    share: &'a ReleaseShare,
    a: G1Affine,
    s: G1Affine,
}

impl<'a> Candidate<'a> {
    fn decode(holder_index: u16, share: &'a ReleaseShare) -> Result<Self, EncodingError> {
        Ok(Self {
            holder_index,
            share,
            a: decode_g1(&share.a)?,
            s: decode_g1(&share.s)?,
        })
    }
}

/// The positions of one candidate of each holder, leaving out those in `bad`.
fn first_of_each_holder(candidates: &[Candidate<'_>], bad: &BTreeSet<usize>) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        // Candidates are in the order of their holders.
        let last = chosen.last().map(|&last| candidates[last].holder_index);
        if last != Some(candidate.holder_index) && !bad.contains(&index) {
            chosen.push(index);
        }
    }
    chosen
}

/// The arguments of one opening, which belong together, and the decoded public points Q, Y and U.
struct Combiner<'a> {
    key: &'a GateKey,
    label: &'a GateLabel,
    ticket: &'a Ticket,
    session: &'a SessionSecret,
    q: G1Affine,
    y: G2Affine,
    u: G2Affine,
}

impl<'a> Combiner<'a> {
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

    /// The usable shares, each once and in the order of holders; and the holders that signed shares
    /// with invalid points.
    fn screen<'s>(
        &self,
        signing_keys: &[(OrganisationId, VerifyingKey)],
        shares: &'s [ReleaseShare],
    ) -> (Vec<Candidate<'s>>, BTreeSet<OrganisationId>) {
        let signing_keys: BTreeMap<_, _> = signing_keys.iter().copied().collect();
        let holder_indices: BTreeMap<_, _> = (1u16..)
            .zip(&self.key.holders)
            .map(|(index, holder)| (holder.organisation, index))
            .collect();
        let mut usable = BTreeMap::new();
        let mut culprits = BTreeSet::new();
        for share in shares {
            let Some(&index) = holder_indices.get(&share.holder) else {
                continue;
            };
            let signed =
                |key: &VerifyingKey| is_for(self.key, self.ticket, share) && is_signed(share, key);
            if !signing_keys.get(&share.holder).is_some_and(signed) {
                continue;
            }
            match Candidate::decode(index, share) {
                Ok(candidate) => {
                    usable.insert((index, share.digest()), candidate);
                }
                Err(_) => {
                    culprits.insert(share.holder);
                }
            }
        }
        (usable.into_values().collect(), culprits)
    }

    /// K_gate from t candidates of different holders, if they are good.
    fn combine(&self, candidates: &[Candidate<'_>], chosen: &[usize]) -> Option<GateFactor> {
        if chosen.len() != self.needed() {
            return None;
        }
        let chosen: Vec<_> = chosen.iter().map(|&index| &candidates[index]).collect();
        let indices: Vec<u64> = chosen.iter().map(|c| c.holder_index.into()).collect();
        let lambdas = lagrange_at_zero(&indices);
        let (a, s): (Vec<_>, Vec<_>) = chosen.iter().map(|c| (c.a, c.s)).unzip();
        // Σ λ_i·(S_i − z·A_i) = Σ λ_i·S_i − z·Σ λ_i·A_i
        let masks = sum_of_products(&a, &lambdas).into_affine();
        let blinding = Zeroizing::new(mul_public(&masks, self.session.secret()));
        let d = Zeroizing::new((sum_of_products(&s, &lambdas) - *blinding).into_affine());
        product_is_one(&[(*d, g2()), (-self.q, self.y)])
            .then(|| GateFactor::derive(&d, &self.u, self.label))
    }

    /// The positions of the candidates whose shares are wrong.
    fn find_bad(&self, candidates: &[Candidate<'_>]) -> Result<BTreeSet<usize>, RecoverError> {
        let terms = self.weigh(candidates)?;
        let mut bad = BTreeSet::new();
        self.isolate(&terms, self.error(&terms), &mut bad);
        Ok(bad)
    }

    /// The terms of the batch, in the order of the candidates.
    fn weigh(&self, candidates: &[Candidate<'_>]) -> Result<Vec<WeightedShare>, RecoverError> {
        let shares: Vec<_> = candidates.iter().map(|c| c.share.to_wire()).collect();
        let common = [self.key.to_wire(), self.ticket.session.0.to_vec()];
        let fields: Vec<&[u8]> = common.iter().chain(&shares).map(Vec::as_slice).collect();
        let mut xof = Xof::new(WEIGHTS_TAG, &fields);
        let mut left = Vec::new();
        let mut right = Vec::new();
        for candidate in candidates {
            let w = Scalar::from(u128::from_le_bytes(xof.take()));
            let holder = &self.key.holders[usize::from(candidate.holder_index) - 1];
            let y = decode_public_share(&holder.public_share)?;
            let scalars = Zeroizing::new([w, -*self.session.secret() * w]);
            left.push(sum_of_products(&[candidate.s, candidate.a], &*scalars));
            right.push(mul_public_g2(&y, &w));
        }
        let left = G1Projective::normalize_batch(&left);
        let right = G2Projective::normalize_batch(&right);
        let terms = left.into_iter().zip(right).enumerate();
        Ok(terms
            .map(|(index, (left, right))| WeightedShare { index, left, right })
            .collect())
    }

    /// Adds the bad shares among `terms`, whose product of errors is `error`, to `bad`.
    fn isolate(&self, terms: &[WeightedShare], error: Gt, bad: &mut BTreeSet<usize>) {
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

    /// E of these terms. arkworks writes GT additively.
    fn error(&self, terms: &[WeightedShare]) -> Gt {
        let left: G1Projective = terms.iter().map(|term| term.left).sum();
        let right: G2Projective = terms.iter().map(|term| term.right).sum();
        multi_pairing(&[(left.into_affine(), g2()), (-self.q, right.into_affine())])
    }
}

/// w·σ and w·Y_i of one candidate.
struct WeightedShare {
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

/// Shares or arguments that do not open a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum RecoverError {
    /// Key, label, ticket and session secret do not belong together.
    #[error("the {field} does not belong to this ticket")]
    Mismatch { field: &'static str },
    #[error("the {field} is not a valid point")]
    InvalidPoint {
        field: &'static str,
        source: EncodingError,
    },
    /// `good` counts holders with a good share; the culprits are in order.
    #[error("{good} good shares, {needed} are needed")]
    InsufficientShares {
        good: usize,
        needed: usize,
        culprits: Vec<OrganisationId>,
    },
    /// Shares that each match the key's Y_i do not match its Y, so the key itself is invalid.
    #[error("the gate key contradicts its own holders' shares")]
    InconsistentKey,
}

impl RecoverError {
    /// Holders that signed a bad share for this opening, in order.
    #[must_use]
    pub fn culprits(&self) -> &[OrganisationId] {
        match self {
            Self::InsufficientShares { culprits, .. } => culprits,
            Self::Mismatch { .. } | Self::InvalidPoint { .. } | Self::InconsistentKey => &[],
        }
    }
}

/// True when the share names this ticket, its label, and this key in its generation.
pub(crate) fn is_for(key: &GateKey, ticket: &Ticket, share: &ReleaseShare) -> bool {
    share.ticket == ticket.id
        && share.label == ticket.label
        && share.key == key.id
        && share.generation == key.generation
}

pub(crate) fn is_signed(share: &ReleaseShare, key: &VerifyingKey) -> bool {
    key.verify(&share.statement(), &share.signature).is_ok()
}
