//! The data key, a payload's only secret.

use core::fmt;

use medshare_types::RandomSource;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// DEK: the one secret of one payload, 32 bytes.
///
/// Erased when dropped, never printed; compare with [`ConstantTimeEq`].
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    pub(crate) fn random(rng: &mut impl RandomSource) -> Self {
        Self(Zeroizing::new(rng.array()))
    }

    /// Takes over 32 secret bytes.
    #[must_use]
    pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The secret itself: copies of it are not erased.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConstantTimeEq for DataKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.as_slice().ct_eq(other.0.as_slice())
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(secret)")
    }
}
