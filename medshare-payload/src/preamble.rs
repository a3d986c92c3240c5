//! The preamble, which identifies a payload and commits to its key.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::hash::Xof;
use medshare_types::{Digest, Wire, canonical_bytes, hash};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::PayloadError;
use crate::layout::SEGMENT_LEN;
use crate::padding::Padding;
use crate::secret::DataKey;

/// The public parameters of a payload: P = (P0, com), 75 bytes.
///
/// P0 is the envelope, the payload's id, the segment size and the padding; com commits to the data
/// key. The digest H(P) is in the associated data of every segment.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Preamble {
    payload: [u8; 32],
    segment_len: u32,
    padding: Padding,
    commitment: [u8; 32],
}

/// Length of a segment's associated data in bytes.
pub(crate) const ASSOCIATED_LEN: usize = 64;

/// k_pay, which encrypts the segments.
pub(crate) type PayloadKey = Zeroizing<[u8; 32]>;

impl Wire for Preamble {
    const KIND: [u8; 4] = *b"mPRE";
    const MAX_LEN: usize = 128;
}

impl Preamble {
    pub(crate) fn create(
        data_key: &DataKey,
        payload: [u8; 32],
        padding: Padding,
    ) -> (Self, PayloadKey) {
        let mut preamble = Self {
            payload,
            segment_len: SEGMENT_LEN as u32,
            padding,
            commitment: [0; 32],
        };
        let (key, commitment) = preamble.derive(data_key);
        preamble.commitment = *commitment;
        (preamble, key)
    }

    /// H(P), which stands for the payload in labels and headers.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/preamble/v1", &[&self.to_wire()])
    }

    /// Payload id ‖ H(P), which binds every segment to the preamble.
    pub(crate) fn associated_data(&self) -> [u8; ASSOCIATED_LEN] {
        let mut out = [0; ASSOCIATED_LEN];
        out[..32].copy_from_slice(&self.payload);
        out[32..].copy_from_slice(self.digest().as_bytes());
        out
    }

    /// The 32 random bytes that distinguish this payload from every other.
    #[must_use]
    pub const fn payload_id(&self) -> &[u8; 32] {
        &self.payload
    }

    /// The padding that the sealer must apply.
    #[must_use]
    pub const fn padding(&self) -> Padding {
        self.padding
    }

    /// Whether the data key is the one committed to. Takes constant time.
    #[must_use]
    pub fn is_opened_by(&self, data_key: &DataKey) -> bool {
        self.payload_key(data_key).is_ok()
    }

    /// k_pay, if the data key is the one committed to; takes constant time.
    pub(crate) fn payload_key(&self, data_key: &DataKey) -> Result<PayloadKey, PayloadError> {
        let (key, commitment) = self.derive(data_key);
        if bool::from(commitment.ct_eq(&self.commitment)) {
            Ok(key)
        } else {
            Err(PayloadError::WrongKey)
        }
    }

    /// (k_pay ‖ com) = KDF(tag ‖ DEK ‖ H(P0)).
    fn derive(&self, data_key: &DataKey) -> (PayloadKey, Zeroizing<[u8; 32]>) {
        let bytes = self.to_wire();
        let p0 = &bytes[..bytes.len() - self.commitment.len()];
        let start = hash::digest("medshare/abe/preamble-start/v1", &[p0]);
        let fields = [data_key.as_bytes().as_slice(), start.as_ref()];
        let mut stream = Xof::new("medshare/abe/payload/v1", &fields);
        (Zeroizing::new(stream.take()), Zeroizing::new(stream.take()))
    }
}

canonical_bytes!(
    Preamble,
    ", also for a segment size or padding that this version does not have"
);

impl BorshDeserialize for Preamble {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (payload, segment_len, padding, commitment) =
            BorshDeserialize::deserialize_reader(reader)?;
        if segment_len != SEGMENT_LEN as u32 {
            let kind = borsh::io::ErrorKind::InvalidData;
            return Err(borsh::io::Error::new(kind, "unknown segment size"));
        }
        Ok(Self {
            payload,
            segment_len,
            padding,
            commitment,
        })
    }
}
