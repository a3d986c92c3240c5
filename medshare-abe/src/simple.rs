//! Two functions that seal bytes for a policy and open them again.

use std::io::Write as _;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_payload::{
    self as payload, PayloadError, PayloadLayout, PayloadWriter, Preamble, SegmentOpener,
};
use medshare_policy::AccessPolicy;
use medshare_types::{RandomSource, Wire};
use zeroize::Zeroizing;

use crate::scheme::key::UserSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::wrapping::error::AccessError;
use crate::wrapping::wrapped::{Binding, WrappedKey};

/// Bytes of content that [`seal`] takes at the most: 1 GiB, all of it in memory.
pub const MAX_SEAL_LEN: usize = 1 << 30;

/// Separates these bytes from wrapped keys that callers bind to a context of their own.
const CONTEXT: &[u8] = b"medshare/abe/sealed-bytes/v1";

#[derive(BorshSerialize, BorshDeserialize)]
struct SealedBytes {
    key: WrappedKey,
    preamble: Preamble,
    object: Vec<u8>,
}

impl Wire for SealedBytes {
    const KIND: [u8; 4] = *b"mSBY";
    // The largest object, the wrapped key and the preamble.
    const MAX_LEN: usize = MAX_SEAL_LEN
        + (MAX_SEAL_LEN / payload::SEGMENT_LEN + 1) * payload::TAG_LEN
        + WrappedKey::MAX_LEN
        + Preamble::MAX_LEN
        + 16;
}

/// Seals bytes so that keys satisfying `policy` open them: one payload with a fresh data key, and
/// the data key wrapped for the policy.
///
/// ```
/// use medshare_abe::{MasterSecretKey, Validity};
///
/// let mut rng = rand::rng();
/// let (parameters, authority) = MasterSecretKey::setup(&mut rng);
/// let nurse = authority.issue(&parameters, &"role:nurse".parse()?, Validity::ALWAYS, &mut rng)?;
///
/// let policy = "role:nurse or role:physician".parse()?;
/// let sealed = medshare_abe::seal(&parameters, &policy, b"a discharge letter", &mut rng)?;
/// let opened = medshare_abe::open(&parameters, &nurse, &sealed)?;
/// assert_eq!(opened.as_slice(), b"a discharge letter");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When to graduate
///
/// This function holds everything in memory and decides the rest for you. Use [`WrappedKey`] with a
/// [`payload`](crate::payload) when you
/// - stream content, or read ranges of an object in a store;
/// - store content and access apart, or add readers later
///   ([`WrappedKey::reencapsulate`]);
/// - limit readers to keys of a sealing date ([`WrappedKey::seal_dated`]), bind content to a
///   context, or require further factors ([`Binding`]);
/// - hide the length of the content ([`Padding`](crate::payload::Padding));
/// - must detect changes by other readers: keep the content root where they cannot change it.
///
/// # Errors
/// [`AccessError::Payload`] for more than [`MAX_SEAL_LEN`] bytes.
///
/// # Security
/// Everyone that can open the bytes can also make others that open under the same policy: the bytes
/// do not authenticate their sealer. The policy and the length of the content are readable.
#[expect(
    clippy::expect_used,
    reason = "MAX_SEAL_LEN is below the longest payload, memory takes every write, and the data \
              key is the preamble's own"
)]
pub fn seal(
    parameters: &PublicParameters,
    policy: &AccessPolicy,
    bytes: &[u8],
    rng: &mut impl RandomSource,
) -> Result<Vec<u8>, AccessError> {
    check_len(bytes.len())?;
    let (data_key, preamble, sealer) = payload::create(rng);
    let mut writer = PayloadWriter::new(Vec::with_capacity(bytes.len()), sealer);
    writer.write_all(bytes).expect("memory takes every write");
    let (object, _) = writer.finish().expect("memory takes every write");
    let binding = Binding::new(&preamble, CONTEXT);
    let key = WrappedKey::seal(parameters, policy, &binding, &data_key, rng)
        .expect("the data key is the preamble's own");
    let sealed = SealedBytes {
        key,
        preamble,
        object,
    };
    Ok(sealed.to_wire())
}

const fn check_len(length: usize) -> Result<(), PayloadError> {
    if length > MAX_SEAL_LEN {
        return Err(PayloadError::InvalidLength {
            length: length as u64,
        });
    }
    Ok(())
}

/// Opens bytes of [`seal`] with a key whose attributes satisfy their policy.
///
/// # Errors
/// [`AccessError::Decode`] for other bytes; [`AccessError::Decapsulate`], above all for an
/// unsatisfied policy; [`AccessError::WrongKey`] or [`AccessError::Payload`] for changed bytes.
pub fn open(
    parameters: &PublicParameters,
    key: &UserSecretKey,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, AccessError> {
    let sealed = SealedBytes::from_wire(sealed)?;
    let binding = Binding::new(&sealed.preamble, CONTEXT);
    let data_key = sealed.key.open(parameters, key, &binding)?;
    let layout = PayloadLayout::of_sealed(sealed.object.len() as u64)?;
    let segment = |index: u32| {
        let start = index as usize * payload::SEALED_SEGMENT_LEN;
        let end = sealed.object.len().min(start + payload::SEALED_SEGMENT_LEN);
        Zeroizing::new(sealed.object[start..end].to_vec())
    };
    let last = segment(layout.last());
    let opener =
        SegmentOpener::without_root(&data_key, &sealed.preamble, layout.sealed_len(), &last)?;
    let mut content = Zeroizing::new(Vec::with_capacity(sealed.object.len()));
    for index in 0..layout.segment_count() {
        let mut buffer = segment(index);
        content.extend_from_slice(opener.open_in_place(index, &mut buffer)?);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_content_is_refused_before_anything_is_sealed() {
        assert_eq!(check_len(MAX_SEAL_LEN), Ok(()));
        let length = MAX_SEAL_LEN as u64 + 1;
        assert_eq!(
            check_len(MAX_SEAL_LEN + 1),
            Err(PayloadError::InvalidLength { length })
        );
    }
}
