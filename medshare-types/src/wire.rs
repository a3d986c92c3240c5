//! The strict envelope around everything that is hashed, signed, stored or sent.
//!
//! ```text
//!  0      4        5       6
//!  +------+--------+-------+----------------------------+
//!  | kind | version| suite | borsh, `de_strict_order`   |
//!  +------+--------+-------+----------------------------+
//! ```
//!
//! Decoding refuses another kind, version or suite, anything longer than the type allows, and
//! bytes left over. Formats are version 0 until the first frozen one.

use borsh::{BorshDeserialize, BorshSerialize};
use zeroize::Zeroizing;

/// Version of every format in this release.
pub const VERSION: u8 = 0;
/// BLS12-381, SHA3-256, Ed25519, ChaCha20-Poly1305.
pub const SUITE: u8 = 1;

const HEADER_LEN: usize = 6;

/// A type with a canonical byte form of its own.
pub trait Wire: BorshSerialize + BorshDeserialize {
    /// Four bytes that name the type.
    const KIND: [u8; 4];
    /// The longest encoding that is accepted, in bytes.
    const MAX_LEN: usize = 1 << 20;

    /// The canonical bytes.
    #[must_use]
    fn to_wire(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        append_wire(self, &mut out);
        out
    }

    /// The canonical bytes of a secret, in a vector that never grows: growing leaves copies behind.
    /// Takes memory for [`MAX_LEN`](Self::MAX_LEN) bytes.
    #[must_use]
    fn to_secret_wire(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(Self::MAX_LEN));
        append_wire(self, &mut out);
        out
    }

    /// Parses canonical bytes and nothing else.
    ///
    /// # Errors
    /// [`DecodeError`] says what was wrong with the first thing that was.
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

/// Borsh bytes without an envelope, for fields that are hashed inside another type.
#[must_use]
pub fn to_borsh<T: BorshSerialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    append(value, &mut out);
    out
}

/// Strict borsh without an envelope: nothing may be left over.
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

/// Writing to memory fails only where a length exceeds `u32::MAX`, which no type here can hold.
fn append<T: BorshSerialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    #[allow(clippy::expect_used)]
    value.serialize(out).expect("writing to memory");
}

/// Why bytes from outside are not a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends too early.
    #[error("input ends too early")]
    Truncated,
    /// Bytes follow the value.
    #[error("{count} bytes follow the value")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The input is longer than the type allows.
    #[error("{length} bytes where at most {limit} are allowed")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The envelope names another type.
    #[error("not a value of kind {}", String::from_utf8_lossy(expected))]
    WrongKind {
        /// The kind that was asked for.
        expected: [u8; 4],
    },
    /// The envelope's version is not known here.
    #[error("unknown format version {version}")]
    UnknownVersion {
        /// The version found.
        version: u8,
    },
    /// The envelope's suite is not known here.
    #[error("unknown cryptographic suite {suite}")]
    UnknownSuite {
        /// The suite found.
        suite: u8,
    },
    /// A field holds something that is not allowed there.
    #[error("malformed value: {reason}")]
    Malformed {
        /// What was wrong.
        reason: String,
    },
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
