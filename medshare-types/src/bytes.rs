//! Inherent methods for the canonical bytes of types that are sent or stored.

/// Implements `to_bytes` and `from_bytes` for a [`Wire`](crate::Wire) type. `$refused` names the
/// bytes that its decoding refuses in addition, for the documentation.
#[doc(hidden)]
#[macro_export]
macro_rules! canonical_bytes {
    ($type:ident $(, $refused:literal)?) => {
        impl $type {
            /// The canonical bytes, envelope included.
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                $crate::Wire::to_wire(self)
            }

            /// Parses the canonical bytes and nothing else.
            ///
            /// # Errors
            #[doc = concat!("[`DecodeError`](medshare_types::DecodeError)", $($refused,)? ".")]
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::DecodeError> {
                $crate::Wire::from_wire(bytes)
            }
        }
    };
}
