//! The least work of a member for one block, whatever the protocol around it.

use std::hint::black_box;

use medshare_consensus::Payload as _;
use medshare_testkit::fixtures::Members;
use medshare_types::committee::Quorum;
use medshare_types::hash::{Digest, digest};
use medshare_types::sign::{Signature, SigningKey, VerifyingKey, verify_batch};

use super::block::Block;

/// Two signatures, two batches of q − 1 verifications, one hash of the block.
pub(crate) struct Floor {
    key: SigningKey,
    block: Block,
    phases: [Phase; 2],
}

/// A statement and the signatures of q − 1 other members.
struct Phase {
    statement: Digest,
    votes: Vec<(VerifyingKey, Signature)>,
}

impl Floor {
    pub(crate) fn new(members: &Members, block: &Block) -> Self {
        let others = Quorum::of(members.keys().len()).quorum() - 1;
        let phase = |name: &str| {
            let statement = digest("medshare/benches/floor/v1", &[name.as_bytes()]);
            let signers = members.keys().iter().skip(1).take(others);
            let vote = |key: &SigningKey| (key.verifying_key(), key.sign(&statement));
            Phase {
                statement,
                votes: signers.map(vote).collect(),
            }
        };
        Self {
            key: members.key(0).clone(),
            block: block.clone(),
            phases: [phase("prepare"), phase("commit")],
        }
    }

    pub(crate) fn run(&self) {
        black_box(self.block.root());
        for Phase { statement, votes } in &self.phases {
            black_box(self.key.sign(black_box(statement)));
            let votes = votes.iter().map(|(key, signature)| (key, signature));
            assert!(verify_batch(statement, votes), "the votes are good");
        }
    }
}
