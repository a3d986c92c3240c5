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
/// A header that is not what its own encapsulation would have been gives another key, which
/// depends on this copy of the user's key and is of no use to anybody. Only the rows that are read
/// are compared; [`decapsulate_strict`] compares all. A header of another authority is such a
/// header too: it does not say whose it is.
///
/// `Dec` of [Riepel–Wee 2022] and the check of [Fujisaki–Okamoto 1999] with implicit rejection.
/// Cost: 2 + τ Miller loops and one final exponentiation; 1 + τ decodings in G2, with subgroup
/// checks, and as many products from a table; for each row read a decoding, a multiplication and a
/// product from a table, and for those under a threshold two short multiplications more.
///
/// # Errors
/// [`DecapsulateError::PolicyUnsatisfied`], [`DecapsulateError::NotValid`],
/// [`DecapsulateError::OtherAuthority`], [`DecapsulateError::InvalidHeader`]: all told from public
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

/// As [`decapsulate`], and refuses a header of which any part is not what its encapsulation would
/// have made: every key that satisfies the policy then recovers the same secret.
///
/// For custodians at registration, auditors and re-encapsulation. Cost beyond [`decapsulate`]: the
/// work of an encapsulation for the rows not read.
///
/// # Errors
/// As [`decapsulate`], and [`DecapsulateError::Rejected`] whatever else is wrong, other associated
/// data and another authority's header among it.
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

/// A header about to be read with a key that satisfies its policy.
pub(crate) struct Reading<'a> {
    parameters: &'a PublicParameters,
    header: &'a Header,
    key: &'a UserSecretKey,
    structure: AccessStructure<'a>,
    /// The rows to read, determined by the policy and the key's attributes.
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

    /// m, and whether the header is what m makes.
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

    /// m, if the header is as it should be.
    pub(crate) fn message(&self) -> Option<Zeroizing<[u8; 32]>> {
        let masking = self.masking_element()?;
        let body = self.header.body_digest();
        Some(mask(&self.header.c4, &masking, &body))
    }

    /// H(π(i)) for these rows. A key keeps those of its own parts.
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
    /// None where the sum of the C3 is outside the subgroup, or one is no point: such a header is
    /// rejected like any other that was tampered with.
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

/// Why a header gave no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecapsulateError {
    /// The attributes do not satisfy the policy. Told from public data alone.
    #[error("the policy is not satisfied; missing: {}", list(missing))]
    PolicyUnsatisfied {
        /// What [`AccessPolicy::missing`](crate::AccessPolicy::missing) says.
        missing: Vec<Condition>,
    },
    /// The key was issued under other public parameters.
    #[error("the key belongs to another authority")]
    OtherAuthority,
    /// The attributes satisfy the policy, and the header was sealed on a day that the key is not
    /// for.
    #[error("sealed on {sealed_on}, and the key is for {validity}")]
    NotValid {
        /// The header's sealing date.
        sealed_on: Date,
        /// The key's days.
        validity: Validity,
    },
    /// C1 or a C2 is no valid point. The same for every key.
    #[error("the header is invalid")]
    InvalidHeader,
    /// Strict decapsulation only: the header is not what its encapsulation would have been. Other
    /// associated data, a header of another authority and a dishonest sealer look the same.
    #[error("the header is not of this context and authority, or was not made honestly")]
    Rejected,
}

/// Why no rows can be read, from what everybody may know.
fn why_not(header: &Header, key: &UserSecretKey) -> DecapsulateError {
    let (missing, validity) = (header.policy().missing(key.attributes()), key.validity());
    match header.sealed_on() {
        Some(sealed_on) if missing.is_empty() => DecapsulateError::NotValid {
            sealed_on,
            validity,
        },
        _ => DecapsulateError::PolicyUnsatisfied { missing },
    }
}

/// Not checked for the subgroup: the sum is, and every encoding is compared afterwards.
fn row_point(bytes: &G1Bytes) -> Option<G1Affine> {
    decode_g1_on_curve(bytes).ok()
}
