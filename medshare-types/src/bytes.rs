//! The canonical bytes of types that are sent or stored, as methods of their own.

/// `to_bytes` and `from_bytes` for a [`Wire`](crate::Wire) type; `$refused` is what its decoding
/// refuses beyond what every decoding does.
#[doc(hidden)]
#[macro_export]
macro_rules! canonical_bytes {
    ($type:ident $(, $refused:literal)?) => {
        impl $type {
            /// The canonical bytes.
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                $crate::Wire::to_wire(self)
            }

            /// Parses the canonical bytes.
            ///
            /// # Errors
            #[doc = concat!("[`DecodeError`](medshare_types::DecodeError)", $($refused,)? ".")]
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::DecodeError> {
                $crate::Wire::from_wire(bytes)
            }
        }
    };
}
