//! The strict envelope of every value that is hashed, signed, stored or sent.
//!
//! ```text
//!  0      4        5       6
//!  +------+--------+-------+----------------------------+
//!  | kind | version| suite | borsh, `de_strict_order`   |
//!  +------+--------+-------+----------------------------+
//! ```
//!
//! Decoding refuses another kind, version or suite, input longer than the type allows, and trailing
//! bytes. Formats are version 0 until the first frozen one.

use borsh::{BorshDeserialize, BorshSerialize};
use zeroize::Zeroizing;

/// The version of every format in this release.
pub const VERSION: u8 = 0;
/// The suite BLS12-381, SHA3-256, Ed25519, ChaCha20-Poly1305.
pub const SUITE: u8 = 1;

const HEADER_LEN: usize = 6;

/// A type with a canonical encoding in an envelope of its own.
pub trait Wire: BorshSerialize + BorshDeserialize {
    /// Identifies the type in the envelope.
    const KIND: [u8; 4];
    /// Longest encoding accepted, in bytes, envelope included.
    const MAX_LEN: usize = 1 << 20;

    /// Encodes envelope and value.
    #[must_use]
    fn to_wire(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        append_wire(self, &mut out);
        out
    }

    /// Encodes a secret into a vector that never grows, since growing leaves copies behind.
    /// Allocates [`MAX_LEN`](Self::MAX_LEN) bytes.
    #[must_use]
    fn to_secret_wire(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(Self::MAX_LEN));
        append_wire(self, &mut out);
        out
    }

    /// Decodes canonical bytes, and only those.
    ///
    /// # Errors
    /// [`DecodeError`] for the first check that fails.
    fn from_wire(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(DecodeError::TooLong {
                length: bytes.len(),
                limit: Self::MAX_LEN,
            });
        }
        let Some((header, body)) = bytes.split_at_checked(HEADER_LEN) else {
            return Err(DecodeError::Truncated);
        };
        if header[..4] != Self::KIND {
            return Err(DecodeError::WrongKind {
                expected: Self::KIND,
            });
        }
        if header[4] != VERSION {
            return Err(DecodeError::UnknownVersion { version: header[4] });
        }
        if header[5] != SUITE {
            return Err(DecodeError::UnknownSuite { suite: header[5] });
        }
        from_borsh(body)
    }
}

/// Encodes borsh without an envelope, for fields that are hashed inside another type.
#[must_use]
pub fn to_borsh<T: BorshSerialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    append(value, &mut out);
    out
}

/// Decodes strict borsh without an envelope: trailing bytes are an error.
///
/// # Errors
/// [`DecodeError::Truncated`], [`DecodeError::TrailingBytes`] or [`DecodeError::Malformed`].
pub fn from_borsh<T: BorshDeserialize>(mut bytes: &[u8]) -> Result<T, DecodeError> {
    let value = T::deserialize(&mut bytes).map_err(|error| match error.to_string().as_str() {
        "Unexpected length of input" => DecodeError::Truncated,
        reason => DecodeError::Malformed {
            reason: reason.to_owned(),
        },
    })?;
    match bytes.len() {
        0 => Ok(value),
        count => Err(DecodeError::TrailingBytes { count }),
    }
}

fn append_wire<T: Wire>(value: &T, out: &mut Vec<u8>) {
    out.extend_from_slice(&T::KIND);
    out.extend_from_slice(&[VERSION, SUITE]);
    append(value, out);
}

fn append<T: BorshSerialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    #[expect(
        clippy::expect_used,
        reason = "fails only for a length over u32::MAX, and no type holds a longer list: those \
                  that callers fill bound it first"
    )]
    value.serialize(out).expect("a length within u32");
}

/// Bytes from outside that are not a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum DecodeError {
    #[error("input ends too early")]
    Truncated,
    #[error("{count} bytes follow the value")]
    TrailingBytes { count: usize },
    #[error("{length} bytes, at most {limit} are allowed")]
    TooLong { length: usize, limit: usize },
    /// The envelope names another type.
    #[error("not a value of kind {}", String::from_utf8_lossy(expected))]
    WrongKind { expected: [u8; 4] },
    #[error("unknown format version {version}")]
    UnknownVersion { version: u8 },
    #[error("unknown cryptographic suite {suite}")]
    UnknownSuite { suite: u8 },
    /// A field holds a value that its type does not allow.
    #[error("malformed value: {reason}")]
    Malformed { reason: String },
    /// The text form of a digest.
    #[error("expected 64 lower-case hexadecimal digits")]
    InvalidHex,
    /// The text form of an identifier, or of another value that people send each other.
    #[error(
        "not a text that begins with {prefix}1 and ends with its checksum: \
         cut off, mistyped, or another kind of text; copy it again"
    )]
    InvalidText { prefix: &'static str },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, BorshSerialize, BorshDeserialize)]
    struct Sample(u32, Vec<u8>);
    impl Wire for Sample {
        const KIND: [u8; 4] = *b"TEST";
        const MAX_LEN: usize = 64;
    }

    #[test]
    fn round_trip_and_snapshot() {
        let bytes = Sample(7, vec![1, 2]).to_wire();
        assert_eq!(
            bytes,
            b"TEST\x00\x01\x07\x00\x00\x00\x02\x00\x00\x00\x01\x02"
        );
        assert_eq!(Sample::from_wire(&bytes), Ok(Sample(7, vec![1, 2])));
    }

    #[test]
    fn every_malformation_has_its_own_error() {
        let good = Sample(7, vec![1, 2]).to_wire();
        for end in 0..good.len() {
            assert_eq!(
                Sample::from_wire(&good[..end]),
                Err(DecodeError::Truncated),
                "cut at {end}"
            );
        }
        let mut long = good.clone();
        long.push(0);
        assert_eq!(
            Sample::from_wire(&long),
            Err(DecodeError::TrailingBytes { count: 1 })
        );
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            Sample::from_wire(&bytes)
        };
        assert_eq!(
            with(0, b'X'),
            Err(DecodeError::WrongKind { expected: *b"TEST" })
        );
        assert_eq!(with(4, 9), Err(DecodeError::UnknownVersion { version: 9 }));
        assert_eq!(with(5, 9), Err(DecodeError::UnknownSuite { suite: 9 }));
        assert_eq!(
            with(13, 0xff),
            Err(DecodeError::Truncated),
            "a hostile length allocates nothing"
        );
        assert_eq!(
            Sample::from_wire(&[0; 65]),
            Err(DecodeError::TooLong {
                length: 65,
                limit: 64
            })
        );
    }
}
