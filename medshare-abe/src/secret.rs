//! 32 secret bytes with a name.

use core::fmt;

use medshare_types::RandomSource;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

macro_rules! secret {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            /// Takes over 32 secret bytes.
            #[must_use]
            pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl ConstantTimeEq for $name {
            fn ct_eq(&self, other: &Self) -> subtle::Choice {
                self.0.as_slice().ct_eq(other.0.as_slice())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(secret)"))
            }
        }
    )*};
}

secret! {
    /// K_abe: what encapsulation makes and decapsulation recovers. Erased when dropped, never
    /// printed; compare with [`ConstantTimeEq`].
    SharedSecret;
    /// DEK: the one secret of one payload. Erased when dropped, never printed.
    DataKey;
}

impl DataKey {
    pub(crate) fn random(rng: &mut impl RandomSource) -> Self {
        Self(Zeroizing::new(rng.array()))
    }
}
