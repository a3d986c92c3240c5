//! Properties of credit in a run: the same record everywhere, of votes that members did sign, and no
//! honest member blamed in calm.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::credit::CreditEvent;
use medshare_consensus::{ChainRecord, Decided};
use medshare_types::attestation::Attestation;
use medshare_types::committee::Committee;
use medshare_types::hash::Digest;
use medshare_types::header::BlockHeader;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::time::Timestamp;

use crate::setting::TestPayload;
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
    record: ChainRecord,
    times: Vec<Timestamp>,
    /// The digest of each block.
    decided: Vec<Digest>,
    /// The digest of the record after each block, as the first member to reach it has it.
    digests: BTreeMap<RecordedUpTo, Digest>,
    noted: BTreeMap<ReplicaId, RecordedUpTo>,
}

impl CreditInvariants {
    pub(crate) const fn new(
        record: ChainRecord,
        excused: BTreeSet<ReplicaId>,
        calm_from: Option<Timestamp>,
    ) -> Self {
        Self {
            excused,
            calm_from,
            record,
            times: Vec::new(),
            decided: Vec::new(),
            digests: BTreeMap::new(),
            noted: BTreeMap::new(),
        }
    }

    /// The committee that orders the height after those committed.
    pub(crate) const fn committee(&self) -> &Committee {
        self.record.committee()
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

    /// The first honest member committed a block; later ones commit the same.
    pub(crate) fn committed(&mut self, block: &Decided<TestPayload>) -> Vec<Violation> {
        let header = &block.proposal.header;
        if header.height.0 != self.times.len() as u64 + 1 {
            return Vec::new();
        }
        self.times.push(header.time);
        self.decided.push(header.digest());
        let votes = &block.proposal.attestations;
        let forged = votes.iter().filter(|vote| !self.is_signed(header, vote));
        let forged = forged.map(|vote| Violation::ForgedVote {
            member: vote.signer,
            height: header.height,
        });
        let mut violations: Vec<_> = forged.collect();
        let facts = block.proposal.payload.facts();
        if header.next_committee != self.record.next_committee().digest() {
            violations.push(Violation::WrongCommittee {
                height: header.height,
            });
        }
        let events = self.record.follow(header, votes, &facts);
        let blamed = events.iter().filter_map(|event| match event {
            CreditEvent::LostTurn { seat, turn, .. } => Some((*seat, turn.height)),
            CreditEvent::EpochEnded { .. } | CreditEvent::RoleChanged { .. } => None,
        });
        let honest = blamed
            .filter(|(seat, height)| !self.excused.contains(seat) && self.is_calm_at(*height));
        let honest = honest.map(|(member, height)| Violation::HonestBlamed { member, height });
        violations.extend(honest);
        violations
    }

    /// True when the signer signed what `header`'s block records of it.
    fn is_signed(&self, header: &BlockHeader, vote: &Attestation) -> bool {
        let of = vote.height.0.checked_sub(1);
        let of = of.and_then(|index| usize::try_from(index).ok());
        let decided = of.and_then(|index| self.decided.get(index));
        let member = self.record.committee().member(vote.signer);
        decided.zip(member).is_some_and(|(decided, member)| {
            let statement = vote.statement(&header.chain, header.epoch, decided);
            member.key.verify(&statement, &vote.signature).is_ok()
        })
    }

    /// True when the height before was proposed in calm.
    fn is_calm_at(&self, height: Height) -> bool {
        let parent = height
            .0
            .checked_sub(2)
            .and_then(|i| usize::try_from(i).ok());
        let parent = parent.and_then(|index| self.times.get(index));
        self.calm_from
            .zip(parent)
            .is_some_and(|(calm, parent)| *parent >= calm)
    }
}

#[cfg(test)]
mod tests {
    use medshare_consensus::{LateVote, Proposal};
    use medshare_types::attestation::{Attested, attestations_root};
    use medshare_types::certificate::CommitCertificate;
    use medshare_types::id::{Epoch, View};
    use medshare_types::sign::Signature;

    use super::*;
    use crate::setting::Setting;

    /// Twelve blocks a second apart. Seat 1 lost its turn at height 2, and others say so in block 3.
    fn chain(setting: &Setting) -> Vec<Decided<TestPayload>> {
        let late = |signer| {
            let turn = (Epoch(0), Height(2), View(0));
            let key = setting.key(ReplicaId(signer));
            Attestation {
                height: Height(2),
                attested: Attested::Late,
                view: View(0),
                signer: ReplicaId(signer),
                signature: LateVote::sign(&setting.chain(), turn, key).signature,
            }
        };
        let block = |height: u64| {
            let attestations = match height {
                3 => vec![late(0), late(2)],
                _ => vec![],
            };
            let header = BlockHeader {
                chain: setting.chain(),
                height: Height(height),
                epoch: Epoch(0),
                view: View(u64::from(height == 2)),
                proposer: ReplicaId(0),
                previous: Digest::ZERO,
                time: setting.created().plus_millis(1_000 * height),
                transactions: Digest::ZERO,
                attestations: attestations_root(&attestations),
                executed: setting.genesis().executed,
                next_committee: setting.committee().digest(),
            };
            let proposal = Proposal {
                header,
                payload: TestPayload(vec![]),
                attestations,
            };
            let certificate = CommitCertificate {
                ballot: proposal.ballot_in(View(0)),
                votes: vec![],
            };
            Decided {
                proposal,
                certificate,
            }
        };
        (1..=12).map(block).collect()
    }

    fn blamed(calm_ms: Option<u64>, excused: &[u16]) -> Vec<Violation> {
        let setting = Setting::new(4).unwrap_or_else(|error| panic!("{error}"));
        let calm_from = calm_ms.map(|ms| setting.created().plus_millis(ms));
        let mut observer = CreditInvariants::new(
            setting.genesis().record,
            excused.iter().copied().map(ReplicaId).collect(),
            calm_from,
        );
        let chain = chain(&setting);
        chain
            .iter()
            .flat_map(|block| observer.committed(block))
            .collect()
    }

    #[test]
    fn blame_of_an_honest_member_in_calm_is_a_violation() {
        let (member, height) = (ReplicaId(1), Height(2));
        let found = [Violation::HonestBlamed { member, height }];
        assert_eq!(blamed(Some(1_000), &[]), found);
        assert_eq!(blamed(Some(1_001), &[]), [], "its parent came before");
        assert_eq!(blamed(Some(1_000), &[1]), [], "a Byzantine member");
        assert_eq!(blamed(None, &[]), []);
    }

    #[test]
    fn a_recorded_vote_that_its_signer_did_not_sign_is_a_violation() {
        let setting = Setting::new(4).unwrap_or_else(|error| panic!("{error}"));
        let record = setting.genesis().record;
        let mut observer = CreditInvariants::new(record, BTreeSet::new(), None);
        let mut chain = chain(&setting);
        chain[2].proposal.attestations[1].signer = ReplicaId(3);
        let found = chain.iter().flat_map(|block| observer.committed(block));
        let (member, height) = (ReplicaId(3), Height(3));
        assert!(found.eq([Violation::ForgedVote { member, height }]));
    }

    #[test]
    fn two_records_of_one_block_are_a_violation() {
        let setting = Setting::new(4).unwrap_or_else(|error| panic!("{error}"));
        let mut record = setting.genesis().record;
        let mut observer = CreditInvariants::new(record.clone(), BTreeSet::new(), None);
        let blocks = chain(&setting);
        let header = |index: usize| &blocks[index].proposal.header;
        record.follow(header(0), &[], &[]);
        let mut other = record.clone();
        record.follow(header(1), &[], &[]);
        let vote = Attestation {
            height: Height(1),
            attested: Attested::Commit,
            view: View(0),
            signer: ReplicaId(3),
            signature: Signature::from_bytes([0; 64]),
        };
        other.follow(header(1), &[vote], &[]);
        assert_eq!(observer.observe(ReplicaId(0), &record), None);
        assert_eq!(observer.observe(ReplicaId(1), &record), None);
        let (member, height) = (ReplicaId(2), Height(2));
        let found = Violation::DifferentRecord { member, height };
        assert_eq!(observer.observe(member, &other), Some(found));
    }
}
