//! A member without its log: the question, the answers, the heights at which it signs nothing.

use medshare_consensus::{Input, LogRecord, Message, Output, Recalled, Rejected, Replica};
use medshare_types::id::Height;

use crate::fixture::*;

const LOSS: [u8; 16] = [7; 16];

fn recall() -> Message<TestPayload> {
    Message::Recall { loss: LOSS }
}

fn recalled(height: u64, voted: bool) -> Message<TestPayload> {
    Message::Recalled(Recalled {
        loss: LOSS,
        height: Height(height),
        voted,
    })
}

/// A replica that has lost everything, and has asked.
fn lost(replica: u16) -> Replica<TestPayload> {
    let mut replica = Replica::recover_lost(config(replica), genesis(), [], LOSS).unwrap();
    assert_eq!(drain(&mut replica), [timer(), status(0), to_all(recall())]);
    replica
}

fn answer(replica: &mut Replica<TestPayload>, senders: &[u16], height: u64, voted: bool) {
    for sender in senders {
        give(replica, at(0), from(*sender, recalled(height, voted)));
    }
}

/// Takes part in a height as far as a replica that signs nothing does, and is served the block.
fn served(replica: &mut Replica<TestPayload>, position: u64, height: usize) {
    let block = &blocks(height as u64)[height - 1];
    give(replica, at(0), from(2, Message::Decided(decided(block))));
    give(replica, at(0), persisted(position));
    give(replica, at(0), executed(height as u64));
}

fn signs(outputs: &[Output<TestPayload>]) -> bool {
    let is_vote = |output: &Output<TestPayload>| {
        matches!(
            output,
            Output::Persist {
                record: LogRecord::Prepared { .. } | LogRecord::Committed { .. },
                ..
            }
        )
    };
    outputs.iter().any(is_vote)
}

/// Whether the replica prepares a proposal for the height after its tip.
fn prepares(replica: &mut Replica<TestPayload>, height: u64) -> bool {
    let block = blocks(height).pop().unwrap();
    let now = block.header.time;
    give(
        replica,
        now,
        from(block.header.proposer.0, pre_prepare(&block)),
    );
    signs(&give(replica, now, valid(&block)))
}

#[test]
fn it_signs_nothing_before_all_needed_answers_nor_below_their_bound() {
    for (voted, first) in [(false, 2), (true, 3)] {
        let mut backup = lost(3);
        assert!(!prepares(&mut backup, 1), "no answer yet");
        answer(&mut backup, &[0, 2], 0, voted);
        assert!(backup.is_lost());
        answer(&mut backup, &[0, 2], 0, voted);
        served(&mut backup, 1, 1);
        assert!(!prepares(&mut backup, 2), "two answers of three");
        // n+f+1−q = 3 answers: of those one may be a liar's, and one of the others voted.
        answer(&mut backup, &[1], 0, voted);
        let mut height = 2;
        while height < first {
            served(&mut backup, height, usize::try_from(height).unwrap());
            height += 1;
            if height < first {
                assert!(!prepares(&mut backup, height), "below {first}");
            }
        }
        assert!(!backup.is_lost(), "height {height} is above the bound");
        give(&mut backup, at(height), tick());
        let block = blocks(height).pop().unwrap();
        let outputs = if height == 2 {
            give(&mut backup, block.header.time, valid(&block))
        } else {
            let proposer = block.header.proposer.0;
            give(
                &mut backup,
                block.header.time,
                from(proposer, pre_prepare(&block)),
            );
            give(&mut backup, block.header.time, valid(&block))
        };
        assert!(signs(&outputs), "height {height}");
    }
}

/// A member that claims a height which does not exist holds up nothing by it.
#[test]
fn a_bare_number_is_no_answer() {
    let mut backup = lost(1);
    answer(&mut backup, &[3], u64::MAX, true);
    answer(&mut backup, &[0, 2], 0, false);
    served(&mut backup, 1, 1);
    served(&mut backup, 2, 2);
    assert!(
        backup.is_lost(),
        "an answer without its height does not count"
    );
    let other = Message::Recalled(Recalled {
        loss: [8; 16],
        height: Height(0),
        voted: false,
    });
    let (rejected, _) = refuse(&mut backup, at(0), from(3, other));
    assert!(
        matches!(rejected, Rejected::Unasked { .. }),
        "of another loss"
    );
}

#[test]
fn a_member_with_its_log_answers_once_a_tick_and_a_lost_one_never() {
    let block = &blocks(1)[0];
    let mut backup = started(2);
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), valid(block));
    give(&mut backup, at(1), persisted(1));
    assert_eq!(
        give(&mut backup, at(1), from(0, recall())),
        [to(&[0], recalled(0, true))]
    );
    assert_eq!(give(&mut backup, at(1), from(0, recall())), []);
    give(&mut backup, at(2), tick());
    assert_eq!(give(&mut backup, at(2), from(0, recall())).len(), 1);
    let mut other = lost(1);
    assert_eq!(give(&mut other, at(1), from(3, recall())), []);
}

/// A vote that is written and not durable is told of when it is.
#[test]
fn an_answer_waits_for_the_vote_that_it_tells_of() {
    let block = &blocks(1)[0];
    let mut backup = started(2);
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), valid(block));
    assert_eq!(give(&mut backup, at(1), from(3, recall())), []);
    let outputs = give(&mut backup, at(1), persisted(1));
    assert!(outputs.contains(&to(&[3], recalled(0, true))));
}

fn request() -> Input<TestPayload> {
    Input::Request(TestPayload(vec![7]))
}

/// It leaves the height to the primary of the next view.
#[test]
fn a_lost_primary_does_not_propose() {
    let mut primary = lost(0);
    let height = Height(1);
    give(&mut primary, at(0), Input::Waiting(true));
    for answered in [&[][..], &[1, 2, 3]] {
        answer(&mut primary, answered, 0, false);
        assert_eq!(
            refuse(&mut primary, at(1), request()),
            (Rejected::Abstaining { height }, vec![])
        );
    }
    assert_eq!(give(&mut primary, at(9), view_timer()), []);
}

/// A crash before the loss is over: the recorded proposal is repeated, and nothing else is signed.
#[test]
fn a_crash_does_not_end_a_loss() {
    let block = &blocks(1)[0];
    let record = prepared_record(1, block);
    let mut backup = Replica::recover_lost(config(1), genesis(), [record], LOSS).unwrap();
    let outputs = drain(&mut backup);
    assert!(outputs.contains(&to_all(recall())) && backup.is_lost());
    give(&mut backup, at(1), from(0, prepare(0, block)));
    let outputs = give(&mut backup, at(1), from(2, prepare(2, block)));
    assert!(
        !signs(&outputs),
        "a quorum prepared, and no commit is signed"
    );
}
