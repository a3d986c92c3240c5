//! A decided height that still takes attestations.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::{Attestation, Attested};
use medshare_types::committee::Quorum;
use medshare_types::hash::Digest;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use crate::credit::HeightFacts;

/// Late votes of one member that are recorded of a height.
pub(crate) const MAX_LATE: usize = 8;
/// Heights below which a height stays open beyond f.
const OPEN_HEIGHTS: u64 = 9;
/// Block time for which a height stays open whatever the number of blocks, milliseconds.
const OPEN_MS: u64 = 2_000;
/// The most heights that are open.
const MOST_OPEN: u64 = 1_024;

/// The number of blocks after a height that may record votes for it, whatever their times: A.
pub(crate) const fn open_heights(quorum: Quorum) -> u64 {
    quorum.faulty() as u64 + OPEN_HEIGHTS
}

/// A decided height, and the votes for it that later blocks recorded.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct OpenHeight {
    pub(crate) epoch: Epoch,
    pub(crate) digest: Digest,
    pub(crate) view: View,
    pub(crate) time: Timestamp,
    pub(crate) proposer: ReplicaId,
    /// The seat after which the height's turns began.
    pub(crate) after: ReplicaId,
    /// The seats that the turns passed over.
    pub(crate) barred: BTreeSet<ReplicaId>,
    commits: BTreeMap<ReplicaId, View>,
    late: BTreeMap<View, BTreeSet<ReplicaId>>,
}

impl OpenHeight {
    pub(crate) fn new(
        (epoch, digest): (Epoch, Digest),
        (view, time): (View, Timestamp),
        proposer: ReplicaId,
        (after, barred): (ReplicaId, BTreeSet<ReplicaId>),
    ) -> Self {
        Self {
            epoch,
            digest,
            view,
            time,
            proposer,
            after,
            barred,
            commits: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }

    /// True while the block of `next`, whose parent has the time `parent`, may record votes for this
    /// height, which is `own`.
    pub(crate) fn is_open(
        &self,
        own: Height,
        next: Height,
        parent: Timestamp,
        quorum: Quorum,
    ) -> bool {
        let blocks = next.0.saturating_sub(own.0);
        let age_ms = parent.as_millis().saturating_sub(self.time.as_millis());
        blocks <= MOST_OPEN && (blocks <= open_heights(quorum) || age_ms <= OPEN_MS)
    }

    /// True when no block has recorded this vote, or one in its place. Of a member's commits one counts,
    /// and beside one in the header's view one above it (C2); so a member that commits in ever higher
    /// views costs no other a signature for each.
    pub(crate) fn lacks(&self, vote: &Attestation) -> bool {
        match vote.attested {
            Attested::Commit => {
                let recorded = self.commits.get(&vote.signer);
                vote.view >= self.view
                    && recorded.is_none_or(|view| *view == self.view && vote.view > self.view)
            }
            Attested::Late => {
                let of_view = self.late.get(&vote.view);
                !of_view.is_some_and(|signers| signers.contains(&vote.signer))
            }
        }
    }

    /// Late votes of a member that are recorded.
    pub(crate) fn late_votes_of(&self, signer: ReplicaId) -> usize {
        let views = self.late.values();
        views.filter(|signers| signers.contains(&signer)).count()
    }

    /// True when a late vote is recorded.
    pub(crate) fn is_blamed(&self) -> bool {
        !self.late.is_empty()
    }

    pub(crate) fn record(&mut self, vote: &Attestation) {
        match vote.attested {
            Attested::Commit => {
                let view = self.commits.entry(vote.signer).or_insert(vote.view);
                *view = vote.view.max(*view);
            }
            Attested::Late => {
                self.late.entry(vote.view).or_default().insert(vote.signer);
            }
        }
    }

    /// What is recorded of the height, which is `own`.
    pub(crate) fn into_facts(self, own: Height) -> HeightFacts {
        HeightFacts {
            height: own,
            proposer: self.proposer,
            view: self.view,
            commits: self.commits,
            late: self.late,
        }
    }
}
