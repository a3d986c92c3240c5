//! Evidence against a bad share, from public values alone.
//!
//! A share (A, K, S) for R is good when log A = log K and S = x_i·Q + log K·R:
//!
//! ```text
//! e(c·A + S, g2) = e(c·g1 + R, K) · e(Q, Y_i)
//! ```
//!
//! with c hashed from the share, so that one equation covers both. If it holds then σ = S − z·A is
//! x_i·Q; so a share that the reader found wrong by its z fails here too, and z stays secret.

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, decode_g2};
use medshare_curve::mul::mul_public;
use medshare_curve::pairing::{g1, g2, product_is_one};
use medshare_curve::{EncodingError, Scalar};
use medshare_types::hash::Xof;
use medshare_types::{GateKey, GateLabel, ReleaseShare, Ticket, VerifyingKey, Wire};

use crate::gate::label_point;
use crate::open::{is_for, is_signed};

const CHALLENGE_TAG: &str = "medshare/threshold/share-evidence/v1";

/// Checks one share by public values.
///
/// When it fails, the signed share, ticket, label and key together are evidence against the holder.
/// `key`, `label`, `ticket` and the holder's `signing_key` come from verified state. Cost: a
/// signature, six points to decode, a product of three pairings.
///
/// # Errors
/// [`ShareFault`]; [`ShareFault::is_evidence`] separates faults that the holder signed.
pub fn check_share(
    key: &GateKey,
    label: &GateLabel,
    ticket: &Ticket,
    signing_key: &VerifyingKey,
    share: &ReleaseShare,
) -> Result<(), ShareFault> {
    let holder = key
        .holders
        .iter()
        .find(|holder| holder.organisation == share.holder)
        .ok_or(ShareFault::NotAHolder)?;
    if ticket.label != label.digest() || label.key != key.id || !is_for(key, ticket, share) {
        return Err(ShareFault::Unrelated);
    }
    if !is_signed(share, signing_key) {
        return Err(ShareFault::BadSignature);
    }
    let invalid = |source: EncodingError| ShareFault::InvalidPoint { source };
    let a = decode_g1(&share.a).map_err(invalid)?;
    let k = decode_g2(&share.k).map_err(invalid)?;
    let s = decode_g1(&share.s).map_err(invalid)?;
    let state = |source: EncodingError| ShareFault::InvalidState { source };
    let session = decode_g1(&ticket.session).map_err(state)?;
    let public_share = decode_g2(&holder.public_share).map_err(state)?;

    let challenge = Xof::new(
        CHALLENGE_TAG,
        &[&key.to_wire(), &ticket.session.0, &share.to_wire()],
    )
    .take();
    let c = Scalar::from(u128::from_le_bytes(challenge));
    let left = (mul_public(&a, &c) + s).into_affine();
    let masked = (mul_public(&g1(), &c) + session).into_affine();
    let holds = product_is_one(&[
        (left, g2()),
        (-masked, k),
        (-label_point(label), public_share),
    ]);
    if holds {
        Ok(())
    } else {
        Err(ShareFault::Contradiction)
    }
}

/// A fault of a share that any party can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum ShareFault {
    #[error("the share does not name a holder of this key")]
    NotAHolder,
    /// Share, ticket, label and key do not belong together.
    #[error("the share is not for this ticket")]
    Unrelated,
    #[error("the share is not signed by its holder")]
    BadSignature,
    /// A, K or S is not a valid point of its group, or is the identity.
    #[error("a point of the share is invalid")]
    InvalidPoint { source: EncodingError },
    /// S is not x_i·Q blinded for the ticket's session key.
    #[error("the share contradicts the holder's public share")]
    Contradiction,
    /// The ticket or the key holds an invalid point; the share was not checked.
    #[error("a point of the ticket or of the key is invalid")]
    InvalidState { source: EncodingError },
}

impl ShareFault {
    /// True when the holder signed the fault, which makes the share evidence against it.
    #[must_use]
    pub const fn is_evidence(self) -> bool {
        matches!(self, Self::InvalidPoint { .. } | Self::Contradiction)
    }
}
