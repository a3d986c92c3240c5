//! The keys that an authority issues.

mod body;
mod components;
mod delegate;
mod encoding;

use core::fmt;

use medshare_curve::{G1Affine, G2Affine};
use medshare_policy::AttributeSet;
use medshare_policy::element::Element;
use medshare_types::{Digest, RandomSource};
use zeroize::Zeroizing;

use crate::scheme::parameters::PublicParameters;
use crate::scheme::validity::Validity;

pub(crate) use body::KeyBody;
pub(crate) use components::KeyComponent;
pub use components::{MAX_KEY_COMPONENTS, check_issuable};

/// A person's key for a set of attributes and of sealing dates. Erased when dropped, never printed.
pub struct UserSecretKey {
    /// H(pp) of the authority that issued the key.
    parameters: Digest,
    body: KeyBody,
    /// σ, from which the secrets of rejected headers are derived. Never stored: every imported copy
    /// of a key draws its own.
    rejection: Zeroizing<[u8; 32]>,
}

impl UserSecretKey {
    fn new(parameters: &PublicParameters, body: KeyBody, rng: &mut impl RandomSource) -> Self {
        Self {
            parameters: parameters.digest(),
            body,
            rejection: Zeroizing::new(rng.array()),
        }
    }

    /// The attributes that the key holds.
    #[must_use]
    pub const fn attributes(&self) -> &AttributeSet {
        &self.body.components.attributes
    }

    /// The sealing dates that the key covers.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.body.components.validity
    }

    /// H(pp) of the authority that issued it.
    #[must_use]
    pub const fn parameters_digest(&self) -> Digest {
        self.parameters
    }

    pub(crate) fn component(&self, element: &Element<'_>) -> Option<&KeyComponent> {
        self.body.components.get(element)
    }

    pub(crate) fn k1(&self) -> G1Affine {
        *self.body.k1
    }

    pub(crate) const fn k3(&self) -> G2Affine {
        self.body.k3
    }

    pub(crate) fn rejection(&self) -> &[u8; 32] {
        &self.rejection
    }
}

impl fmt::Debug for UserSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UserSecretKey({}; {}; secret)",
            self.body.components.attributes, self.body.components.validity
        )
    }
}
