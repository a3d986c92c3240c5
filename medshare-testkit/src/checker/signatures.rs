//! What members sign, put together byte by byte as in `docs/spec/pbft.md`, "Votes".

use std::collections::BTreeMap;

use medshare_types::attestation::{Attestation, Attested};
use medshare_types::hash::{Digest, digest};
use medshare_types::id::{ChainId, Height, ReplicaId, View};
use medshare_types::sign::Signature;

use super::committee::Committee;
use super::format::Said;

/// Signatures of one chain; none is verified twice.
pub(super) struct Signatures {
    chain: ChainId,
    /// By statement, key and signature: certificates of several members share votes.
    known: BTreeMap<(Digest, [u8; 32], [u8; 64]), bool>,
}

impl Signatures {
    pub(super) const fn new(chain: ChainId) -> Self {
        Self {
            chain,
            known: BTreeMap::new(),
        }
    }

    /// True when the signer, a member of this committee, made this statement about a height and view.
    pub(super) fn are_good(
        &mut self,
        committee: &Committee,
        (signer, height, view): (ReplicaId, Height, View),
        said: Said,
        signature: &Signature,
    ) -> bool {
        let (epoch, height, view) = (committee.epoch.0, height.0, view.0);
        let (tag, fields) = match said {
            Said::Prepare(of) => (
                "medshare/types/vote-prepare/v1",
                joined(&[epoch, view, height], &[of.as_bytes()]),
            ),
            Said::Commit(of) => (
                "medshare/types/vote-commit/v1",
                joined(&[epoch, view, height], &[of.as_bytes()]),
            ),
            Said::Change(None) => (
                "medshare/consensus/view-change/v1",
                joined(&[epoch, height, view], &[&[0]]),
            ),
            Said::Change(Some((of, block))) => (
                "medshare/consensus/view-change/v1",
                joined(
                    &[epoch, height, view],
                    &[&[1], &of.0.to_le_bytes(), block.as_bytes()],
                ),
            ),
        };
        self.verifies(committee, (tag, &fields), signer, signature)
    }

    /// True when the signer of a recorded vote signed it; `decided` is the block of its height.
    pub(super) fn is_attested(
        &mut self,
        committee: &Committee,
        vote: &Attestation,
        decided: Digest,
    ) -> bool {
        let of = (vote.signer, vote.height, vote.view);
        match vote.attested {
            Attested::Commit => {
                self.are_good(committee, of, Said::Commit(decided), &vote.signature)
            }
            Attested::Late => {
                let fields = joined(&[committee.epoch.0, vote.height.0, vote.view.0], &[]);
                let tag = "medshare/types/vote-late/v1";
                self.verifies(committee, (tag, &fields), vote.signer, &vote.signature)
            }
        }
    }

    fn verifies(
        &mut self,
        committee: &Committee,
        (tag, fields): (&str, &[u8]),
        signer: ReplicaId,
        signature: &Signature,
    ) -> bool {
        let Some(key) = committee.key(signer) else {
            return false;
        };
        let statement = digest(tag, &[self.chain.as_ref(), fields]);
        let of = (statement, *key.as_bytes(), *signature.as_bytes());
        let known = self.known.entry(of);
        *known.or_insert_with(|| key.verify(&statement, signature).is_ok())
    }
}

fn joined(numbers: &[u64], rest: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&rest.concat());
    bytes
}
