//! The frames that nodes exchange.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::Message;
use medshare_types::Wire;

use crate::batch::Batch;

/// A frame between nodes.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum PeerMessage {
    /// An encoded message of the consensus protocol.
    Consensus(Vec<u8>),
    /// An encoded transaction that waits to be ordered.
    Transaction(Vec<u8>),
    /// The sender refused a release because no block is recent; the primary proposes one if its own
    /// tip is old.
    BlockWanted,
}

impl Wire for PeerMessage {
    const KIND: [u8; 4] = *b"mPEE";
    /// The longest message of the protocol, a block with its certificate, and the envelope.
    const MAX_LEN: usize = <Message<Batch> as Wire>::MAX_LEN + 16;
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_consensus::{Decided, MAX_PAYLOAD_LEN, Payload, Proposal};
    use medshare_types::attestation::{Attestation, Attested, MAX_ATTESTATIONS};
    use medshare_types::certificate::Ballot;
    use medshare_types::{
        BlockHeader, ChainId, CommitCertificate, DecodeError, Digest, Epoch, ExecutedRoots, Height,
        ReplicaId, Signature, Timestamp, View,
    };

    #[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
    struct Bytes(Vec<u8>);

    impl Payload for Bytes {
        fn root(&self) -> Digest {
            Digest::ZERO
        }

        fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
    }

    /// The longest block that is voted for, with the votes of all of `members`.
    fn longest_decided(members: u16) -> Message<Bytes> {
        let zero = Digest::ZERO;
        let header = BlockHeader {
            chain: ChainId::from_digest(zero),
            height: Height(1),
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: zero,
            time: Timestamp::from_millis(1),
            transactions: zero,
            attestations: zero,
            executed: ExecutedRoots {
                height: Height(0),
                state: zero,
                receipts: zero,
            },
            next_committee: zero,
        };
        let ballot = Ballot {
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            digest: header.digest(),
        };
        let vote = |n| (ReplicaId(n), Signature::from_bytes([1; 64]));
        let votes = (0..members).map(vote).collect();
        let attestation = Attestation {
            height: Height(1),
            attested: Attested::Commit,
            view: View(0),
            signer: ReplicaId(0),
            signature: Signature::from_bytes([1; 64]),
        };
        let attestations = vec![attestation; MAX_ATTESTATIONS];
        let payload = Bytes(vec![1; MAX_PAYLOAD_LEN - 4]);
        assert_eq!(borsh::object_length(&payload).unwrap(), MAX_PAYLOAD_LEN);
        Message::Decided(Decided {
            proposal: Proposal {
                header,
                payload,
                attestations,
            },
            certificate: CommitCertificate { ballot, votes },
        })
    }

    #[test]
    fn the_longest_block_can_be_served() {
        for members in [4, 1024] {
            let message = longest_decided(members);
            let frame = PeerMessage::Consensus(message.to_wire()).to_wire();
            let Ok(PeerMessage::Consensus(bytes)) = PeerMessage::from_wire(&frame) else {
                panic!("{} bytes for {members} members", frame.len());
            };
            assert!(Message::from_wire(&bytes) == Ok(message), "{members}");
        }
    }

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
