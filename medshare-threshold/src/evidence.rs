//! Showing others that a share was bad, from public values alone.
//!
//! A share (A, K, S) for R is good when log A = log K and S = x_i·Q + log K·R:
//!
//! ```text
//! e(c·A + S, g2) = e(c·g1 + R, K) · e(Q, Y_i)
//! ```
//!
//! with c hashed from the share, so that one equation says both. If it holds then σ = S − z·A is
//! x_i·Q; so whoever a reader found wrong by its z fails here too, and z stays with the reader.

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, decode_g2};
use medshare_curve::mul::mul_public;
use medshare_curve::pairing::{g1, g2, product_is_one};
use medshare_curve::{EncodingError, Scalar};
use medshare_types::hash::Xof;
use medshare_types::{GateKey, GateLabel, ReleaseShare, Ticket, VerifyingKey, Wire};

use crate::error::ShareFault;
use crate::gate::label_point;
use crate::open::{is_for, is_signed};

const CHALLENGE_TAG: &str = "medshare/threshold/share-evidence/v1";

/// Checks one share by public values; the signed share, the ticket, the label and the key together
/// are the evidence against its holder.
///
/// `key`, `label`, `ticket` and the holder's `signing_key` come from verified state. Cost: a
/// signature, six points to decode, a product of three pairings.
///
/// # Errors
/// [`ShareFault`]: [`ShareFault::is_evidence`] tells what the holder has put its signature to.
pub fn check_share(
    key: &GateKey,
    label: &GateLabel,
    ticket: &Ticket,
    signing_key: &VerifyingKey,
    share: &ReleaseShare,
) -> Result<(), ShareFault> {
    let holder = key.holders.iter().find(|h| h.organisation == share.holder);
    let holder = holder.ok_or(ShareFault::NotAHolder)?;
    if ticket.label != label.digest() || label.key != key.id || !is_for(key, ticket, share) {
        return Err(ShareFault::Unrelated);
    }
    if !is_signed(share, signing_key) {
        return Err(ShareFault::BadSignature);
    }
    let invalid = |source: EncodingError| ShareFault::InvalidPoint { source };
    let (a, k, s) = (
        decode_g1(&share.a).map_err(invalid)?,
        decode_g2(&share.k).map_err(invalid)?,
        decode_g1(&share.s).map_err(invalid)?,
    );
    let state = |source: EncodingError| ShareFault::InvalidState { source };
    let session = decode_g1(&ticket.session).map_err(state)?;
    let public_share = decode_g2(&holder.public_share).map_err(state)?;

    let c = Xof::new(
        CHALLENGE_TAG,
        &[&key.to_wire(), &ticket.session.0, &share.to_wire()],
    )
    .take();
    let c = Scalar::from(u128::from_le_bytes(c));
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
