//! Steps of the scheme that are unsafe alone.
//!
//! For benchmarks only, behind the feature `hazmat`: they measure the cost of security against
//! chosen ciphertexts on the code that production runs.

use crate::scheme::decapsulate::DecapsulateError;
use crate::scheme::decapsulate::Reading;
use crate::scheme::fujisaki_okamoto::{aad_digest, accepted_key};
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::secret::SharedSecret;

/// [`decapsulate`](crate::decapsulate) up to the recovered message, without computing the header
/// again from it: `Dec` of [Riepel–Wee 2022], secure against chosen plaintexts only.
///
/// # Errors
/// As [`decapsulate`](crate::decapsulate), and [`DecapsulateError::Rejected`] for rows that are not
/// in G1.
///
/// # Security
/// None against attackers that choose headers: whether the resulting secret works tells them about
/// the key that was used.
pub fn decapsulate_unchecked(
    parameters: &PublicParameters,
    header: &Header,
    key: &UserSecretKey,
    aad: &[u8],
) -> Result<SharedSecret, DecapsulateError> {
    let reading = Reading::new(parameters, header, key)?;
    let message = reading.message().ok_or(DecapsulateError::Rejected)?;
    Ok(accepted_key(&message, &header.digest(), &aad_digest(aad)))
}
