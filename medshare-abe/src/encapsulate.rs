//! Making a header and the secret it carries.

use medshare_types::RandomSource;
use zeroize::Zeroizing;

use crate::header::Header;
use crate::parameters::PublicParameters;
use crate::policy::AccessPolicy;
use crate::secret::SharedSecret;
use crate::structure::AccessStructure;
use crate::transform::{Coins, aad_digest, accepted_key, mask};

/// Makes a fresh secret that whoever satisfies `policy` can recover from the header, bound to
/// `aad`, which the header does not carry.
///
/// `Enc` of [Riepel–Wee 2022] with one-use restriction lifted, under the transform of
/// [Fujisaki–Okamoto 1999]. Cost: for each row a hash to G1, a multiplication and a product from a
/// table; 1 + τ products in G2 and one in GT from tables.
#[must_use]
pub fn encapsulate(
    parameters: &PublicParameters,
    policy: &AccessPolicy,
    aad: &[u8],
    rng: &mut impl RandomSource,
) -> (Header, SharedSecret) {
    let message = Zeroizing::new(rng.array());
    encapsulate_message(parameters, policy, aad, &message)
}

/// The deterministic part.
fn encapsulate_message(
    parameters: &PublicParameters,
    policy: &AccessPolicy,
    aad: &[u8],
    message: &[u8; 32],
) -> (Header, SharedSecret) {
    let structure = AccessStructure::new(policy);
    let aad = aad_digest(aad);
    let coins = Coins::derive(parameters, policy, &structure, &aad, message);
    let (c1, c2) = coins.g2_points();
    let c3 = coins.rows(&structure, 0..structure.rows().len(), |element| {
        element.point()
    });
    let mut header = Header::new(policy.clone(), c1, c2, c3);
    let masking = parameters.e_mul(&coins.s);
    header.c4 = *mask(message, &masking, &header.body_digest());
    let key = accepted_key(message, &header.digest(), &aad);
    (header, key)
}
