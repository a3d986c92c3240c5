//! Encapsulation: a fresh secret, and the header that carries it.

use medshare_policy::{AccessPolicy, Date};
use medshare_types::RandomSource;
use zeroize::Zeroizing;

use crate::scheme::fujisaki_okamoto::{Coins, aad_digest, accepted_key, mask};
use crate::scheme::header::Header;
use crate::scheme::parameters::PublicParameters;
use crate::scheme::structure::AccessStructure;
use crate::secret::SharedSecret;

/// Makes a fresh secret that keys satisfying `policy` recover from the header. The secret is bound
/// to `aad`, which the header does not carry. Keys of every [`Validity`](crate::Validity) recover
/// it: see [`encapsulate_dated`].
///
/// `Enc` of [Riepel–Wee 2022] with one-use restriction lifted, under the transform of
/// [Fujisaki–Okamoto 1999]. Cost: for each row a hash to G1, unless the parameters have it in
/// their cache, a multiplication and a product from a table; 1 + τ products in G2 and one in GT
/// from tables.
#[must_use]
pub fn encapsulate(
    parameters: &PublicParameters,
    policy: &AccessPolicy,
    aad: &[u8],
    rng: &mut impl RandomSource,
) -> (Header, SharedSecret) {
    let message = Zeroizing::new(rng.array());
    encapsulate_message(parameters, (policy, None), aad, &message)
}

/// As [`encapsulate`], but only keys whose [`Validity`](crate::Validity) contains the day
/// `sealed_on` recover the secret. The header carries the day as the sealer's claim: readers must
/// compare it with a day they trust.
///
/// Cost beyond [`encapsulate`]: 17 rows.
#[must_use]
pub fn encapsulate_dated(
    parameters: &PublicParameters,
    policy: &AccessPolicy,
    sealed_on: Date,
    aad: &[u8],
    rng: &mut impl RandomSource,
) -> (Header, SharedSecret) {
    let message = Zeroizing::new(rng.array());
    encapsulate_message(parameters, (policy, Some(sealed_on)), aad, &message)
}

/// Encapsulates a given m, without randomness of its own.
fn encapsulate_message(
    parameters: &PublicParameters,
    (policy, sealed_on): (&AccessPolicy, Option<Date>),
    aad: &[u8],
    message: &[u8; 32],
) -> (Header, SharedSecret) {
    let structure = AccessStructure::new(policy, sealed_on);
    let aad = aad_digest(aad);
    let coins = Coins::derive(parameters, &structure, &aad, message);
    let (c1, c2) = coins.g2_points();
    let points = parameters.points(structure.rows().iter().map(|row| row.element));
    let c3 = coins.rows(&structure, points.into_iter().enumerate());
    let mut header = Header::new((policy.clone(), sealed_on), c1, c2, c3);
    let masking = parameters.e_mul(&coins.s);
    header.c4 = *mask(message, &masking, &header.body_digest());
    let key = accepted_key(message, &header.digest(), &aad);
    (header, key)
}
