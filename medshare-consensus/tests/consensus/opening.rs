//! Members that missed a proposal follow f+1 others: in a later view with the proof in their hands.

use medshare_consensus::{Effect, Message, NewView, Offence, Output, Rejected, Replica};
use medshare_types::certificate::Phase;
use medshare_types::id::{Height, ReplicaId, View};

use crate::fixture::*;
use crate::views::*;

/// The question for what opened view 1 with its first block.
fn question() -> Message<TestPayload> {
    Message::FetchNewView {
        height: Height(1),
        view: View(1),
        digest: block_of_view(1).header.digest(),
    }
}

fn opened() -> NewView<TestPayload> {
    let Message::NewView(opened) = new_view_message(1, &[0, 1, 2], &block_of_view(1)) else {
        unreachable!("a new view")
    };
    opened
}

/// A backup that missed the proposal of view 1 and sees it prepared by seats 1 and 2, a minute later.
fn asking(replica: u16) -> Replica<TestPayload> {
    let block = block_of_view(1);
    let mut backup = started(replica);
    let prepare = |n| from(n, vote_in(n, Phase::Prepare, 1, &block));
    assert_eq!(give(&mut backup, at(60), prepare(1)), []);
    assert_eq!(
        give(&mut backup, at(60), prepare(2)),
        [to(&[1], question())]
    );
    assert_eq!(backup.view(), View(0), "until the proof is there");
    backup
}

fn exposed(outputs: &[Output<TestPayload>]) -> Option<(ReplicaId, &Offence)> {
    outputs.iter().find_map(|output| match output {
        Output::Effect(Effect::Misbehaviour(evidence)) => {
            assert_eq!(evidence.verify(&chain(), &committee(4)), Ok(()));
            Some((evidence.culprit, &evidence.offence))
        }
        _ => None,
    })
}

/// Otherwise f members that leave out f honest ones could stop every view.
#[test]
fn f_plus_1_prepares_stand_for_a_proposal_of_view_0() {
    let block = &blocks(1)[0];
    let mut backup = started(3);
    assert_eq!(give(&mut backup, at(60), from(0, prepare(0, block))), []);
    let height = Height(1);
    let digest = block.header.digest();
    assert_eq!(
        give(&mut backup, at(60), from(2, prepare(2, block))),
        [to(&[0], Message::FetchProposal { height, digest })]
    );
    assert_eq!(
        give(
            &mut backup,
            at(60),
            from(0, Message::Proposal(block.clone()))
        ),
        [validate(block)],
        "a first proposal is still judged"
    );
}

/// Where more than f members are Byzantine, a prepare that rests on their prepares alone could help
/// them to decide a second block, and convict none.
#[test]
fn f_plus_1_prepares_do_not_stand_for_the_proof_of_a_later_view() {
    let block = block_of_view(1);
    let mut backup = asking(3);
    let sender = ReplicaId(1);
    assert_eq!(
        refuse(
            &mut backup,
            at(60),
            from(1, Message::Proposal(block.clone()))
        ),
        (Rejected::Unsolicited { sender }, vec![])
    );
    let outputs = give(&mut backup, at(60), tick());
    assert!(
        outputs.contains(&to(&[2], question())),
        "the next one: {outputs:?}"
    );
    assert_eq!(
        give(&mut backup, at(60), from(2, Message::NewView(opened()))),
        [validate(&block)],
        "f+1 members found it in time"
    );
    assert_eq!(backup.view(), View(1));
    let outputs = give(&mut backup, at(60), valid(&block));
    assert_eq!(
        outputs[0],
        persist(1, opened_record(3, 1, &[0, 1, 2], &block))
    );
    let outputs = give(&mut backup, at(60), tick());
    assert!(!outputs.contains(&to(&[1], question())), "{outputs:?}");
}

#[test]
fn what_opened_a_view_needs_its_proof_and_its_primary_whoever_shows_it() {
    let block = block_of_view(1);
    let refused = |change: &dyn Fn(&mut NewView<TestPayload>)| {
        let mut backup = asking(3);
        give(&mut backup, at(60), tick());
        let mut shown = opened();
        change(&mut shown);
        let (rejected, outputs) = refuse(&mut backup, at(60), from(2, Message::NewView(shown)));
        assert_eq!(outputs, []);
        assert_eq!(backup.view(), View(0));
        rejected
    };
    let sender = ReplicaId(2);
    let view = View(1);
    assert_eq!(
        refused(&|shown| shown.proof.view_changes.truncate(2)),
        Rejected::UnprovenView { sender, view }
    );
    let Message::Prepare(own) = vote_in(2, Phase::Prepare, 1, &block) else {
        unreachable!("a prepare")
    };
    assert_eq!(
        refused(&|shown| shown.pre_prepare.signature = own.signature),
        Rejected::BadSignature { sender },
        "its own signature for the primary's"
    );
    assert!(matches!(
        refused(&|shown| shown.pre_prepare.proposal.payload.0.push(1)),
        Rejected::InvalidBlock {
            sender: ReplicaId(2),
            ..
        }
    ));
    assert_eq!(
        refused(&|shown| shown.pre_prepare.proposal.header.time = at(7)),
        Rejected::Unsolicited { sender },
        "another block than was asked for"
    );
}

/// An equivocating primary showed it a block that no honest member prepared.
#[test]
fn an_untimely_block_gives_way_to_the_one_that_f_plus_1_members_prepared() {
    let mut other = block_of_view(1);
    other.header.time = at(2);
    let block = block_of_view(1);
    let mut backup = started(3);
    let message = new_view_message(1, &[0, 1, 2], &other);
    refuse(&mut backup, at(60), from(1, message));
    let prepare = |n| from(n, vote_in(n, Phase::Prepare, 1, &block));
    give(&mut backup, at(60), prepare(0));
    let outputs = give(&mut backup, at(60), prepare(2));
    assert_eq!(outputs, [to(&[0], question())]);
    let shown = Message::NewView(opened());
    let (rejected, outputs) = refuse(&mut backup, at(60), from(0, shown));
    let (sender, height) = (ReplicaId(1), Height(1));
    assert_eq!(rejected, Rejected::Equivocation { sender, height });
    assert!(outputs.contains(&validate(&block)), "{outputs:?}");
    assert!(matches!(
        exposed(&outputs),
        Some((ReplicaId(1), Offence::TwoVotes { .. }))
    ));
}

/// After a crash as well: the log has what opened the view.
#[test]
fn a_member_that_prepared_in_a_later_view_shows_what_opened_it_once_between_ticks() {
    let block = block_of_view(1);
    let shown = to(&[2], Message::NewView(opened()));
    let mut backup = started(3);
    give(&mut backup, at(1), from(1, Message::NewView(opened())));
    assert_eq!(
        give(&mut backup, at(1), from(2, question())),
        [],
        "not prepared yet"
    );
    give(&mut backup, at(1), valid(&block));
    assert_eq!(
        give(&mut backup, at(1), from(2, question())),
        [],
        "not durable yet"
    );
    assert!(give(&mut backup, at(1), persisted(1)).contains(&shown));
    assert_eq!(give(&mut backup, at(1), from(2, question())), []);
    let log = [opened_record(3, 1, &[0, 1, 2], &block)];
    let mut recovered = Replica::recover(config(3), genesis(), log).unwrap();
    drain(&mut recovered);
    assert_eq!(give(&mut recovered, at(2), from(2, question())), [shown]);
    let other = Message::FetchNewView {
        height: Height(1),
        view: View(2),
        digest: block.header.digest(),
    };
    assert_eq!(give(&mut recovered, at(2), from(0, other)), []);
}

/// Its first proposer may be honest: a quorum prepared the header, and no more.
#[test]
fn a_changed_payload_of_a_certified_block_is_its_senders_fault() {
    let block = &blocks(1)[0];
    let changes = [0, 1, 2].map(|n| (n, view_change(n, 1, Some(block))));
    let mut shown = new_view(1, &changes, block);
    shown.pre_prepare.proposal.payload.0.push(1);
    let mut backup = started(3);
    let (rejected, _) = refuse(&mut backup, at(1), from(1, Message::NewView(shown)));
    assert_eq!(block.header.proposer, ReplicaId(0));
    assert_eq!(rejected.culprits(), [ReplicaId(1)]);
}

#[test]
fn the_proof_of_a_view_is_compared_with_the_commits_of_its_members() {
    let first = &blocks(1)[0];
    let forgotten = |outputs: &[Output<TestPayload>]| {
        let of = exposed(outputs);
        assert!(
            matches!(
                of,
                Some((ReplicaId(2), Offence::ForgottenCertificate { .. }))
            ),
            "{outputs:?}"
        );
    };
    let committed = || from(2, commit(2, first));
    let opening = || from(1, Message::NewView(opened()));
    let mut before = started(3);
    give(&mut before, at(1), committed());
    let (_, outputs) = refuse(&mut before, at(1), opening());
    forgotten(&outputs);
    assert!(
        outputs.contains(&validate(&block_of_view(1))),
        "the view is open all the same"
    );
    let mut after = started(3);
    give(&mut after, at(1), opening());
    let (_, outputs) = refuse(&mut after, at(1), committed());
    forgotten(&outputs);
}

#[test]
fn the_proof_of_a_view_is_compared_with_the_view_changes_of_its_members() {
    let first = &blocks(1)[0];
    let changed = |outputs: &[Output<TestPayload>]| {
        let of = exposed(outputs);
        assert!(
            matches!(of, Some((ReplicaId(2), Offence::TwoViewChanges { .. }))),
            "{outputs:?}"
        );
    };
    let other = || from(2, changes_view(2, 1, Some(first)));
    let opening = || from(1, Message::NewView(opened()));
    let mut before = started(3);
    give(&mut before, at(1), other());
    changed(&refuse(&mut before, at(1), opening()).1);
    let mut after = started(3);
    give(&mut after, at(1), opening());
    changed(&refuse(&mut after, at(1), other()).1);
}

/// The members that prepared it have all moved on to a later view, and it is not asked for any more.
#[test]
fn a_later_view_ends_the_question() {
    let mut backup = asking(3);
    for n in [1, 2] {
        give(&mut backup, at(60), from(n, changes_view(n, 2, None)));
    }
    assert_eq!(backup.view(), View(2));
    give(&mut backup, at(60), persisted(1));
    let outputs = give(&mut backup, at(60), tick());
    assert!(!outputs.contains(&to(&[2], question())), "{outputs:?}");
    let sender = ReplicaId(1);
    let view = View(1);
    let late = refuse(&mut backup, at(60), from(1, Message::NewView(opened()))).0;
    assert_eq!(late, Rejected::ViewOver { sender, view });
}
