//! Data keys wrapped for a policy, without a chain and without labels.
//!
//! A payload has one data key and any number of [`WrappedKey`]s, each for its own policy. Adding one
//! does not change the payload.
//!
//! ```
//! use medshare_abe::payload::{self, PayloadReader, PayloadWriter};
//! use medshare_abe::{AccessPolicy, Binding, FactorId, MasterSecretKey, Validity, WrappedKey};
//! use std::io::{Cursor, Read, Write};
//!
//! let mut rng = rand::rng();
//! let (parameters, authority) = MasterSecretKey::setup(&mut rng);
//! let (always, rng) = (Validity::ALWAYS, &mut rng);
//! let cardiologist =
//!     authority.issue(&parameters, &"role:cardiologist".parse()?, always, rng)?;
//! let auditor = authority.issue(&parameters, &"role:auditor".parse()?, always, rng)?;
//!
//! // Seal.
//! let (data_key, preamble, sealer) = payload::create(rng);
//! let mut writer = PayloadWriter::new(Vec::new(), sealer);
//! writer.write_all(b"an electrocardiogram")?;
//! let (object, tree) = writer.finish()?;
//! let policy: AccessPolicy = "role:cardiologist".parse()?;
//! let binding = Binding::new(&preamble, b"study 7, patient 12");
//! let wrapped = WrappedKey::seal(&parameters, &policy, &binding, &data_key, rng)?;
//!
//! // Add auditors: any reader of the payload can.
//! let policy: AccessPolicy = "role:auditor".parse()?;
//! let second =
//!     wrapped.reencapsulate(&parameters, &cardiologist, &binding, &policy, rng)?;
//!
//! // Open.
//! let second = WrappedKey::from_bytes(&second.to_bytes())?;
//! let data_key = second.open(&parameters, &auditor, &binding)?;
//! let mut reader = PayloadReader::new(Cursor::new(object), &data_key, &preamble, tree)?;
//! let mut read = String::new();
//! reader.read_to_string(&mut read)?;
//! assert_eq!(read, "an electrocardiogram");
//!
//! // Require a second factor beside attributes, such as 32 bytes from a token.
//! let token = [0x51; 32];
//! let both = binding.with_factor(FactorId::OWN[0], &token);
//! let third = WrappedKey::seal(&parameters, &policy, &both, &data_key, rng)?;
//! assert!(third.open(&parameters, &auditor, &both).is_ok());
//! assert!(third.open(&parameters, &auditor, &binding).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Security
//!
//! - A reader that opened a payload holds its data key. Re-encapsulation adds readers and removes
//!   none: neither readers that have opened the payload, nor holders of older wrapped keys. Removal
//!   takes a new data key and so a new payload.
//! - A wrapped key does not authenticate its maker: every holder of the data key can make one, for
//!   any policy. Where that matters, sign [`WrappedKey::digest`] or keep it in immutable storage.
//! - A wrapped key opens only under the context, the preamble and the factors that it was sealed
//!   with. The context is public, of any length, and not part of the wrapped key.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_payload::{DataKey, Preamble};
use medshare_policy::{AccessPolicy, Date};
use medshare_types::{Digest, FactorSet, RandomSource, Wire, canonical_bytes, hash};

use crate::scheme::decapsulate::DecapsulateError;
use crate::scheme::decapsulate::{decapsulate, decapsulate_strict};
use crate::scheme::encapsulate::{encapsulate, encapsulate_dated};
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::secret::SharedSecret;
use crate::wrapping::error::AccessError;
use crate::wrapping::factors::{FactorId, FurtherFactors, KeyFactors};

/// The payload, context and further factors that a wrapped key is bound to.
#[derive(Clone, Copy)]
pub struct Binding<'a> {
    preamble: &'a Preamble,
    context: &'a [u8],
    factors: FurtherFactors<'a>,
}

impl<'a> Binding<'a> {
    /// Binds to a payload and to a context of the caller's, such as the name of the record.
    #[must_use]
    pub fn new(preamble: &'a Preamble, context: &'a [u8]) -> Self {
        Self {
            preamble,
            context,
            factors: FurtherFactors::default(),
        }
    }

    /// Requires a further factor for opening, replacing an earlier one with this id. The order of
    /// calls does not matter.
    ///
    /// The factor is 32 unguessable bytes: hash a passphrase with a password hash first.
    #[must_use]
    pub const fn with_factor(mut self, id: FactorId, factor: &'a [u8; 32]) -> Self {
        self.factors = self.factors.with(id, factor);
        self
    }

    /// The bitmap of all factors, K_abe among them.
    #[must_use]
    pub fn factors(&self) -> FactorSet {
        self.factors.set()
    }

    /// ctx, the associated data of encapsulation: a hash of the context, the bitmap and H(P).
    pub(crate) fn context_digest(&self) -> Digest {
        let bitmap = [self.factors().0];
        let preamble = self.preamble.digest();
        let fields = [self.context, bitmap.as_slice(), preamble.as_ref()];
        hash::digest("medshare/abe/wrapped-key-context/v1", &fields)
    }

    /// The binding of the key-encryption key, as H(L) is for access headers: a hash of ctx and H(abe).
    pub(crate) fn digest_with(&self, abe: &Header) -> Digest {
        let context = self.context_digest();
        let abe = abe.digest();
        let fields = [context.as_ref(), abe.as_ref()];
        hash::digest("medshare/abe/wrapped-key-binding/v1", &fields)
    }
}

impl fmt::Debug for Binding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("preamble", &self.preamble.digest())
            .field("context", &self.context)
            .field("factors", &self.factors())
            .finish_non_exhaustive()
    }
}

/// A data key wrapped for a policy: the attribute-based header, the bitmap of the factors, and W.
///
/// Size: 33 bytes more than the header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct WrappedKey {
    abe: Header,
    factors: FactorSet,
    wrapped: [u8; 32],
}

impl Wire for WrappedKey {
    const KIND: [u8; 4] = *b"mWRP";
    const MAX_LEN: usize = 1 << 19;
}

impl WrappedKey {
    /// Wraps the data key of the binding's payload. Keys of every
    /// [`Validity`](crate::Validity) open it.
    ///
    /// Cost: [`encapsulate`].
    ///
    /// # Errors
    /// [`AccessError::WrongKey`] when it is the data key of another payload.
    pub fn seal(
        parameters: &PublicParameters,
        policy: &AccessPolicy,
        binding: &Binding<'_>,
        data_key: &DataKey,
        rng: &mut impl RandomSource,
    ) -> Result<Self, AccessError> {
        Self::seal_by(binding, data_key, |context| {
            encapsulate(parameters, policy, context, rng)
        })
    }

    /// As [`Self::seal`], but only keys whose [`Validity`](crate::Validity) contains the day
    /// `sealed_on` open it.
    ///
    /// The day is the sealer's claim: readers compare [`Header::sealed_on`] with a day they trust.
    /// Cost: [`encapsulate_dated`].
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_dated(
        parameters: &PublicParameters,
        policy: &AccessPolicy,
        sealed_on: Date,
        binding: &Binding<'_>,
        data_key: &DataKey,
        rng: &mut impl RandomSource,
    ) -> Result<Self, AccessError> {
        Self::seal_by(binding, data_key, |context| {
            encapsulate_dated(parameters, policy, sealed_on, context, rng)
        })
    }

    fn seal_by(
        binding: &Binding<'_>,
        data_key: &DataKey,
        encapsulate: impl FnOnce(&[u8]) -> (Header, SharedSecret),
    ) -> Result<Self, AccessError> {
        if !binding.preamble.is_opened_by(data_key) {
            return Err(AccessError::WrongKey);
        }
        let (abe, secret) = encapsulate(binding.context_digest().as_ref());
        let factors = KeyFactors::of(&secret, binding.factors);
        let wrapped = factors.wrap(&binding.digest_with(&abe), data_key);
        Ok(Self {
            abe,
            factors: binding.factors(),
            wrapped,
        })
    }

    /// Unwraps the data key, and checks it against the preamble's commitment in constant time.
    ///
    /// Cost: [`decapsulate`].
    ///
    /// # Errors
    /// [`AccessError::FactorMismatch`] when the binding has other factors than the wrapped key;
    /// [`AccessError::Decapsulate`] for the errors of [`decapsulate`], such as an unsatisfied policy;
    /// [`AccessError::WrongKey`] for every other fault.
    pub fn open(
        &self,
        parameters: &PublicParameters,
        key: &UserSecretKey,
        binding: &Binding<'_>,
    ) -> Result<DataKey, AccessError> {
        self.open_by(binding, |context| {
            decapsulate(parameters, &self.abe, key, context)
        })
    }

    /// As [`Self::open`], but the whole header must be as an honest sealer makes it. Then every key
    /// that satisfies the policy opens it.
    ///
    /// Cost: [`decapsulate_strict`].
    ///
    /// # Errors
    /// As [`Self::open`], and [`AccessError::Decapsulate`] for a dishonestly made header.
    pub fn open_strict(
        &self,
        parameters: &PublicParameters,
        key: &UserSecretKey,
        binding: &Binding<'_>,
    ) -> Result<DataKey, AccessError> {
        self.open_by(binding, |context| {
            decapsulate_strict(parameters, &self.abe, key, context)
        })
    }

    fn open_by(
        &self,
        binding: &Binding<'_>,
        decapsulate: impl FnOnce(&[u8]) -> Result<SharedSecret, DecapsulateError>,
    ) -> Result<DataKey, AccessError> {
        let needed = self.factors;
        let given = binding.factors();
        if needed != given {
            return Err(AccessError::FactorMismatch { needed, given });
        }
        let secret = decapsulate(binding.context_digest().as_ref())?;
        let factors = KeyFactors::of(&secret, binding.factors);
        let data_key = factors.unwrap(&binding.digest_with(&self.abe), &self.wrapped);
        if binding.preamble.is_opened_by(&data_key) {
            Ok(data_key)
        } else {
            Err(AccessError::WrongKey)
        }
    }

    /// Wraps the same data key for another policy, with the same binding and sealing date:
    /// [`Self::open_strict`], then [`Self::seal_dated`] or [`Self::seal`]. For another binding or
    /// date, call these.
    ///
    /// Readers of this wrapped key keep their access.
    ///
    /// # Errors
    /// As [`Self::open_strict`].
    pub fn reencapsulate(
        &self,
        parameters: &PublicParameters,
        key: &UserSecretKey,
        binding: &Binding<'_>,
        policy: &AccessPolicy,
        rng: &mut impl RandomSource,
    ) -> Result<Self, AccessError> {
        let data_key = self.open_strict(parameters, key, binding)?;
        match self.abe.sealed_on() {
            Some(day) => Self::seal_dated(parameters, policy, day, binding, &data_key, rng),
            None => Self::seal(parameters, policy, binding, &data_key, rng),
        }
    }

    /// The attribute-based header, with the policy that readers must satisfy.
    #[must_use]
    pub const fn abe(&self) -> &Header {
        &self.abe
    }

    /// The bitmap of the factors that opening needs.
    #[must_use]
    pub const fn factors(&self) -> FactorSet {
        self.factors
    }

    /// H(wrapped key), to be signed or kept in immutable storage.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/wrapped-key/v1", &[&self.to_wire()])
    }
}

canonical_bytes!(
    WrappedKey,
    ", as [`Header::from_bytes`], and for a bitmap without K_abe"
);

impl BorshDeserialize for WrappedKey {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (abe, factors, wrapped): (_, FactorSet, _) =
            BorshDeserialize::deserialize_reader(reader)?;
        if factors.0 & FactorSet::ABE == 0 {
            let kind = borsh::io::ErrorKind::InvalidData;
            return Err(borsh::io::Error::new(
                kind,
                "the factors do not include the attributes",
            ));
        }
        Ok(Self {
            abe,
            factors,
            wrapped,
        })
    }
}
