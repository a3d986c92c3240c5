//! Views of one height: given up, opened, and never contradicted.

use medshare_consensus::{
    Effect, Input, LogRecord, Message, NewView, Offence, Output, Rejected, Replica,
};
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::id::{Height, ReplicaId, View};

use crate::fixture::*;
use crate::views::*;

/// A backup that has prepared block 1 of view 0, durably.
fn prepared(replica: u16) -> Replica<TestPayload> {
    let mut backup = started(replica);
    let block = &blocks(1)[0];
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), valid(block));
    give(&mut backup, at(1), persisted(1));
    backup
}

/// A backup that has committed block 1 in view 0, durably.
fn committed(replica: u16) -> Replica<TestPayload> {
    let mut backup = prepared(replica);
    let block = &blocks(1)[0];
    let second = if replica == 2 { 1 } else { 2 };
    give(&mut backup, at(1), from(second, prepare(second, block)));
    give(&mut backup, at(1), persisted(2));
    backup
}

fn signs(outputs: &[Output<TestPayload>]) -> bool {
    outputs
        .iter()
        .any(|output| matches!(output, Output::Persist { .. }))
}

#[test]
fn a_primary_that_is_silent_is_given_up_and_the_next_proposes() {
    let mut next = started(1);
    let change = view_change(1, 1, None);
    assert_eq!(
        give(&mut next, at(3), view_timer()),
        [persist(1, LogRecord::ViewChanged(change)), timer()]
    );
    assert_eq!(
        give(&mut next, at(3), persisted(1)),
        [to_all(changes_view(1, 1, None))]
    );
    let request = || Input::Request(block_of_view(1).payload);
    let view = View(1);
    give(&mut next, at(1), from(2, changes_view(2, 1, None)));
    assert_eq!(
        refuse(&mut next, at(1), request()).0,
        Rejected::ViewNotOpen { view }
    );
    give(&mut next, at(1), from(3, changes_view(3, 1, None)));
    assert_eq!(next.may_propose(), Ok(()));
    let block = block_of_view(1);
    assert_eq!(
        give(&mut next, at(1), request()),
        [persist(2, opened_record(1, 1, &[1, 2, 3], &block)), timer()]
    );
    assert_eq!(
        give(&mut next, at(1), persisted(2)),
        [to_all(new_view_message(1, &[1, 2, 3], &block))]
    );
}

#[test]
fn a_view_that_was_given_up_gets_no_votes() {
    let block = &blocks(1)[0];
    let mut backup = prepared(1);
    give(&mut backup, at(3), view_timer());
    give(&mut backup, at(3), persisted(2));
    for n in [0, 2, 3] {
        let outputs = give(&mut backup, at(3), from(n, prepare(n, block)));
        assert!(!signs(&outputs), "a quorum prepared, too late");
    }
    assert_eq!(backup.view(), View(1));
    for n in [0, 2, 3] {
        give(&mut backup, at(3), from(n, commit(n, block)));
    }
    assert_eq!(
        backup.height(),
        Height(1),
        "a quorum of commits decides in any view"
    );
}

#[test]
fn a_view_change_carries_the_certificate_of_a_commit() {
    let block = &blocks(1)[0];
    let mut backup = committed(1);
    let outputs = give(&mut backup, at(3), view_timer());
    let [
        Output::Persist {
            record: LogRecord::ViewChanged(change),
            ..
        },
        ..,
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    let certificate = change.certificate.as_ref();
    assert_eq!(
        certificate.map(|held| held.ballot),
        Some(block.ballot_in(View(0)))
    );
    let key = key(1).verifying_key();
    assert!(change.verify(&chain(), &committee(4), &key));
}

#[test]
fn f_plus_1_view_changes_are_joined_and_f_are_not() {
    let mut backup = started(3);
    assert!(!signs(&give(
        &mut backup,
        at(1),
        from(1, changes_view(1, 7, None))
    )));
    assert_eq!(backup.view(), View(0));
    assert!(signs(&give(
        &mut backup,
        at(1),
        from(2, changes_view(2, 3, None))
    )));
    assert_eq!(backup.view(), View(3), "the second highest of f+1 = 2");
}

#[test]
fn the_primary_of_a_later_view_proposes_a_certified_block_again() {
    let block = &blocks(1)[0];
    let mut next = committed(1);
    give(&mut next, at(3), view_timer());
    give(&mut next, at(3), persisted(3));
    give(&mut next, at(3), from(2, changes_view(2, 1, None)));
    let outputs = give(&mut next, at(3), from(3, changes_view(3, 1, None)));
    let [
        Output::Persist {
            record: LogRecord::Prepared { vote, proposal, .. },
            ..
        },
        ..,
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((vote.ballot.view, proposal), (View(1), block));
    assert!(next.may_propose().is_err());
}

/// It learns of the block by the view change of another member, and fetches it from a signer.
#[test]
fn a_primary_that_lacks_the_certified_block_fetches_it() {
    let block = &blocks(1)[0];
    let mut next = started(1);
    give(&mut next, at(3), view_timer());
    give(&mut next, at(3), persisted(1));
    give(&mut next, at(3), from(2, changes_view(2, 1, Some(block))));
    let height = Height(1);
    let digest = block.header.digest();
    let question = Message::FetchProposal { height, digest };
    assert_eq!(
        give(&mut next, at(3), from(3, changes_view(3, 1, None))),
        [to(&[0], question.clone())]
    );
    let sender = ReplicaId(2);
    let unasked = refuse(&mut next, at(3), from(2, Message::Proposal(block.clone()))).0;
    assert_eq!(unasked, Rejected::Unsolicited { sender });
    let outputs = give(&mut next, at(4), tick());
    assert!(
        outputs.contains(&to(&[2], question)),
        "the next signer: {outputs:?}"
    );
    let outputs = give(&mut next, at(4), from(2, Message::Proposal(block.clone())));
    assert!(signs(&outputs), "{outputs:?}");
}

#[test]
fn a_member_serves_an_undecided_block_once_between_ticks() {
    let block = &blocks(1)[0];
    let mut backup = prepared(2);
    let height = Height(1);
    let digest = block.header.digest();
    let question = || from(3, Message::FetchProposal { height, digest });
    assert_eq!(
        give(&mut backup, at(1), question()),
        [to(&[3], Message::Proposal(block.clone()))]
    );
    assert_eq!(give(&mut backup, at(1), question()), []);
}

#[test]
fn a_block_proposed_again_is_prepared_without_being_judged_again() {
    let block = &blocks(1)[0];
    let mut backup = started(3);
    let changes: Vec<_> = [0, 1, 2]
        .map(|n| (n, view_change(n, 1, Some(block))))
        .to_vec();
    let message = Message::NewView(new_view(1, &changes, block));
    // Its time is long past.
    let outputs = give(&mut backup, at(60), from(1, message));
    let [
        Output::Persist {
            record: LogRecord::Prepared { vote, .. },
            ..
        },
        ..,
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!(vote.ballot, block.ballot_in(View(1)));
}

#[test]
fn a_first_proposal_of_a_later_view_is_judged() {
    let block = block_of_view(1);
    let mut backup = started(3);
    let message = new_view_message(1, &[0, 1, 2], &block);
    assert_eq!(
        give(&mut backup, at(1), from(1, message.clone())),
        [validate(&block)]
    );
    assert_eq!(backup.view(), View(1));
    assert!(signs(&give(&mut backup, at(1), valid(&block))));
    let sender = ReplicaId(1);
    let view = View(1);
    let again = refuse(&mut backup, at(1), from(1, message)).0;
    assert_eq!(again, Rejected::ViewOver { sender, view });
}

fn refused(change: impl FnOnce(&mut NewView<TestPayload>)) -> Rejected {
    let block = block_of_view(1);
    let changes: Vec<_> = [0, 1, 2].map(|n| (n, view_change(n, 1, None))).to_vec();
    let mut new_view = new_view(1, &changes, &block);
    change(&mut new_view);
    let mut backup = started(3);
    let (rejected, outputs) = refuse(&mut backup, at(1), from(1, Message::NewView(new_view)));
    assert!(!signs(&outputs));
    assert_eq!(backup.view(), View(0));
    rejected
}

#[test]
fn a_new_view_needs_its_proof() {
    let sender = ReplicaId(1);
    let view = View(1);
    let unproven = Rejected::UnprovenView { sender, view };
    let first = blocks(1).remove(0);
    assert_eq!(
        refused(|n| n.proof.view_changes.truncate(2)),
        unproven,
        "no quorum"
    );
    assert_eq!(
        refused(|n| n.proof.view_changes[2] = n.proof.view_changes[1]),
        unproven,
        "counted twice"
    );
    let other_view = view_change(2, 2, None).vote;
    assert_eq!(
        refused(|n| n.proof.view_changes[2].1 = other_view),
        unproven,
        "of another view"
    );
    let forged = view_change(3, 1, None).vote;
    assert_eq!(
        refused(|n| n.proof.view_changes[2].1 = forged),
        unproven,
        "signed by another seat"
    );
    let claimed = view_change(2, 1, Some(&first));
    assert_eq!(
        refused(|n| n.proof.view_changes[2].1 = claimed.vote),
        unproven,
        "a claim without its certificate"
    );
    let certificate = claimed.certificate.clone();
    assert_eq!(
        refused(|n| n.proof.certificate = certificate.clone()),
        unproven,
        "a certificate without a claim"
    );
    let weak = prepared_by(&first, &[0, 1]);
    assert_eq!(
        refused(|n| {
            n.proof.view_changes[2].1 = claimed.vote;
            n.proof.certificate = Some(weak);
        }),
        unproven,
        "two prepares are no certificate"
    );
    assert_eq!(
        refused(|n| {
            n.proof.view_changes[2].1 = claimed.vote;
            n.proof.certificate = certificate;
        }),
        unproven,
        "another block than the claimed one"
    );
}

#[test]
fn only_the_primary_of_the_view_opens_it() {
    let block = block_of_view(1);
    let mut backup = started(3);
    let message = new_view_message(1, &[0, 1, 2], &block);
    let sender = ReplicaId(2);
    assert_eq!(
        refuse(&mut backup, at(1), from(2, message)).0,
        Rejected::Unsolicited { sender }
    );
}

#[test]
fn a_quorum_of_prepares_is_committed_without_an_own_prepare() {
    let block = &blocks(1)[0];
    let mut backup = started(3);
    give(&mut backup, at(60), Input::Waiting(true));
    refuse(&mut backup, at(60), from(0, pre_prepare(block)));
    // Late, and its application does not answer.
    give(&mut backup, at(60), from(1, prepare(1, block)));
    let outputs = give(&mut backup, at(60), from(2, prepare(2, block)));
    let commits = |output: &Output<TestPayload>| {
        matches!(
            output,
            Output::Persist {
                record: LogRecord::Committed {
                    proposal: Some(_),
                    ..
                },
                ..
            }
        )
    };
    assert!(outputs.iter().any(commits), "with the block: {outputs:?}");
}

#[test]
fn commits_of_one_view_decide_and_those_of_two_do_not() {
    let block = &blocks(1)[0];
    let mut backup = prepared(3);
    give(&mut backup, at(1), from(0, commit(0, block)));
    give(
        &mut backup,
        at(1),
        from(1, vote_in(1, Phase::Commit, 1, block)),
    );
    give(
        &mut backup,
        at(1),
        from(2, vote_in(2, Phase::Commit, 1, block)),
    );
    assert_eq!(backup.height(), Height(0));
    let outputs = give(
        &mut backup,
        at(1),
        from(0, vote_in(0, Phase::Commit, 1, block)),
    );
    assert_eq!(backup.height(), Height(1));
    let votes = [0, 1, 2].map(|n| match vote_in(n, Phase::Commit, 1, block) {
        Message::Commit(vote) => (ReplicaId(n), vote.signature),
        _ => unreachable!("a commit"),
    });
    let certificate = CommitCertificate {
        ballot: block.ballot_in(View(1)),
        votes: votes.to_vec(),
    };
    assert_eq!(outputs[0], persist(2, LogRecord::Decided { certificate }));
}

#[test]
fn a_member_that_is_behind_learns_by_its_view_change_that_the_height_is_decided() {
    let mut backup = started(3);
    pass(&mut backup, 1, &blocks(1)[0]);
    assert_eq!(
        give(&mut backup, at(2), from(2, changes_view(2, 1, None))),
        [to(&[2], status_of(1))]
    );
}

#[test]
fn a_view_change_that_forgets_a_commit_exposes_its_sender_once() {
    let block = &blocks(1)[0];
    let mut backup = prepared(3);
    give(&mut backup, at(1), from(2, commit(2, block)));
    let (rejected, outputs) = refuse(&mut backup, at(1), from(2, changes_view(2, 1, None)));
    let sender = ReplicaId(2);
    let height = Height(1);
    assert_eq!(rejected, Rejected::Equivocation { sender, height });
    let [Output::Effect(Effect::Misbehaviour(evidence)), ..] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert!(matches!(
        evidence.offence,
        Offence::ForgottenCertificate { .. }
    ));
    assert_eq!(evidence.verify(&chain(), &committee(4)), Ok(()));
    let (_, outputs) = refuse(&mut backup, at(1), from(2, commit(2, block)));
    assert_eq!(outputs, []);
}

#[test]
fn a_forged_view_change_counts_for_no_member() {
    let mut backup = started(3);
    give(&mut backup, at(1), from(1, changes_view(1, 1, None)));
    let sender = ReplicaId(2);
    let view = View(1);
    let (rejected, outputs) = refuse(&mut backup, at(1), from(2, changes_view(1, 1, None)));
    assert_eq!(
        (rejected, outputs),
        (Rejected::UnprovenView { sender, view }, vec![])
    );
}

/// Replay: the view stays given up, and the same bytes are sent.
#[test]
fn a_recorded_view_change_binds_after_a_crash() {
    let block = &blocks(1)[0];
    let log = [
        prepared_record(1, block),
        LogRecord::ViewChanged(view_change(1, 1, None)),
    ];
    let mut backup = Replica::recover(config(1), genesis(), log).unwrap();
    assert_eq!(
        drain(&mut backup),
        [timer(), to(&[0, 2, 3], changes_view(1, 1, None)), status(0)]
    );
    for n in [0, 2, 3] {
        assert!(!signs(&give(
            &mut backup,
            at(1),
            from(n, prepare(n, block))
        )));
    }
    assert_eq!(backup.view(), View(1));
}

#[test]
fn a_log_whose_views_fall_is_refused() {
    let block = &blocks(1)[0];
    let change = |view| LogRecord::ViewChanged(view_change(1, view, None));
    for log in [
        vec![change(1), prepared_record(1, block)],
        vec![change(2), change(1)],
        vec![change(1), change(1)],
    ] {
        assert!(Replica::recover(config(1), genesis(), log).is_err());
    }
}
