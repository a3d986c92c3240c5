//! The access header: who, when, and the wrapped data key.
//!
//! It is made in steps, because each needs the one before:
//!
//! 1. `ctx`: the digest of a [`RecordContext`](medshare_types::RecordContext), which names H(P).
//! 2. [`encapsulate_dated`](crate::encapsulate_dated) under ctx and its sealing date gives the
//!    attribute-based header and K_abe.
//! 3. The gate label holds the context and H(abe); the gate makes its factor of the label.
//! 4. [`AccessHeader::seal`] wraps the data key under all factors of the label.
//!
//! Opening goes the other way, each step possible on its own:
//! [`AccessHeader::verify`] against the chain's label, [`VerifiedAccess::decapsulate`] with the
//! user's key (enough for the descriptor), and, with the gate's factor, [`VerifiedAccess::open`].
//! Without a chain and labels it is a [`WrappedKey`](crate::WrappedKey).
//!
//! # Re-encapsulation
//!
//! A payload may have any number of access headers: for another policy, another class of access, or
//! another gate key. Whoever can open one makes the next:
//!
//! 1. the data key from a header that is verified, by [`VerifiedAccess::decapsulate_strict`] and
//!    [`VerifiedAccess::open`];
//! 2. then the four steps above for the same preamble and the new context, policy and label.
//!
//! Strictly, because who re-encapsulates answers for a header that others rely on: the old one is
//! then known to be what an honest sealer makes, and was not let through by one lucky key. The
//! payload stays as it is. Headers of one payload share the data key and nothing else: K_abe and
//! K_gate are new in each, and so is KEK.
//!
//! It adds readers and takes none away. Who has opened the payload holds the data key, and an old
//! header opens as before where the gate still releases its factor. To shut somebody out of what he
//! has not read yet takes a new payload, with a new data key and payload id.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_payload::{DataKey, Preamble};
use medshare_policy::Date;
use medshare_types::{Digest, GateLabel, Wire, canonical_bytes, hash};

use crate::scheme::decapsulate::DecapsulateError;
use crate::scheme::decapsulate::{decapsulate, decapsulate_strict};
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::secret::SharedSecret;
use crate::wrapping::error::AccessError;

pub use crate::wrapping::factors::{FactorId, KeyFactors};

/// X = (abe, L, W).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessHeader {
    abe: Header,
    label: GateLabel,
    wrapped: [u8; 32],
}

impl Wire for AccessHeader {
    const KIND: [u8; 4] = *b"mACC";
    const MAX_LEN: usize = 1 << 19;
}

canonical_bytes!(AccessHeader, ", as [`Header::from_bytes`]");

impl AccessHeader {
    /// Wraps the data key under exactly the factors that the label names.
    ///
    /// # Errors
    /// [`AccessError::HeaderMismatch`] when the label names another header than `abe`,
    /// [`AccessError::DateMismatch`] when `abe` was not sealed on the label's day,
    /// [`AccessError::FactorMismatch`] when it names other factors.
    pub fn seal(
        abe: Header,
        label: GateLabel,
        factors: &KeyFactors<'_>,
        data_key: &DataKey,
    ) -> Result<Self, AccessError> {
        if label.abe != abe.digest() {
            return Err(AccessError::HeaderMismatch);
        }
        check_date(&abe, &label)?;
        check_factors(&label, factors)?;
        let wrapped = factors.wrap(&label.digest(), data_key);
        Ok(Self {
            abe,
            label,
            wrapped,
        })
    }

    /// H(X), which stands on the chain.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/access-header/v1", &[&self.to_wire()])
    }

    /// The attribute-based header.
    #[must_use]
    pub const fn abe(&self) -> &Header {
        &self.abe
    }

    /// The label as the header carries it; only the chain's own is to be believed.
    #[must_use]
    pub const fn label(&self) -> &GateLabel {
        &self.label
    }

    /// Checks the header against H(X) and the label as the chain has them, and the preamble
    /// against the label.
    ///
    /// # Errors
    /// [`AccessError::DigestMismatch`], [`AccessError::LabelMismatch`],
    /// [`AccessError::HeaderMismatch`], [`AccessError::DateMismatch`] or
    /// [`AccessError::PreambleMismatch`].
    pub fn verify<'x>(
        &'x self,
        digest: &Digest,
        label: &GateLabel,
        preamble: &'x Preamble,
    ) -> Result<VerifiedAccess<'x>, AccessError> {
        if self.digest() != *digest {
            return Err(AccessError::DigestMismatch);
        }
        if self.label != *label {
            return Err(AccessError::LabelMismatch);
        }
        if label.abe != self.abe.digest() {
            return Err(AccessError::HeaderMismatch);
        }
        check_date(&self.abe, label)?;
        if label.context.preamble != preamble.digest() {
            return Err(AccessError::PreambleMismatch);
        }
        Ok(VerifiedAccess {
            header: self,
            preamble,
        })
    }
}

/// An access header that is the one the chain's label is about.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedAccess<'x> {
    header: &'x AccessHeader,
    preamble: &'x Preamble,
}

impl VerifiedAccess<'_> {
    /// K_abe, by the user's attributes; enough for the record's descriptor.
    ///
    /// # Errors
    /// As [`decapsulate`].
    pub fn decapsulate(
        &self,
        parameters: &PublicParameters,
        key: &UserSecretKey,
    ) -> Result<SharedSecret, DecapsulateError> {
        let context = self.header.label.context.digest();
        decapsulate(parameters, &self.header.abe, key, context.as_ref())
    }

    /// K_abe of a header of which every part is as an honest sealer makes it.
    ///
    /// # Errors
    /// As [`decapsulate_strict`].
    pub fn decapsulate_strict(
        &self,
        parameters: &PublicParameters,
        key: &UserSecretKey,
    ) -> Result<SharedSecret, DecapsulateError> {
        let context = self.header.label.context.digest();
        decapsulate_strict(parameters, &self.header.abe, key, context.as_ref())
    }

    /// The data key, checked against the preamble's commitment in constant time.
    ///
    /// # Errors
    /// [`AccessError::FactorMismatch`], or [`AccessError::WrongKey`] whatever else is wrong.
    pub fn open(&self, factors: &KeyFactors<'_>) -> Result<DataKey, AccessError> {
        check_factors(&self.header.label, factors)?;
        let data_key = factors.unwrap(&self.header.label.digest(), &self.header.wrapped);
        if self.preamble.is_opened_by(&data_key) {
            Ok(data_key)
        } else {
            Err(AccessError::WrongKey)
        }
    }
}

/// The header's sealing date is the label's, which the chain has compared with its clock: or a key
/// that lapsed could be let in by an older date, or every key by none.
fn check_date(abe: &Header, label: &GateLabel) -> Result<(), AccessError> {
    let sealed_on = Date::from(label.context.sealed_on);
    if abe.sealed_on() == Some(sealed_on) {
        Ok(())
    } else {
        Err(AccessError::DateMismatch)
    }
}

fn check_factors(label: &GateLabel, factors: &KeyFactors<'_>) -> Result<(), AccessError> {
    let (needed, given) = (label.context.factors, factors.set());
    if needed == given {
        Ok(())
    } else {
        Err(AccessError::FactorMismatch { needed, given })
    }
}
