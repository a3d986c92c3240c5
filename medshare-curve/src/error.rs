//! The error of decoding points and scalars.

/// Why bytes are not a point or a scalar that may be computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Another byte string encodes the same value, or none does: flags, or a number not reduced.
    #[error("the encoding is not canonical")]
    NotCanonical,
    /// No point of the curve has this x.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point is on the curve and outside the subgroup of order r.
    #[error("the point is not in the prime-order subgroup")]
    NotInSubgroup,
    /// The point at infinity.
    #[error("the point is the identity")]
    Identity,
}
