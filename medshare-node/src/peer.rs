//! What members say to each other, as bytes in an envelope.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::Wire;

/// A frame between members.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum PeerMessage {
    /// An encoded message of the ordering protocol.
    Consensus(Vec<u8>),
    /// An encoded transaction that waits to be ordered.
    Transaction(Vec<u8>),
}

impl Wire for PeerMessage {
    const KIND: [u8; 4] = *b"mPEE";
    /// A block of the largest size, and what stands around it.
    const MAX_LEN: usize = (8 << 20) + (64 << 10);
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_types::DecodeError;

    #[test]
    fn round_trip_and_malformed() {
        let bytes = PeerMessage::Consensus(vec![1, 2]).to_wire();
        assert_eq!(bytes, b"mPEE\x00\x01\x00\x02\x00\x00\x00\x01\x02");
        assert_eq!(
            PeerMessage::from_wire(&bytes),
            Ok(PeerMessage::Consensus(vec![1, 2]))
        );
        assert_eq!(
            PeerMessage::from_wire(&bytes[..9]),
            Err(DecodeError::Truncated)
        );
        assert!(PeerMessage::from_wire(b"mPEE\x00\x01\x07").is_err());
    }
}
