//! Votes for decided heights: collected, recorded by the primary, judged alike by all.

use medshare_consensus::{
    Effect, Input, LateVote, LogRecord, Message, Output, Proposal, ProposalFault, Rejected,
    Replica, Tip,
};
use medshare_types::attestation::{Attestation, Attested, MAX_ATTESTATIONS, attestations_root};
use medshare_types::certificate::Phase;
use medshare_types::id::{Height, ReplicaId, View};

use crate::fixture::*;

/// The keys of the votes that the own proposal of height 2 records.
fn recorded(replica: &mut Replica<TestPayload>) -> Vec<(u64, Attested, u64, u16)> {
    let payload = TestPayload(vec![2]);
    let outputs = give(replica, at(2), Input::Request(payload));
    let proposal = outputs.into_iter().find_map(|output| match output {
        Output::Persist {
            record: LogRecord::Prepared { proposal, .. },
            ..
        } => Some(proposal),
        _ => None,
    });
    let proposal = proposal.unwrap();
    let votes = &proposal.attestations;
    assert_eq!(proposal.header.attestations, attestations_root(votes));
    let key = |vote: &Attestation| (vote.height.0, vote.attested, vote.view.0, vote.signer.0);
    votes.iter().map(key).collect()
}

/// The primary of height 2, which has decided height 1 by the commits of 0, 1 and 2.
fn primary() -> Replica<TestPayload> {
    let mut primary = started(1);
    pass(&mut primary, 1, &blocks(1)[0]);
    primary
}

/// A backup of height 2, likewise.
fn backup() -> Replica<TestPayload> {
    let mut backup = started(3);
    pass(&mut backup, 1, &blocks(1)[0]);
    backup
}

fn commit_of(signer: u16) -> (u64, Attested, u64, u16) {
    (1, Attested::Commit, 0, signer)
}

#[test]
fn a_primary_records_the_commits_of_the_height_before() {
    let mut own = primary();
    assert_eq!(recorded(&mut own), [0, 1, 2].map(commit_of));
    let mut own = primary();
    give(&mut own, at(1), from(3, commit(3, &blocks(1)[0])));
    assert_eq!(
        recorded(&mut own),
        [0, 1, 2, 3].map(commit_of),
        "also one that comes after the decision"
    );
}

#[test]
fn bad_votes_and_votes_for_other_blocks_are_not_recorded() {
    let mut own = primary();
    let forged = forged(Phase::Commit, &blocks(1)[0]);
    give(&mut own, at(1), from(3, Message::Commit(forged)));
    assert_eq!(recorded(&mut own), [0, 1, 2].map(commit_of));
    let mut own = primary();
    let mut other = blocks(1).remove(0);
    other.header.time = at(5);
    give(&mut own, at(1), from(3, commit(3, &other)));
    assert_eq!(recorded(&mut own), [0, 1, 2].map(commit_of));
}

#[test]
fn late_votes_are_recorded_with_a_good_signature() {
    let late = |signer: u16, key_of: u16| {
        let subject = (EPOCH, Height(1), View(0));
        let vote = LateVote::sign(&chain(), subject, &key(key_of));
        from(signer, Message::Late(vote))
    };
    let mut own = started(1);
    give(&mut own, at(0), late(2, 2));
    give(&mut own, at(0), late(3, 2));
    pass(&mut own, 1, &blocks(1)[0]);
    give(&mut own, at(1), late(0, 0));
    let votes = recorded(&mut own);
    assert_eq!(votes[..3], [0, 1, 2].map(commit_of));
    assert_eq!(votes[3..], [0, 2].map(|n| (1, Attested::Late, 0, n)));
}

/// The fault that a backup finds in a block of height 2 that records `votes`.
fn fault_of(votes: Vec<Attestation>) -> Option<ProposalFault> {
    let previous = blocks(1)[0].header.digest();
    fault_in(&mut backup(), &block_recording(2, previous, votes))
}

fn fault_in(
    replica: &mut Replica<TestPayload>,
    block: &Proposal<TestPayload>,
) -> Option<ProposalFault> {
    let time = block.header.time;
    let proposer = block.header.proposer;
    let outcome = replica.handle(now(time), from(proposer.0, pre_prepare(block)));
    let asked = drain(replica).contains(&validate(block));
    assert_eq!(asked, outcome.is_ok(), "{outcome:?}");
    match outcome {
        Ok(()) => None,
        Err(Rejected::InvalidProposal {
            proposer: of,
            fault,
        }) if of == proposer => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_block_with_a_bad_vote_is_refused() {
    let first = &blocks(1)[0];
    let good = |n| attested_commit(n, first);
    let inadmissible = Some(ProposalFault::InadmissibleAttestation);
    let forged = Some(ProposalFault::ForgedAttestation);
    assert_eq!(fault_of(vec![]), None);
    assert_eq!(
        fault_of(vec![good(0), good(3), attested_late(2, 1, 0)]),
        None
    );
    assert_eq!(fault_of(vec![good(1), good(0)]), inadmissible, "order");
    assert_eq!(fault_of(vec![good(1), good(1)]), inadmissible, "twice");
    let late = |view| attested_late(2, 1, view);
    assert_eq!(fault_of((0..8).map(late).collect()), None);
    assert_eq!(fault_of((0..9).map(late).collect()), inadmissible, "nine");
    let with = |change: fn(&mut Attestation)| {
        let mut vote = good(0);
        change(&mut vote);
        fault_of(vec![vote])
    };
    assert_eq!(with(|vote| vote.signer = ReplicaId(4)), inadmissible);
    assert_eq!(with(|vote| vote.height = Height(2)), inadmissible);
    assert_eq!(with(|vote| vote.height = Height(0)), inadmissible);
    assert_eq!(with(|vote| vote.signer = ReplicaId(1)), forged);
    assert_eq!(with(|vote| vote.view = View(1)), forged);
    assert_eq!(with(|vote| vote.attested = Attested::Late), forged);
    let many = vec![good(0); MAX_ATTESTATIONS + 1];
    assert_eq!(fault_of(many), inadmissible);
}

#[test]
fn the_header_names_the_votes() {
    let first = &blocks(1)[0];
    let mut block = block_recording(2, first.header.digest(), vec![attested_commit(0, first)]);
    block.attestations.clear();
    let fault = fault_in(&mut backup(), &block);
    assert_eq!(fault, Some(ProposalFault::WrongAttestations));
    let served = from(2, Message::Decided(decided(&block)));
    let (rejected, _) = refuse(&mut backup(), at(2), served);
    let (sender, fault) = (ReplicaId(2), ProposalFault::WrongAttestations);
    assert_eq!(rejected, Rejected::InvalidBlock { sender, fault });
}

/// Block 2, which records the commit of seat 0, and block 3, which records `votes`.
fn recorded_twice(votes: Vec<Attestation>) -> [Proposal<TestPayload>; 3] {
    let first = blocks(1).remove(0);
    let votes_before = vec![attested_commit(0, &first)];
    let second = block_recording(2, first.header.digest(), votes_before);
    let third = block_recording(3, second.header.digest(), votes);
    [first, second, third]
}

#[test]
fn a_vote_is_recorded_once_and_a_member_that_starts_again_knows_it() {
    let first = &blocks(1)[0];
    let again = recorded_twice(vec![attested_commit(0, first)]);
    let new = recorded_twice(vec![attested_commit(1, first), attested_commit(3, first)]);
    let fault = Some(ProposalFault::InadmissibleAttestation);
    for (chain, expected) in [(again, fault), (new, None)] {
        let [_, second, third] = &chain;
        let mut live = backup();
        pass(&mut live, 4, second);
        let record = record_after(&chain[..2]);
        assert_eq!(live.record().digest(), record.digest());
        let tip = Tip {
            height: Height(2),
            digest: second.header.digest(),
            time: second.header.time,
            ordered: true,
            executed: roots(2),
            record,
        };
        let mut restarted = Replica::recover(config(3), tip, []).unwrap();
        drain(&mut restarted);
        for replica in [&mut live, &mut restarted] {
            assert_eq!(fault_in(replica, third), expected);
        }
    }
}

#[test]
fn served_blocks_record_their_votes_too() {
    let [first, second, third] = recorded_twice(vec![attested_commit(0, &blocks(1)[0])]);
    let mut behind = started(3);
    for (position, block) in [&first, &second].into_iter().enumerate() {
        give(
            &mut behind,
            at(3),
            from(2, Message::Decided(decided(block))),
        );
        give(&mut behind, at(3), persisted(position as u64 + 1));
        give(&mut behind, at(3), executed(block.header.height.0));
    }
    let fault = Some(ProposalFault::InadmissibleAttestation);
    assert_eq!(fault_in(&mut behind, &third), fault);
}

#[test]
fn a_member_that_changed_the_view_commits_no_block_of_a_lower_one() {
    let block = &blocks(1)[0];
    let decides = |replica: &mut Replica<TestPayload>, position| {
        let mut outputs = Vec::new();
        for n in [0, 1, 2] {
            outputs.extend(give(replica, at(3), from(n, commit(n, block))));
        }
        let proposal = Message::Proposal(block.clone());
        outputs.extend(give(replica, at(3), from(0, proposal)));
        outputs.extend(give(replica, at(3), persisted(position)));
        assert_eq!(replica.height(), Height(1));
        outputs
    };
    let commits = |outputs: &[Output<TestPayload>]| {
        let mut outputs = outputs.iter();
        outputs.any(|output| {
            let Output::Effect(Effect::Send { message, .. }) = output else {
                return false;
            };
            *message == commit(3, block)
        })
    };
    assert!(commits(&decides(&mut started(3), 1)));
    let mut changed = started(3);
    give(&mut changed, at(2), view_timer());
    assert_eq!(changed.view(), View(1));
    assert!(!commits(&decides(&mut changed, 2)));
}
