//! Fixed-length encodings of curve points, as raw bytes.
//!
//! The types say nothing about validity: `medshare-curve` decodes and checks. Their length is fixed
//! because point decoders ignore trailing bytes.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! point {
    ($($(#[$doc:meta])* $name:ident($len:literal);)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
        )]
        pub struct $name(pub [u8; $len]);

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:02x}{:02x}{:02x}..)", stringify!($name), self.0[0], self.0[1], self.0[2])
            }
        }
    )*};
}

point! {
    /// A compressed BLS12-381 G1 point, 48 bytes.
    G1Bytes(48);
    /// A compressed BLS12-381 G2 point, 96 bytes.
    G2Bytes(96);
    /// A BLS12-381 scalar, 32 bytes little-endian.
    ScalarBytes(32);
}
