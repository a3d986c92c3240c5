//! Bad, repeated and contradicting votes.

use medshare_consensus::{
    Effect, Evidence, LogRecord, Message, Offence, Output, Proposal, ProposalFault, Rejected,
    Replica,
};
use medshare_types::certificate::Phase;
use medshare_types::id::{Height, ReplicaId};

use crate::fixture::*;

/// Replica 1 with its prepare for block 1 durable; the primary's counts too.
fn prepared() -> (Replica<TestPayload>, Proposal<TestPayload>) {
    let mut replica = started(1);
    let block = blocks(1).remove(0);
    give(&mut replica, at(1), from(0, pre_prepare(&block)));
    give(&mut replica, at(1), valid(&block));
    assert_eq!(
        give(&mut replica, at(1), persisted(1)),
        [to_all(prepare(1, &block))]
    );
    (replica, block)
}

fn other() -> Proposal<TestPayload> {
    let mut block = blocks(1).remove(0);
    block.header.time = block.header.time.plus_millis(1);
    block
}

#[test]
fn a_bad_vote_is_dropped_at_the_quorum_and_its_sender_is_verified_at_once() {
    let (mut replica, block) = prepared();
    let bad = Message::Prepare(forged(Phase::Prepare, &block));
    assert_eq!(
        give(&mut replica, at(1), from(2, bad)),
        [],
        "with it there would be a quorum; verification says no"
    );
    let bad = Message::Commit(forged(Phase::Commit, &block));
    let sender = ReplicaId(2);
    assert_eq!(
        refuse(&mut replica, at(1), from(2, bad)),
        (Rejected::BadSignature { sender }, vec![])
    );
    let outputs = give(&mut replica, at(1), from(2, prepare(2, &block)));
    assert_eq!(outputs.len(), 2, "the slot is open again: {outputs:?}");
}

#[test]
fn a_bad_prepare_of_the_primary_is_replaced_by_its_pre_prepare() {
    let mut replica = started(1);
    let block = blocks(1).remove(0);
    let bad = Message::Prepare(forged(Phase::Prepare, &block));
    give(&mut replica, at(1), from(0, bad));
    give(&mut replica, at(1), from(0, pre_prepare(&block)));
    give(&mut replica, at(1), valid(&block));
    give(&mut replica, at(1), persisted(1));
    let outputs = give(&mut replica, at(1), from(2, prepare(2, &block)));
    let Output::Persist {
        record: LogRecord::Committed { prepared, .. },
        ..
    } = &outputs[0]
    else {
        panic!("{outputs:?}")
    };
    assert!(prepared.verify(&chain(), &committee(4)));
}

#[test]
fn a_bad_vote_does_not_keep_good_ones_from_a_quorum() {
    let (mut replica, block) = prepared();
    for n in [0, 2] {
        let bad = Message::Commit(forged(Phase::Commit, &block));
        give(&mut replica, at(1), from(n, bad));
    }
    give(&mut replica, at(1), from(3, commit(3, &block)));
    assert_eq!(replica.height(), Height(0));
    give(&mut replica, at(1), from(0, commit(0, &block)));
    give(&mut replica, at(1), from(2, commit(2, &block)));
    assert_eq!(replica.height(), Height(1));
}

#[test]
fn two_proposals_are_evidence_once_and_the_first_stands() {
    let (mut replica, block) = prepared();
    let sender = ReplicaId(0);
    let height = Height(1);
    let second = other();
    let (rejected, outputs) = refuse(&mut replica, at(1), from(0, pre_prepare(&second)));
    assert_eq!(rejected, Rejected::Equivocation { sender, height });
    let evidence = Evidence {
        culprit: sender,
        offence: Offence::TwoVotes {
            phase: Phase::Prepare,
            first: vote(0, Phase::Prepare, &block),
            second: vote(0, Phase::Prepare, &second),
        },
    };
    assert_eq!(evidence.verify(&chain(), &committee(4)), Ok(()));
    assert_eq!(outputs, [Output::Effect(Effect::Misbehaviour(evidence))]);
    assert_eq!(
        refuse(&mut replica, at(1), from(0, pre_prepare(&second))),
        (Rejected::Equivocation { sender, height }, vec![])
    );
    assert_eq!(
        give(&mut replica, at(1), from(2, prepare(2, &block))).len(),
        2,
        "the first proposal goes on"
    );
}

#[test]
fn two_commits_are_evidence() {
    let (mut replica, block) = prepared();
    give(&mut replica, at(1), from(2, commit(2, &block)));
    let (rejected, outputs) = refuse(&mut replica, at(1), from(2, commit(2, &other())));
    let sender = ReplicaId(2);
    let height = Height(1);
    assert_eq!(rejected, Rejected::Equivocation { sender, height });
    let [Output::Effect(Effect::Misbehaviour(evidence))] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(evidence.culprit, sender);
    let commits = |offence: &Offence| {
        matches!(
            offence,
            Offence::TwoVotes {
                phase: Phase::Commit,
                ..
            }
        )
    };
    assert!(commits(&evidence.offence));
    assert_eq!(evidence.verify(&chain(), &committee(4)), Ok(()));
}

#[test]
fn a_bad_signature_is_no_evidence() {
    let (mut replica, block) = prepared();
    give(&mut replica, at(1), from(2, commit(2, &block)));
    let bad = Message::Commit(forged(Phase::Commit, &other()));
    let sender = ReplicaId(2);
    assert_eq!(
        refuse(&mut replica, at(1), from(2, bad)),
        (Rejected::BadSignature { sender }, vec![]),
        "the new one is bad"
    );
    let bad = Message::Commit(forged(Phase::Commit, &other()));
    give(&mut replica, at(1), from(3, bad));
    assert_eq!(
        give(&mut replica, at(1), from(3, commit(3, &block))),
        [],
        "the old one was bad, the new one takes its place"
    );
    give(&mut replica, at(1), from(0, commit(0, &block)));
    assert_eq!(replica.height(), Height(1));
}

#[test]
fn a_vote_repeated_counts_once() {
    let (mut replica, block) = prepared();
    for _ in 0..3 {
        give(&mut replica, at(1), from(2, commit(2, &block)));
        give(&mut replica, at(1), from(3, commit(3, &block)));
    }
    assert_eq!(replica.height(), Height(0));
}

#[test]
fn a_vote_counts_for_its_phase_chain_and_sender_only() {
    for disguised in [
        vote(2, Phase::Commit, &blocks(1)[0]),
        vote(3, Phase::Prepare, &blocks(1)[0]),
    ] {
        let (mut replica, _) = prepared();
        let message = Message::Prepare(disguised);
        assert_eq!(give(&mut replica, at(1), from(2, message)), []);
    }
}

#[test]
fn votes_of_other_epochs_strangers_and_oneself_are_refused() {
    let (mut replica, block) = prepared();
    let mut late = vote(2, Phase::Prepare, &block);
    late.ballot.epoch = late.ballot.epoch.next();
    let (rejected, _) = refuse(&mut replica, at(1), from(2, Message::Prepare(late)));
    assert!(matches!(rejected, Rejected::WrongEpoch { .. }));
    for sender in [1, 4, u16::MAX] {
        let message = prepare(2, &block);
        let (rejected, _) = refuse(&mut replica, at(1), from(sender, message));
        let sender = ReplicaId(sender);
        assert_eq!(rejected, Rejected::UnknownSender { sender });
    }
}

#[test]
fn votes_for_decided_heights_change_nothing() {
    let mut replica = started(1);
    let blocks = blocks(1);
    pass(&mut replica, 1, &blocks[0]);
    assert_eq!(
        give(&mut replica, at(2), from(3, commit(3, &blocks[0]))),
        []
    );
    assert_eq!(
        give(&mut replica, at(2), from(0, pre_prepare(&blocks[0]))),
        []
    );
    let mut zero = vote(3, Phase::Commit, &blocks[0]);
    zero.ballot.height = Height(0);
    assert_eq!(
        give(&mut replica, at(2), from(3, Message::Commit(zero))),
        []
    );
}

#[test]
fn only_faults_that_honest_members_cannot_show_name_culprits() {
    let (mut replica, block) = prepared();
    let sender = ReplicaId(2);
    let bad = Message::PrePrepare(pre_prepare_of(&block));
    let (rejected, _) = refuse(&mut replica, at(1), from(2, bad));
    assert_eq!(rejected.culprits(), [sender]);

    let (rejected, _) = refuse(&mut replica, at(1), from(2, prepare(2, &blocks(3)[2])));
    assert_eq!(
        rejected,
        Rejected::TooFarAhead {
            sender,
            height: Height(3)
        }
    );
    assert_eq!(rejected.culprits(), [], "an honest member may be ahead");

    let proposer = ReplicaId(0);
    let invalid = |fault| Rejected::InvalidProposal { proposer, fault };
    assert_eq!(invalid(ProposalFault::WrongPayload).culprits(), [proposer]);
    assert_eq!(
        invalid(ProposalFault::WrongRoots).culprits(),
        [],
        "this replica's own state may be wrong"
    );
}
