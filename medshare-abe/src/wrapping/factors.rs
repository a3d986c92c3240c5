//! The key-encryption key: its factors, and how it wraps a data key.
//!
//! ```text
//! KEK = KDF(tag/kek ‖ binding ‖ per factor in bitmap order: id ‖ length ‖ factor)
//! W   = DEK ⊕ KDF(tag/wrap ‖ KEK)
//! ```
//!
//! One derivation for both forms: for an [`AccessHeader`](crate::AccessHeader) the binding is H(L),
//! for a [`WrappedKey`](crate::WrappedKey) a digest of its own kind. KEK is used once, because
//! K_abe is new for every header.

use core::fmt;

use medshare_payload::DataKey;
use medshare_types::hash::Xof;
use medshare_types::{Digest, FactorSet};
use zeroize::Zeroizing;

use crate::secret::SharedSecret;

/// A factor beside K_abe: a bit of the bitmap, which orders the factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactorId(u8);

impl FactorId {
    /// K_gate, the factor of the time gate.
    pub const GATE: Self = Self(FactorSet::GATE);
    /// Factors whose meaning the caller defines.
    pub const OWN: [Self; 6] = [
        Self(1 << 2),
        Self(1 << 3),
        Self(1 << 4),
        Self(1 << 5),
        Self(1 << 6),
        Self(1 << 7),
    ];

    /// Mask of this factor in a [`FactorSet`].
    #[must_use]
    pub const fn bit(self) -> u8 {
        self.0
    }
}

/// Factors beside K_abe, indexed by the number of their bit.
#[derive(Clone, Copy, Default)]
pub(crate) struct FurtherFactors<'a>([Option<&'a [u8; 32]>; 8]);

impl<'a> FurtherFactors<'a> {
    pub(crate) const fn with(mut self, id: FactorId, factor: &'a [u8; 32]) -> Self {
        self.0[id.0.trailing_zeros() as usize] = Some(factor);
        self
    }

    /// The bitmap of these factors and K_abe.
    pub(crate) fn set(&self) -> FactorSet {
        let bits = self
            .iter()
            .fold(FactorSet::ABE, |bits, (bit, _)| bits | bit);
        FactorSet(bits)
    }

    fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8; 32])> {
        let numbered = (0..).zip(self.0);
        numbered.filter_map(|(number, factor)| Some((1 << number, factor?)))
    }
}

/// The factors of a key-encryption key.
#[derive(Clone, Copy)]
pub struct KeyFactors<'a> {
    abe: &'a SharedSecret,
    further: FurtherFactors<'a>,
}

impl<'a> KeyFactors<'a> {
    /// Starts with K_abe as the only factor.
    #[must_use]
    pub fn new(abe: &'a SharedSecret) -> Self {
        Self::of(abe, FurtherFactors::default())
    }

    pub(crate) const fn of(abe: &'a SharedSecret, further: FurtherFactors<'a>) -> Self {
        Self { abe, further }
    }

    /// Adds K_gate, the factor of the time gate.
    #[must_use]
    pub const fn with_gate(self, gate: &'a [u8; 32]) -> Self {
        self.with_factor(FactorId::GATE, gate)
    }

    /// Adds a factor, replacing an earlier one with this id. The order of calls does not matter.
    ///
    /// The factor is 32 unguessable bytes: hash a passphrase with a password hash first.
    #[must_use]
    pub const fn with_factor(mut self, id: FactorId, factor: &'a [u8; 32]) -> Self {
        self.further = self.further.with(id, factor);
        self
    }

    /// The bitmap of the factors added so far.
    #[must_use]
    pub fn set(&self) -> FactorSet {
        self.further.set()
    }

    /// Wraps a data key: W = DEK ⊕ KDF(tag ‖ KEK).
    ///
    /// `binding` is H(L) or another digest that names the attribute-based header and its use, such as
    /// those of [`AccessHeader::seal`](crate::AccessHeader::seal) and
    /// [`WrappedKey::seal`](crate::WrappedKey::seal).
    #[must_use]
    pub fn wrap(&self, binding: &Digest, data_key: &DataKey) -> [u8; 32] {
        *self.exclusive_or(binding, data_key.as_bytes())
    }

    /// Unwraps a data key: DEK = W ⊕ KDF(tag ‖ KEK). Wrong factors give a wrong key, which
    /// [`Preamble::is_opened_by`](crate::payload::Preamble::is_opened_by) detects.
    #[must_use]
    pub fn unwrap(&self, binding: &Digest, wrapped: &[u8; 32]) -> DataKey {
        DataKey::from_bytes(self.exclusive_or(binding, wrapped))
    }

    fn exclusive_or(&self, binding: &Digest, bytes: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        // id ‖ length ‖ factor, in the order of the bitmap.
        let mut factors = Zeroizing::new(Vec::with_capacity(8 * (1 + 8 + 32)));
        let abe = core::iter::once((FactorSet::ABE, self.abe.as_bytes()));
        for (id, factor) in abe.chain(self.further.iter()) {
            factors.push(id);
            factors.extend_from_slice(&(factor.len() as u64).to_le_bytes());
            factors.extend_from_slice(factor);
        }
        let mut stream = Xof::new("medshare/abe/kek/v1", &[binding.as_ref(), &factors]);
        let kek = Zeroizing::new(stream.take::<32>());
        let mut pad = Xof::new("medshare/abe/wrap/v1", &[kek.as_slice()]);
        let mut out = Zeroizing::new(pad.take::<32>());
        out.iter_mut()
            .zip(bytes)
            .for_each(|(out, byte)| *out ^= byte);
        out
    }
}

impl fmt::Debug for KeyFactors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFactors({:#04x}; secret)", self.set().0)
    }
}
