//! Parts of the scheme that are unsafe alone.
//!
//! Nothing here is for use. It is public, behind the feature `hazmat`, so that what security
//! against chosen ciphertexts costs can be measured on the code that is really run.

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
/// None against who may choose headers: whoever learns whether the secret that comes out here works
/// learns about the key that was used.
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
