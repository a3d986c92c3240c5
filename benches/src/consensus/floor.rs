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
    /// The commits that come after a quorum's, which the next block records.
    late: Phase,
}

/// A statement and the signatures of q − 1 other members.
struct Phase {
    statement: Digest,
    votes: Vec<(VerifyingKey, Signature)>,
}

impl Floor {
    pub(crate) fn new(members: &Members, block: &Block) -> Self {
        let n = members.keys().len();
        let quorum = Quorum::of(n).quorum();
        let phase = |name: &str, first, count| {
            let statement = digest("medshare/benches/floor/v1", &[name.as_bytes()]);
            let signers = members.keys().iter().skip(first).take(count);
            let vote = |key: &SigningKey| (key.verifying_key(), key.sign(&statement));
            Phase {
                statement,
                votes: signers.map(vote).collect(),
            }
        };
        Self {
            key: members.key(0).clone(),
            block: block.clone(),
            phases: ["prepare", "commit"].map(|name| phase(name, 1, quorum - 1)),
            late: phase("commit", quorum, n - quorum),
        }
    }

    pub(crate) fn run(&self) {
        black_box(self.block.root());
        for phase in &self.phases {
            black_box(self.key.sign(black_box(&phase.statement)));
            phase.verify();
        }
    }

    /// The same with one batch of the n − q commits that a quorum leaves over: blocks record them, and
    /// every member must know that they are good.
    pub(crate) fn run_attested(&self) {
        self.run();
        self.late.verify();
    }
}

impl Phase {
    fn verify(&self) {
        let votes = self.votes.iter().map(|(key, signature)| (key, signature));
        assert!(verify_batch(&self.statement, votes), "the votes are good");
    }
}
