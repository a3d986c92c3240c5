//! Recovering the secret of a header.

use ark_ec::{AffineRepr, CurveGroup};
use medshare_curve::encoding::{decode_g1_on_curve, decode_g2};
use medshare_curve::{G1Affine, G1Projective, G2Affine, Gt, pairing};
use medshare_policy::element::Element;
use medshare_policy::{Condition, Date};
use medshare_types::{Digest, G1Bytes};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::scheme::error::list;
use crate::scheme::fujisaki_okamoto::{Coins, aad_digest, accepted_key, mask, rejected_key};
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::scheme::points::WeightedSum;
use crate::scheme::sharing::Term;
use crate::scheme::structure::{AccessStructure, Row};
use crate::scheme::validity::Validity;
use crate::secret::SharedSecret;

/// Recovers the secret when the key's attributes satisfy the header's policy and `aad` is the same.
///
/// For a header that its encapsulation would not have made, returns a useless secret that depends on
/// this copy of the user's key. Only the rows that are read are compared; [`decapsulate_strict`]
/// compares all. A header of another authority is rejected in the same way: it does not name its
/// authority.
///
/// `Dec` of [Riepel–Wee 2022] and the check of [Fujisaki–Okamoto 1999] with implicit rejection.
/// Cost: 2 + τ Miller loops and one final exponentiation; 1 + τ decodings in G2, with subgroup
/// checks, and as many products from a table; for each row read a decoding, a multiplication and a
/// product from a table, and for those under a threshold two short multiplications more.
///
/// # Errors
/// [`DecapsulateError::PolicyUnsatisfied`], [`DecapsulateError::NotValid`],
/// [`DecapsulateError::OtherAuthority`], [`DecapsulateError::InvalidHeader`]: all follow from public
/// data, before any secret is used.
///
/// # Security
/// The comparison and the choice between the two keys take constant time; pairings and
/// multiplications do not.
pub fn decapsulate(
    parameters: &PublicParameters,
    header: &Header,
    key: &UserSecretKey,
    aad: &[u8],
) -> Result<SharedSecret, DecapsulateError> {
    let aad = aad_digest(aad);
    let reading = Reading::new(parameters, header, key)?;
    let (message, accepted) = reading.open(&aad, Comparison::RowsRead);
    let digest = header.digest();
    let good = accepted_key(&message, &digest, &aad);
    let bad = rejected_key(key.rejection(), &digest, &aad);
    let mut out = Zeroizing::new([0; 32]);
    for ((out, good), bad) in out.iter_mut().zip(good.as_bytes()).zip(bad.as_bytes()) {
        *out = u8::conditional_select(bad, good, accepted);
    }
    Ok(SharedSecret::from_bytes(out))
}

/// As [`decapsulate`], but refuses a header that differs anywhere from what its encapsulation would
/// have made. Then every key that satisfies the policy recovers the same secret.
///
/// For custodians at registration, auditors and re-encapsulation. Cost beyond [`decapsulate`]: the
/// work of an encapsulation for the rows not read.
///
/// # Errors
/// As [`decapsulate`], and [`DecapsulateError::Rejected`] for any other fault, other associated data
/// and another authority's header among them.
pub fn decapsulate_strict(
    parameters: &PublicParameters,
    header: &Header,
    key: &UserSecretKey,
    aad: &[u8],
) -> Result<SharedSecret, DecapsulateError> {
    let aad = aad_digest(aad);
    let reading = Reading::new(parameters, header, key)?;
    let (message, accepted) = reading.open(&aad, Comparison::AllRows);
    if bool::from(accepted) {
        Ok(accepted_key(&message, &header.digest(), &aad))
    } else {
        Err(DecapsulateError::Rejected)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    RowsRead,
    AllRows,
}

/// A header together with a key that satisfies its policy.
pub(crate) struct Reading<'a> {
    parameters: &'a PublicParameters,
    header: &'a Header,
    key: &'a UserSecretKey,
    structure: AccessStructure<'a>,
    /// The rows to read, which the policy and the key's attributes determine.
    terms: Vec<Term>,
    c1: G2Affine,
    c2: Vec<G2Affine>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(
        parameters: &'a PublicParameters,
        header: &'a Header,
        key: &'a UserSecretKey,
    ) -> Result<Self, DecapsulateError> {
        if key.parameters_digest() != parameters.digest() {
            return Err(DecapsulateError::OtherAuthority);
        }
        let structure = header.structure();
        let terms = structure.select(|element| key.component(element).is_some());
        let terms = terms.ok_or_else(|| why_not(header, key))?;
        // All C2, not only those that the rows need: the answer is the same for every key.
        let decode = |bytes| decode_g2(bytes).map_err(|_| DecapsulateError::InvalidHeader);
        let c1 = decode(&header.c1)?;
        let c2 = header.c2.iter().map(decode).collect::<Result<_, _>>()?;
        Ok(Self {
            parameters,
            header,
            key,
            structure,
            terms,
            c1,
            c2,
        })
    }

    /// m, and the choice whether the header equals the encapsulation of m.
    fn open(&self, aad: &Digest, comparison: Comparison) -> (Zeroizing<[u8; 32]>, Choice) {
        let Some(message) = self.message() else {
            return (Zeroizing::new([0; 32]), Choice::from(0));
        };
        let coins = Coins::derive(self.parameters, &self.structure, aad, &message);
        let (c1, c2) = coins.g2_points();
        let mut accepted = c1.0.ct_eq(&self.header.c1.0);
        for (expected, found) in c2.iter().zip(&self.header.c2) {
            accepted &= expected.0.ct_eq(&found.0);
        }
        let rows: Vec<usize> = match comparison {
            Comparison::RowsRead => self.terms.iter().map(|term| term.row).collect(),
            Comparison::AllRows => (0..self.header.c3.len()).collect(),
        };
        let points = self.points(&rows);
        let expected = coins.rows(&self.structure, rows.iter().copied().zip(points));
        for (expected, &row) in expected.iter().zip(&rows) {
            accepted &= expected.0.ct_eq(&self.header.c3[row].0);
        }
        (message, accepted)
    }

    /// m, if the rows that are read sum up to a point of G1.
    pub(crate) fn message(&self) -> Option<Zeroizing<[u8; 32]>> {
        let masking = self.masking_element()?;
        let body = self.header.body_digest();
        Some(mask(&self.header.c4, &masking, &body))
    }

    /// H(π(i)) for these rows. A key stores those of its own components.
    fn points(&self, rows: &[usize]) -> Vec<G1Affine> {
        let elements = rows.iter().map(|&row| self.structure.rows()[row].element);
        let held =
            |element: &Element<'_>| self.key.component(element).map(|component| component.point);
        let missing = elements.clone().filter(|element| held(element).is_none());
        let mut hashed = self.parameters.points(missing).into_iter();
        let points = elements.filter_map(|element| held(&element).or_else(|| hashed.next()));
        points.collect()
    }

    /// s·E = e(K1, C1) + Σ_j e(Σ γ_i·K_π(i), C2_j) − e(Σ γ_i·C3_i, K3), sums over the rows read.
    ///
    /// None where the sum of the C3 is outside the subgroup, or one is not a point: such a header is
    /// rejected like any other manipulated one.
    fn masking_element(&self) -> Option<Gt> {
        let mut sums: Vec<_> = self.c2.iter().map(|_| WeightedSum::default()).collect();
        let mut c3 = WeightedSum::default();
        for Term { row, coefficient } in &self.terms {
            let Row {
                element,
                occurrence,
            } = self.structure.rows()[*row];
            sums[occurrence].add(self.key.component(&element)?.secret, coefficient);
            c3.add(row_point(&self.header.c3[*row])?, coefficient);
        }
        let c3 = c3.finish().into_affine();
        if !c3.is_in_correct_subgroup_assuming_on_curve() {
            return None;
        }
        let sums: Vec<_> = sums.into_iter().map(WeightedSum::finish).collect();
        let keys = Zeroizing::new(G1Projective::normalize_batch(&Zeroizing::new(sums)));
        let mut pairs = Zeroizing::new(Vec::with_capacity(2 + keys.len()));
        pairs.push((self.key.k1(), self.c1));
        pairs.push((-c3, self.key.k3()));
        let read = keys.iter().copied().zip(self.c2.iter().copied());
        pairs.extend(read.filter(|(key, _)| !key.is_zero()));
        Some(pairing::multi_pairing(&pairs))
    }
}

/// Why a header was not decapsulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecapsulateError {
    /// The attributes do not satisfy the policy, which follows from public data alone.
    #[error("the policy is not satisfied; missing: {}", list(missing))]
    PolicyUnsatisfied {
        /// The conditions that [`AccessPolicy::missing`](crate::AccessPolicy::missing) returns.
        missing: Vec<Condition>,
    },
    /// The key was issued under other public parameters.
    #[error("the key belongs to another authority")]
    OtherAuthority,
    /// The attributes satisfy the policy, but the key does not cover the day on which the header was
    /// sealed.
    #[error("sealed on {sealed_on}, but the key is for {validity}")]
    NotValid {
        /// Sealing date in the header.
        sealed_on: Date,
        /// Sealing dates that the key covers.
        validity: Validity,
    },
    /// C1 or a C2 is not a valid point. The result is the same for every key.
    #[error("the header is invalid")]
    InvalidHeader,
    /// Strict decapsulation only: the header differs from what its encapsulation would have made.
    /// Other associated data, a header of another authority and a dishonest sealer look the same.
    #[error("the header is of another context or authority, or was not made honestly")]
    Rejected,
}

/// The error for a header without rows to read, from public data.
fn why_not(header: &Header, key: &UserSecretKey) -> DecapsulateError {
    let missing = header.policy().missing(key.attributes());
    let validity = key.validity();
    match header.sealed_on() {
        Some(sealed_on) if missing.is_empty() => DecapsulateError::NotValid {
            sealed_on,
            validity,
        },
        _ => DecapsulateError::PolicyUnsatisfied { missing },
    }
}

/// Decodes without a subgroup check: the sum is checked, and every encoding is compared afterwards.
fn row_point(bytes: &G1Bytes) -> Option<G1Affine> {
    decode_g1_on_curve(bytes).ok()
}
