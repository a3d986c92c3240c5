//! Chains of headers with recorded votes; signatures do not matter to the record.

use medshare_testkit::fixtures::Members;
use medshare_types::attestation::attestations_root;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::Epoch;
use medshare_types::sign::Signature;
use medshare_types::time::Timestamp;

use super::*;
use crate::credit::Participation;

/// A chain of four members, one block every `step_ms`.
struct Chain {
    members: Members,
    record: ChainRecord,
    height: u64,
    step_ms: u64,
    events: Vec<CreditEvent>,
    blocks: Vec<(BlockHeader, Vec<Attestation>, Vec<ChainFact>)>,
}

impl Chain {
    fn new(rule: EpochRule, step_ms: u64) -> Self {
        Self::in_mode(Mode::Credit, rule, step_ms)
    }

    fn in_mode(mode: Mode, rule: EpochRule, step_ms: u64) -> Self {
        let members = Members::new(4);
        Self {
            record: ChainRecord::new(mode, rule, members.committee(), [], 4),
            members,
            height: 0,
            step_ms,
            events: Vec::new(),
            blocks: Vec::new(),
        }
    }

    fn vote(height: u64, attested: Attested, view: u64, signer: u16) -> Attestation {
        Attestation {
            height: Height(height),
            attested,
            view: View(view),
            signer: ReplicaId(signer),
            signature: Signature::from_bytes([0; 64]),
        }
    }

    /// Adds the block that the primary of `view` proposes, with these votes.
    fn add(&mut self, view: u64, votes: Vec<Attestation>) -> ReplicaId {
        let view = View(view);
        let proposer = self.record.primary(view);
        self.height += 1;
        let header = BlockHeader {
            chain: self.members.chain(),
            height: Height(self.height),
            epoch: self.record.committee().epoch(),
            view,
            proposer,
            previous: Digest::ZERO,
            time: Timestamp::from_millis(self.height * self.step_ms),
            transactions: Digest::ZERO,
            attestations: attestations_root(&votes),
            executed: ExecutedRoots {
                height: Height(self.height - 1),
                state: Digest::ZERO,
                receipts: Digest::ZERO,
            },
            next_committee: self.record.next_committee().digest(),
        };
        let events = self.record.follow(&header, &votes, &[]);
        self.events.extend(events);
        self.blocks.push((header, votes, vec![]));
        proposer
    }

    /// Adds a block that records the commits of `voters` for the height before.
    fn add_with_commits(&mut self, voters: &[u16]) {
        let height = self.height;
        let vote = |signer: &u16| Self::vote(height, Attested::Commit, 0, *signer);
        let votes = if height == 0 {
            Vec::new()
        } else {
            voters.iter().map(vote).collect()
        };
        self.add(0, votes);
    }

    fn admits(&self, votes: &[Attestation]) -> bool {
        self.record.admits(votes)
    }
}

fn short() -> EpochRule {
    EpochRule {
        heights: 40,
        min_ms: 0,
    }
}

#[test]
fn heights_stay_open_for_ten_blocks_or_two_seconds() {
    let commit = |height| [Chain::vote(height, Attested::Commit, 0, 1)];
    for (step_ms, lowest) in [(1_000, 31), (100, 20), (1, 1)] {
        let mut chain = Chain::new(EpochRule::default(), step_ms);
        for _ in 0..40 {
            chain.add(0, vec![]);
        }
        assert!(chain.admits(&commit(lowest)), "{step_ms}");
        assert!(chain.admits(&commit(40)), "{step_ms}");
        assert!(!chain.admits(&commit(41)), "{step_ms}");
        if lowest > 1 {
            assert!(!chain.admits(&commit(lowest - 1)), "{step_ms}");
        }
    }
    let mut chain = Chain::new(EpochRule::default(), 1);
    for _ in 0..1_100 {
        chain.add(0, vec![]);
    }
    assert!(chain.admits(&commit(1_101 - 1_024)));
    assert!(!chain.admits(&commit(1_101 - 1_025)));
}

#[test]
fn one_commit_above_the_headers_view_is_recorded_beside_one_in_it() {
    let commit = |view| Chain::vote(1, Attested::Commit, view, 2);
    let mut chain = Chain::new(short(), 100);
    chain.add(1, vec![]);
    assert!(!chain.admits(&[commit(0)]), "below the first proposal");
    assert!(!chain.admits(&[commit(1), commit(2)]), "one a block");
    let mut above = chain.record.clone();
    chain.add(0, vec![commit(1)]);
    assert!(!chain.admits(&[commit(1)]));
    assert!(chain.admits(&[commit(7)]));
    chain.add(0, vec![commit(7)]);
    let recorded = |record: &ChainRecord| (0..20).any(|view| record.admits(&[commit(view)]));
    assert!(!recorded(&chain.record), "views go on for ever");
    // A commit above the header's view says as much as both.
    let (mut header, ..) = chain.blocks[1].clone();
    let votes = vec![commit(3)];
    header.attestations = attestations_root(&votes);
    above.follow(&header, &votes, &[]);
    assert!(!recorded(&above));
}

/// A silent primary at the first height: two members say so, and its successor proposes.
/// A member may tell each of the others eight other views: what some blocks record leaves no room for
/// what a later primary has heard, which must not propose it.
#[test]
fn a_proposal_takes_no_more_late_votes_of_a_member_than_blocks_left_room_for() {
    let late = |view| Chain::vote(1, Attested::Late, view, 2);
    let mut chain = Chain::new(short(), 100);
    chain.add(0, vec![]);
    chain.add(0, (0..5).map(late).collect());
    let heard: Vec<_> = (3..11).rev().map(late).collect();
    let other = Chain::vote(1, Attested::Late, 20, 3);
    let chosen = chain
        .record
        .admissible([heard.as_slice(), &[other]].concat());
    assert_eq!(chosen, [late(5), late(6), late(7), other]);
    assert!(chain.admits(&chosen));
    assert!(!chain.admits(&[late(5), late(6), late(7), late(8)]));
}

#[test]
fn a_lost_turn_bars_its_primary_and_no_other() {
    let mut chain = Chain::new(EpochRule::default(), 1_000);
    let second = chain.add(1, vec![]);
    assert_eq!(second, ReplicaId(2), "seat 1 did not propose");
    let late = [1, 3].map(|signer| Chain::vote(1, Attested::Late, 0, signer));
    chain.add(0, late.to_vec());
    for _ in 0..8 {
        chain.add(0, vec![]);
        assert_eq!(chain.events, []);
    }
    chain.add(0, vec![]);
    let [
        CreditEvent::LostTurn {
            seat,
            turn,
            banned_until,
            recorded,
        },
    ] = &chain.events[..]
    else {
        panic!("{:?}", chain.events);
    };
    assert_eq!(
        (*seat, turn.height, turn.view),
        (ReplicaId(1), Height(1), View(0))
    );
    assert_eq!((*recorded, *banned_until), (Height(11), Height(11 + 256)));
    let text = chain.events[0].to_string();
    assert!(
        text.contains("seat 1 lost its turn in view 0 of height 1"),
        "{text}"
    );
    let mut leads = BTreeMap::new();
    for _ in 0..255 {
        *leads.entry(chain.add(0, vec![])).or_insert(0) += 1;
    }
    assert_eq!(leads.len(), 3);
    assert!(!leads.contains_key(&ReplicaId(1)));
    let later: BTreeSet<_> = (0..4).map(|_| chain.add(0, vec![])).collect();
    assert!(later.contains(&ReplicaId(1)), "the ban is over");
}

#[test]
fn one_blaming_member_is_not_enough() {
    let mut chain = Chain::new(short(), 1_000);
    chain.add(1, vec![]);
    let late = (0..4).map(|view| Chain::vote(1, Attested::Late, view, 3));
    chain.add(0, late.collect());
    for _ in 0..20 {
        chain.add(0, vec![]);
    }
    assert_eq!(chain.events, []);
}

#[test]
fn epochs_end_by_heights_and_time_and_change_credit() {
    let rule = EpochRule {
        heights: 40,
        min_ms: 60_000,
    };
    let mut chain = Chain::new(rule, 1_000);
    for _ in 0..62 {
        assert_eq!(chain.record.committee().epoch(), Epoch(0));
        chain.add_with_commits(&[0, 1, 2]);
    }
    let committee = chain.record.committee();
    assert_eq!(committee.epoch(), Epoch(1), "by the time of block 61");
    let scores = (0..4).map(|seat| chain.record.standing(ReplicaId(seat)).credit.score);
    assert_eq!(scores.collect::<Vec<_>>(), [540, 540, 540, 300]);
    let blocks = chain.blocks.clone();
    let start = || ChainRecord::new(Mode::Credit, rule, chain.members.committee(), [], 4);
    let events = explain(ReplicaId(3), start(), blocks);
    let [CreditEvent::EpochEnded { height, report, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(*height, Height(62));
    assert_eq!(report.participation, Participation::PerMille(0));
    let text = events[0].to_string();
    assert!(text.contains("credit 500 to 300"), "{text}");
    let mut again = start();
    for (header, votes, facts) in &chain.blocks {
        again.follow(header, votes, facts);
    }
    assert_eq!(again.digest(), chain.record.digest());
}

/// Another committee would judge them by its own keys.
#[test]
fn votes_for_the_epoch_before_are_not_admitted() {
    let mut chain = Chain::new(short(), 1_000);
    let commit = |height| [Chain::vote(height, Attested::Commit, 0, 1)];
    while chain.record.next_committee().epoch() == Epoch(0) {
        chain.add(0, vec![]);
    }
    assert!(chain.admits(&commit(chain.height)), "before the last block");
    chain.add(0, vec![]);
    assert_eq!(chain.record.committee().epoch(), Epoch(1));
    assert!(!chain.admits(&commit(chain.height)), "of the last block");
    chain.add(0, vec![]);
    assert!(chain.admits(&commit(chain.height)));
}

#[test]
fn votes_for_closed_heights_in_a_decided_block_change_nothing() {
    let mut chain = Chain::new(short(), 1_000);
    for _ in 0..20 {
        chain.add(0, vec![]);
    }
    let mut other = chain.record.clone();
    let (mut header, ..) = chain.blocks[19].clone();
    header.height = Height(21);
    header.time = Timestamp::from_millis(21_000);
    let votes = [Chain::vote(1, Attested::Commit, 0, 1)];
    chain.record.follow(&header, &votes, &[]);
    other.follow(&header, &[], &[]);
    assert_eq!(chain.record.digest(), other.digest());
}

#[test]
fn classic_blocks_record_no_vote_and_the_proposer_goes_on() {
    let mut chain = Chain::in_mode(Mode::Classic, short(), 1_000);
    let leaders: Vec<_> = [0, 0, 1, 0].map(|view| chain.add(view, vec![]).0).into();
    assert_eq!(leaders, [0, 0, 1, 1]);
    assert!(chain.admits(&[]));
    assert!(!chain.admits(&[Chain::vote(4, Attested::Commit, 0, 1)]));
}
