//! Why an authority's parameters or a key were refused.

use medshare_curve::EncodingError;
use medshare_policy::{Attribute, Date, Name};
use medshare_types::DecodeError;

/// Why parameters, a key or its validity were refused, or a key was not issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the canonical bytes of a key or of public parameters.
    #[error("not a valid key")]
    Decode {
        #[allow(missing_docs, reason = "the kind of decoding error")]
        #[from]
        source: DecodeError,
    },
    /// A point of the key is invalid.
    #[error("a point of the key is invalid")]
    Point {
        #[allow(missing_docs, reason = "the kind of encoding error")]
        #[from]
        source: EncodingError,
    },
    /// E of public parameters is not an element of GT, or is the identity.
    #[error("the element of the public parameters is invalid")]
    Element {
        #[allow(missing_docs, reason = "the kind of encoding error")]
        source: EncodingError,
    },
    /// A key has 1 to `limit` components: one for a name, 33 for an integer, 17 for any other
    /// value.
    #[error("the attributes need {count} key components, 1 to {limit} are allowed")]
    AttributeCount {
        /// Number of components that the attributes need.
        count: usize,
        /// [`MAX_KEY_COMPONENTS`](crate::MAX_KEY_COMPONENTS).
        limit: usize,
    },
    /// Two values of one label: their holder would satisfy ranges that contain neither value, and
    /// every `!=`.
    #[error("two values of the label {label}")]
    ConflictingValues {
        #[allow(missing_docs, reason = "named by the variant")]
        label: Name,
    },
    /// A key cannot delegate attributes that it does not hold.
    #[error("the key does not hold {}", list(missing))]
    NotHeld {
        /// Attributes asked for and not held.
        missing: Vec<Attribute>,
    },
    /// The key was issued under other public parameters.
    #[error("the key belongs to another authority")]
    OtherAuthority,
    /// The components of the key do not satisfy the scheme's equation.
    #[error("the components of the key do not belong together")]
    Inconsistent,
    /// The key was not sealed to this recipient in answer to this request.
    #[error("the sealed key does not decrypt")]
    Undecryptable,
    /// The range of sealing dates is empty.
    #[error("no day is on or after {from} and before {until}")]
    EmptyValidity {
        /// The first day.
        from: Date,
        /// The day after the last.
        until: Date,
    },
}

pub(super) fn list(all: &[impl ToString]) -> String {
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
