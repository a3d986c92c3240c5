//! SHA3-256 and SHAKE256 with a domain tag and length-prefixed fields.
//!
//! Input to both is `u64le(len(tag)) ‖ tag ‖ Σ (u64le(len(field)) ‖ field)`: different sequences of
//! tag and fields give different inputs.

use core::fmt;
use core::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use sha3::Sha3_256;
use sha3::digest::{Digest as _, Update};
use shake::Shake256;
use shake::digest::{ExtendableOutput, XofReader};

use crate::wire::DecodeError;

/// 32 bytes of SHA3-256. `Display` and `FromStr` are lower-case hexadecimal.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The all-zero digest: the parent of the first block.
    pub const ZERO: Self = Self([0; 32]);

    /// Wraps bytes that already are a digest; hashes nothing.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..")
    }
}

impl FromStr for Digest {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(DecodeError::InvalidHex);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn hex_value(digit: u8) -> Result<u8, DecodeError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(DecodeError::InvalidHex),
    }
}

/// Hashes all fields at once: `SHA3-256(tag, fields)`.
#[must_use]
pub fn digest(tag: &str, fields: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::new(tag);
    for field in fields {
        hasher = hasher.field(field);
    }
    hasher.finish()
}

/// Incremental [`digest`]: SHA3-256 over a tag and then one field at a time.
#[derive(Clone)]
pub struct Hasher(Sha3_256);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}

impl Hasher {
    /// `tag` separates domains; by convention `medshare/<crate>/<purpose>/v1`.
    #[must_use]
    pub fn new(tag: &str) -> Self {
        Self(Sha3_256::new()).field(tag.as_bytes())
    }

    /// Adds one length-prefixed field.
    #[must_use]
    pub fn field(mut self, bytes: &[u8]) -> Self {
        Update::update(&mut self.0, &(bytes.len() as u64).to_le_bytes());
        Update::update(&mut self.0, bytes);
        self
    }

    /// Digest of the tag and all fields so far.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// SHAKE256 over a tag and length-prefixed fields, read as a stream.
pub struct Xof(shake::Shake256Reader);

impl fmt::Debug for Xof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Xof(..)")
    }
}

impl Xof {
    /// Absorbs `tag` and all `fields`, each prefixed with its length.
    #[must_use]
    pub fn new(tag: &str, fields: &[&[u8]]) -> Self {
        let mut shake = Shake256::default();
        for bytes in core::iter::once(&tag.as_bytes()).chain(fields) {
            shake.update(&(bytes.len() as u64).to_le_bytes());
            shake.update(bytes);
        }
        Self(shake.finalize_xof())
    }

    /// The next `N` bytes of output.
    #[must_use]
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// Fills `out` with the next bytes of output.
    pub fn fill(&mut self, out: &mut [u8]) {
        self.0.read(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(digest("t", &[b"ab", b"c"]), digest("t", &[b"a", b"bc"]));
        assert_ne!(digest("t", &[b""]), digest("t", &[]));
        assert_ne!(digest("ta", &[b"b"]), digest("t", &[b"ab"]));
    }

    #[test]
    fn hexadecimal_round_trips_and_is_strict() {
        let value = digest("t", &[b"x"]);
        assert_eq!(value.to_string().parse(), Ok(value));
        assert_eq!(
            value.to_string().to_uppercase().parse::<Digest>(),
            Err(DecodeError::InvalidHex)
        );
        assert_eq!("00".parse::<Digest>(), Err(DecodeError::InvalidHex));
    }

    #[test]
    fn a_stream_read_in_pieces_is_the_same_stream() {
        let whole: [u8; 64] = Xof::new("t", &[b"x"]).take();
        let mut xof = Xof::new("t", &[b"x"]);
        let a: [u8; 10] = xof.take();
        let b: [u8; 54] = xof.take();
        assert_eq!(whole[..10], a);
        assert_eq!(whole[10..], b);
    }
}
