//! Why a data key or a descriptor was not sealed or not opened.

use medshare_payload::PayloadError;
use medshare_types::{DecodeError, FactorSet};

use crate::scheme::decapsulate::DecapsulateError;

/// Why an access header, a wrapped key or a descriptor was not sealed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The chain has registered another access header.
    #[error("another access header is registered")]
    DigestMismatch,
    /// The header carries another label than the chain.
    #[error("the header carries another label")]
    LabelMismatch,
    /// The label names another attribute-based header.
    #[error("the label names another attribute-based header")]
    HeaderMismatch,
    /// The attribute-based header has another sealing date than the label, or none.
    #[error("the header does not carry the label's sealing date")]
    DateMismatch,
    /// The label names another preamble.
    #[error("the label names another payload")]
    PreambleMismatch,
    /// The factors given are not those that the label or the wrapped key names.
    #[error("factors {given:#04x} given, {needed:#04x} are needed", given = given.0, needed = needed.0)]
    FactorMismatch {
        /// Bitmap that the label or the wrapped key names.
        needed: FactorSet,
        /// Bitmap of the caller's factors.
        given: FactorSet,
    },
    /// The attribute-based header does not decapsulate.
    #[error("the header does not open")]
    Decapsulate {
        #[allow(missing_docs, reason = "the kind of decapsulation error")]
        #[from]
        source: DecapsulateError,
    },
    /// The unwrapped key does not open the payload: a factor is wrong, or a byte was changed.
    #[error("not the data key of this payload")]
    WrongKey,
    /// Not the bytes of [`seal`](crate::seal).
    #[error("not valid sealed bytes")]
    Decode {
        #[allow(missing_docs, reason = "the kind of decoding error")]
        #[from]
        source: DecodeError,
    },
    /// The content of [`seal`](crate::seal) was changed.
    #[error("the sealed content does not open")]
    Payload {
        #[allow(missing_docs, reason = "the kind of payload error")]
        #[from]
        source: PayloadError,
    },
    /// The descriptor's message does not fit in a sealed descriptor.
    #[error("a descriptor of {length} bytes, at most {limit} fit")]
    DescriptorTooLong {
        /// Bytes of the message.
        length: usize,
        /// Maximum length of a message, bytes.
        limit: usize,
    },
    /// The descriptor was sealed under another key or for another payload, or a byte was changed.
    #[error("the descriptor does not open")]
    DescriptorMismatch,
}
