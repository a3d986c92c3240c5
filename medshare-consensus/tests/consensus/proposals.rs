//! Proposals that are wrong, too early, too late, or wait for something.

use medshare_consensus::{
    MAX_PAYLOAD_LEN, Message, Payload as _, Proposal, ProposalFault, Rejected, Verdict,
};
use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::{ChainId, Height, ReplicaId};
use medshare_types::time::Timestamp;

use crate::fixture::*;

const PRIMARY: ReplicaId = ReplicaId(0);

fn invalid(fault: ProposalFault) -> Rejected {
    Rejected::InvalidProposal {
        proposer: PRIMARY,
        fault,
    }
}

fn fault_of(change: impl FnOnce(&mut Proposal<TestPayload>)) -> ProposalFault {
    let mut backup = started(1);
    let mut block = blocks(1).remove(0);
    change(&mut block);
    let (rejected, outputs) = refuse(&mut backup, at(1), from(0, pre_prepare(&block)));
    assert_eq!(outputs, []);
    match rejected {
        Rejected::InvalidProposal { proposer, fault } if proposer == PRIMARY => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_fault_of_a_header_is_named() {
    let chain = |b: &mut Proposal<TestPayload>| b.header.chain = ChainId::from_digest(Digest::ZERO);
    assert_eq!(fault_of(chain), ProposalFault::WrongChain);
    let parent = |b: &mut Proposal<TestPayload>| b.header.previous = roots(9).state;
    assert_eq!(fault_of(parent), ProposalFault::WrongParent);
    let time = |b: &mut Proposal<TestPayload>| b.header.time = genesis().time;
    assert_eq!(fault_of(time), ProposalFault::TimeNotIncreasing);
    let payload = |b: &mut Proposal<TestPayload>| b.payload.0.push(0);
    assert_eq!(fault_of(payload), ProposalFault::WrongPayload);
    let height = |b: &mut Proposal<TestPayload>| b.header.executed.height = Height(1);
    assert_eq!(fault_of(height), ProposalFault::WrongExecutedHeight);
    let roots = |b: &mut Proposal<TestPayload>| b.header.executed.state = Digest::ZERO;
    assert_eq!(fault_of(roots), ProposalFault::WrongRoots);
    let committee = |b: &mut Proposal<TestPayload>| b.header.next_committee = Digest::ZERO;
    assert_eq!(fault_of(committee), ProposalFault::WrongCommittee);
}

/// A backup's answer to a first block whose payload is encoded in `length` bytes.
fn with_payload_of(length: usize) -> Result<(), Rejected> {
    let mut block = blocks(1).remove(0);
    block.payload = TestPayload(vec![7; length - 4]);
    block.header.transactions = block.payload.root();
    started(1).handle(now(at(1)), from(0, pre_prepare(&block)))
}

#[test]
fn a_block_too_long_to_be_served_gets_no_vote() {
    assert_eq!(with_payload_of(MAX_PAYLOAD_LEN), Ok(()));
    assert_eq!(
        with_payload_of(MAX_PAYLOAD_LEN + 1),
        Err(invalid(ProposalFault::PayloadTooLong))
    );
}

#[test]
fn only_the_primary_proposes_and_signs() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    let sender = ReplicaId(2);
    assert_eq!(
        refuse(&mut backup, at(1), from(2, pre_prepare(block))),
        (Rejected::NotThePrimary { sender }, vec![])
    );
    let mut unsigned = pre_prepare_of(block);
    unsigned.signature = forged(Phase::Prepare, block).signature;
    let message = Message::PrePrepare(unsigned);
    let sender = PRIMARY;
    assert_eq!(
        refuse(&mut backup, at(1), from(0, message)),
        (Rejected::BadSignature { sender }, vec![])
    );
}

/// A backup's answer to block 1, timed `at(1)`, when it arrives `offset` milliseconds later.
fn on_arrival(offset: i64) -> Result<(), Rejected> {
    let arrival = at(1).as_millis().checked_add_signed(offset).unwrap();
    let arrival = Timestamp::from_millis(arrival);
    started(1).handle(now(arrival), from(0, pre_prepare(&blocks(1)[0])))
}

#[test]
fn time_is_bounded_on_both_sides() {
    let untimely = Err(Rejected::Untimely {
        proposer: PRIMARY,
        time: at(1),
    });
    assert_eq!(on_arrival(-501), untimely);
    assert_eq!(on_arrival(-500), Ok(()));
    assert_eq!(on_arrival(2_500), Ok(()));
    assert_eq!(on_arrival(2_501), untimely);
}

#[test]
fn an_untimely_proposal_is_not_judged_again_by_a_later_arrival() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    let early = at(1).minus_millis(501);
    refuse(&mut backup, early, from(0, pre_prepare(block)));
    assert_eq!(give(&mut backup, at(1), from(0, pre_prepare(block))), []);
}

#[test]
fn only_the_next_millisecond_is_never_too_early() {
    let right = genesis().time.minus_millis(3_600_000);
    for (after_parent_ms, accepted) in [(1, true), (2, false), (1_000, false)] {
        let mut block = blocks(1).remove(0);
        block.header.time = genesis().time.plus_millis(after_parent_ms);
        let mut backup = started_at(1, right);
        let outcome = backup.handle(now(right), from(0, pre_prepare(&block)));
        assert_eq!(outcome.is_ok(), accepted, "{after_parent_ms}: {outcome:?}");
    }
}

/// The proposal was made before the clocks were put right, and arrives afterwards.
#[test]
fn a_time_that_the_own_clock_has_shown_is_not_too_early() {
    let right = at(1).minus_millis(3_600_000);
    let block = &blocks(1)[0];
    refuse(
        &mut started_at(1, right),
        right,
        from(0, pre_prepare(block)),
    );
    let mut backup = started_at(1, right);
    give(&mut backup, at(1).minus_millis(500), tick());
    assert_eq!(
        give(&mut backup, right, from(0, pre_prepare(block))),
        [validate(block)]
    );
    let mut backup = started_at(1, right);
    give(&mut backup, at(1).minus_millis(501), tick());
    refuse(&mut backup, right, from(0, pre_prepare(block)));
}

#[test]
fn f_plus_1_prepares_make_a_late_proposal_acceptable_and_bad_ones_do_not() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    refuse(&mut backup, at(60), from(0, pre_prepare(block)));
    let bad = forged(Phase::Prepare, block);
    let bad = Message::Prepare(bad);
    assert_eq!(give(&mut backup, at(60), from(2, bad)), []);
    assert_eq!(
        give(&mut backup, at(60), from(3, prepare(3, block))),
        [validate(block)]
    );
}

#[test]
fn a_refused_proposal_gets_no_vote_and_is_not_asked_about_again() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    assert_eq!(
        give(&mut backup, at(1), verdict(block, Verdict::Invalid)),
        []
    );
    assert_eq!(give(&mut backup, at(1), from(0, pre_prepare(block))), []);
    assert_eq!(give(&mut backup, at(1), valid(block)), [], "too late");
    assert_eq!(give(&mut backup, at(2), tick()), [timer(), status(0)]);
}

#[test]
fn a_deferred_verdict_is_asked_for_again_at_the_tick() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), verdict(block, Verdict::Deferred));
    assert_eq!(
        give(&mut backup, at(2), tick()),
        [validate(block), timer(), status(0)]
    );
    assert_eq!(give(&mut backup, at(2), valid(block)).len(), 2);
}

#[test]
fn a_proposal_waits_for_the_height_before_to_be_executed() {
    let mut backup = started(3);
    let blocks = blocks(2);
    for n in [0, 1, 2] {
        give(&mut backup, at(1), from(n, commit(n, &blocks[0])));
    }
    give(&mut backup, at(1), from(0, pre_prepare(&blocks[0])));
    assert_eq!(backup.height(), Height(1));
    assert_eq!(
        give(&mut backup, at(2), from(1, pre_prepare(&blocks[1]))),
        []
    );
    assert_eq!(
        give(&mut backup, at(9), executed(1)),
        [validate(&blocks[1])]
    );
}

#[test]
fn wrong_roots_are_noticed_once_the_own_roots_are_known() {
    let mut backup = started(3);
    let mut blocks = blocks(2);
    for n in [0, 1, 2] {
        give(&mut backup, at(1), from(n, commit(n, &blocks[0])));
    }
    give(&mut backup, at(1), from(0, pre_prepare(&blocks[0])));
    blocks[1].header.executed.receipts = Digest::ZERO;
    give(&mut backup, at(2), from(1, pre_prepare(&blocks[1])));
    let (rejected, outputs) = refuse(&mut backup, at(2), executed(1));
    let proposer = ReplicaId(1);
    let fault = ProposalFault::WrongRoots;
    assert_eq!(rejected, Rejected::InvalidProposal { proposer, fault });
    assert_eq!(outputs, []);
}

#[test]
fn a_proposal_that_overtakes_the_decision_is_judged_by_its_arrival() {
    let mut backup = started(3);
    let blocks = blocks(2);
    give(&mut backup, at(1), from(0, pre_prepare(&blocks[0])));
    give(&mut backup, at(2), from(1, pre_prepare(&blocks[1])));
    give(&mut backup, at(2), from(2, prepare(2, &blocks[1])));
    let late = at(30);
    for n in [0, 1, 2] {
        give(&mut backup, late, from(n, commit(n, &blocks[0])));
    }
    assert_eq!(give(&mut backup, late, executed(1)), [validate(&blocks[1])]);
}

#[test]
fn a_block_that_others_committed_is_final_even_where_it_was_refused() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), verdict(block, Verdict::Invalid));
    for n in [0, 2, 3] {
        give(&mut backup, at(1), from(n, commit(n, block)));
    }
    assert_eq!(backup.height(), Height(1));
}

/// Before a block of the height before is known, nothing tells whose turn it is: a member out of turn is
/// kept beside the primary, and takes no room of it.
#[test]
fn a_proposal_out_of_turn_does_not_take_the_place_of_the_primarys() {
    let mut backup = started(3);
    let chain = blocks(2);
    let (first, second) = (&chain[0], &chain[1]);
    let mut out_of_turn = second.clone();
    out_of_turn.header.proposer = ReplicaId(2);
    assert_ne!(second.header.proposer, ReplicaId(2));
    give(&mut backup, at(1), from(2, pre_prepare(&out_of_turn)));
    let primary = second.header.proposer.0;
    give(&mut backup, at(1), from(primary, pre_prepare(second)));
    give(
        &mut backup,
        at(2),
        from(0, Message::Decided(decided(first))),
    );
    let outputs = give(&mut backup, at(2), executed(1));
    assert!(outputs.contains(&validate(second)), "{outputs:?}");
}
