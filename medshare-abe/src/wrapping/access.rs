//! The access header: attribute-based header, gate label and wrapped data key.
//!
//! Sealing takes four steps, each of which needs the one before:
//!
//! 1. `ctx`: the digest of a [`RecordContext`](medshare_types::RecordContext), which names H(P).
//! 2. [`encapsulate_dated`](crate::encapsulate_dated) under ctx and its sealing date gives the
//!    attribute-based header and K_abe.
//! 3. The gate label holds the context and H(abe); the gate derives its factor from the label.
//! 4. [`AccessHeader::seal`] wraps the data key under all factors of the label.
//!
//! Opening goes the other way, and may stop after each step:
//! [`AccessHeader::verify`] against the chain's label, [`VerifiedAccess::decapsulate`] with the
//! user's key (enough for the descriptor), and, with the gate's factor, [`VerifiedAccess::open`].
//! Without a chain and labels, use a [`WrappedKey`](crate::WrappedKey).
//!
//! # Re-encapsulation
//!
//! A payload may have any number of access headers: for another policy, another class of access, or
//! another gate key. A reader that can open one makes the next:
//!
//! 1. the data key from a verified header, by [`VerifiedAccess::decapsulate_strict`] and
//!    [`VerifiedAccess::open`];
//! 2. then the four steps above for the same preamble and the new context, policy and label.
//!
//! The old header is opened strictly, because other readers will rely on the new one: a header that
//! opens strictly opens for every key that satisfies its policy. The payload does not change.
//! Headers of one payload share only the data key: K_abe, K_gate and KEK are new in each.
//!
//! Re-encapsulation adds readers and removes none. A reader that has opened the payload holds the
//! data key, and an old header opens as before while the gate releases its factor. Shutting a reader
//! out takes a new payload, with a new data key and payload id.

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

/// X = (abe, L, W): the header, its gate label and the wrapped data key.
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
    /// [`AccessError::FactorMismatch`] when the label names other factors.
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

    /// H(X), which the chain registers.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/access-header/v1", &[&self.to_wire()])
    }

    /// The attribute-based header, with the policy.
    #[must_use]
    pub const fn abe(&self) -> &Header {
        &self.abe
    }

    /// The label as the header carries it. Trust only the label on the chain.
    #[must_use]
    pub const fn label(&self) -> &GateLabel {
        &self.label
    }

    /// Checks the header against H(X) and the label on the chain, and the preamble against the label.
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

/// An access header that matches the chain's digest and label.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedAccess<'x> {
    header: &'x AccessHeader,
    preamble: &'x Preamble,
}

impl VerifiedAccess<'_> {
    /// Recovers K_abe with the user's key; enough for the record's descriptor.
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

    /// Recovers K_abe if the whole header is as an honest sealer makes it.
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

    /// Unwraps the data key, and checks it against the preamble's commitment in constant time.
    ///
    /// # Errors
    /// [`AccessError::FactorMismatch`], or [`AccessError::WrongKey`] for every other fault.
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

/// Checks that the header carries the label's sealing date, which the chain has compared with its
/// clock: an older date would admit lapsed keys, a missing one every key.
fn check_date(abe: &Header, label: &GateLabel) -> Result<(), AccessError> {
    let sealed_on = Date::from(label.context.sealed_on);
    if abe.sealed_on() == Some(sealed_on) {
        Ok(())
    } else {
        Err(AccessError::DateMismatch)
    }
}

fn check_factors(label: &GateLabel, factors: &KeyFactors<'_>) -> Result<(), AccessError> {
    let needed = label.context.factors;
    let given = factors.set();
    if needed == given {
        Ok(())
    } else {
        Err(AccessError::FactorMismatch { needed, given })
    }
}
