//! Properties of credit in a run: the same record everywhere, and no honest member blamed in calm.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::ChainRecord;
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;

use crate::checker::{LostTurn, RunLog};
use crate::violation::Violation;

/// The last block of a record, and the last height whose facts it holds.
type RecordedUpTo = ((Height, Digest), Height);

/// An observer of the records of honest members.
#[derive(Debug)]
pub(crate) struct CreditInvariants {
    /// Members that may be blamed.
    excused: BTreeSet<ReplicaId>,
    /// The time of a parent from which on no honest primary is late; `None` where some always may be.
    calm_from: Option<Timestamp>,
    /// The digest of the record after each block, as the first member to reach it has it: the log of
    /// the run has only what follows from it.
    digests: BTreeMap<RecordedUpTo, Digest>,
    noted: BTreeMap<ReplicaId, RecordedUpTo>,
}

impl CreditInvariants {
    pub(crate) const fn new(excused: BTreeSet<ReplicaId>, calm_from: Option<Timestamp>) -> Self {
        Self {
            excused,
            calm_from,
            digests: BTreeMap::new(),
            noted: BTreeMap::new(),
        }
    }

    /// A replica of `member` has this record.
    pub(crate) fn observe(&mut self, member: ReplicaId, record: &ChainRecord) -> Option<Violation> {
        let tip = (record.tip()?, record.learned());
        if self.noted.insert(member, tip) == Some(tip) {
            return None;
        }
        let ((height, _), _) = tip;
        let digest = record.digest();
        let first = self.digests.entry(tip).or_insert(digest);
        (*first != digest).then_some(Violation::DifferentRecord { member, height })
    }

    /// A member started again: its record is compared anew.
    pub(crate) fn restarted(&mut self, member: ReplicaId) {
        self.noted.remove(&member);
    }

    /// Turns that the chain says honest members lost in calm.
    pub(crate) fn blamed<'r>(
        &'r self,
        log: &'r RunLog,
        lost: &'r [LostTurn],
    ) -> impl Iterator<Item = Violation> + 'r {
        let parent = |turn: &LostTurn| {
            let before = turn.height.previous();
            let mut headers = log.blocks.iter().map(|block| &block.header);
            headers.find(|header| Some(header.height) == before)
        };
        let in_calm = move |turn: &LostTurn| {
            let time = parent(turn).map(|header| header.time);
            self.calm_from
                .zip(time)
                .is_some_and(|(calm, time)| time >= calm)
        };
        let honest = lost
            .iter()
            .filter(|turn| !self.excused.contains(&turn.seat));
        let blamed = honest.filter(move |turn| in_calm(turn));
        blamed.map(|turn| Violation::HonestBlamed {
            member: turn.seat,
            height: turn.height,
        })
    }
}

#[cfg(test)]
mod tests {
    use medshare_types::attestation::{Attestation, Attested};
    use medshare_types::header::{BlockHeader, ExecutedRoots};
    use medshare_types::id::{Epoch, View};
    use medshare_types::sign::Signature;

    use super::*;
    use crate::checker::RecordedBlock;
    use crate::recording::Recording;
    use crate::setting::Setting;

    fn setting() -> Setting {
        Setting::new(4).unwrap_or_else(|error| panic!("{error}"))
    }

    fn header(setting: &Setting, height: u64) -> BlockHeader {
        BlockHeader {
            chain: setting.chain(),
            height: Height(height),
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: Digest::ZERO,
            time: setting.created().plus_millis(1_000 * height),
            transactions: Digest::ZERO,
            attestations: Digest::ZERO,
            executed: ExecutedRoots {
                height: Height(height - 1),
                state: Digest::ZERO,
                receipts: Digest::ZERO,
            },
            next_committee: Digest::ZERO,
        }
    }

    #[test]
    fn blame_of_an_honest_member_in_calm_is_a_violation() {
        let setting = setting();
        let mut log = Recording::new(&setting, []).finish();
        log.blocks = [1, 2]
            .map(|height| RecordedBlock {
                header: header(&setting, height),
                payload: Vec::new(),
                attestations: Vec::new(),
            })
            .to_vec();
        let (member, height) = (ReplicaId(1), Height(2));
        let lost = [LostTurn {
            seat: member,
            height,
            view: View(0),
        }];
        let blamed = |calm_ms: Option<u64>, excused: &[u16]| -> Vec<_> {
            let excused = excused.iter().copied().map(ReplicaId).collect();
            let calm_from = calm_ms.map(|ms| setting.created().plus_millis(ms));
            let observer = CreditInvariants::new(excused, calm_from);
            observer.blamed(&log, &lost).collect()
        };
        let found = [Violation::HonestBlamed { member, height }];
        assert_eq!(blamed(Some(1_000), &[]), found);
        assert_eq!(blamed(Some(1_001), &[]), [], "its parent came before");
        assert_eq!(blamed(Some(1_000), &[1]), [], "a Byzantine member");
        assert_eq!(blamed(None, &[]), []);
    }

    #[test]
    fn two_records_of_one_block_are_a_violation() {
        let setting = setting();
        let mut record = setting.genesis().record;
        let mut observer = CreditInvariants::new(BTreeSet::new(), None);
        let [first, second] = [1, 2].map(|height| header(&setting, height));
        record.follow(&first, &[], &[]);
        let mut other = record.clone();
        record.follow(&second, &[], &[]);
        let vote = Attestation {
            height: Height(1),
            attested: Attested::Commit,
            view: View(0),
            signer: ReplicaId(3),
            signature: Signature::from_bytes([0; 64]),
        };
        other.follow(&second, &[vote], &[]);
        assert_eq!(observer.observe(ReplicaId(0), &record), None);
        assert_eq!(observer.observe(ReplicaId(1), &record), None);
        let (member, height) = (ReplicaId(2), Height(2));
        let found = Violation::DifferentRecord { member, height };
        assert_eq!(observer.observe(member, &other), Some(found));
    }
}
