//! Votes that a primary was late: when they are signed, and that they are signed once.

use medshare_consensus::{
    Effect, Input, LateVote, LogRecord, Message, Output, Rejected, Replica, Timer, Verdict,
};
use medshare_types::id::{Height, ReplicaId, View};

use crate::fixture::*;
use crate::views::*;

/// Half of the first view's time, milliseconds.
const HALF_MS: u64 = 1_000;

fn late_vote(replica: u16, view: u64) -> LateVote {
    LateVote::sign(&chain(), (EPOCH, Height(1), View(view)), &key(replica))
}

fn is_late(replica: u16, view: u64) -> Message<TestPayload> {
    Message::Late(late_vote(replica, view))
}

fn late_timer() -> Input<TestPayload> {
    Input::Timer(Timer::Late)
}

/// Half of the first view's time after the start of height 1.
fn half() -> medshare_types::time::Timestamp {
    at(0).plus_millis(HALF_MS)
}

fn record(position: u64, replica: u16, view: u64) -> Output<TestPayload> {
    persist(position, LogRecord::Late(late_vote(replica, view)))
}

#[test]
fn a_silent_primary_is_late_after_half_its_time_once() {
    let mut backup = Replica::new(config(2), genesis()).unwrap();
    drain(&mut backup);
    backup.handle(now(at(0)), Input::Waiting(true)).unwrap();
    let starts = Output::Effect(Effect::SetTimer {
        timer: Timer::Late,
        after_ms: HALF_MS,
    });
    assert!(drain_all(&mut backup).contains(&starts));
    let early = at(0).plus_millis(HALF_MS - 1);
    assert_eq!(give(&mut backup, early, late_timer()), [], "a stale timer");
    assert_eq!(give(&mut backup, half(), late_timer()), [record(1, 2, 0)]);
    assert_eq!(
        give(&mut backup, half(), persisted(1)),
        [to_all(is_late(2, 0))],
        "once the record is durable"
    );
    assert_eq!(give(&mut backup, at(4), late_timer()), []);
    let again = give(&mut backup, at(4), tick());
    assert!(again.contains(&to(&[0, 1, 3], is_late(2, 0))), "{again:?}");
}

#[test]
fn only_an_acceptable_proposal_is_in_time() {
    let block = &blocks(1)[0];
    let proposed = |replica| {
        let mut backup = started(replica);
        give(&mut backup, at(1), from(0, pre_prepare(block)));
        backup
    };
    let mut backup = proposed(2);
    give(&mut backup, half(), valid(block));
    assert_eq!(give(&mut backup, half(), late_timer()), []);
    for refusal in [Verdict::Invalid, Verdict::Deferred] {
        let mut backup = proposed(2);
        give(&mut backup, half(), verdict(block, refusal));
        assert_eq!(give(&mut backup, half(), late_timer()), [record(1, 2, 0)]);
    }
    let mut backup = proposed(2);
    assert_eq!(
        give(&mut backup, half(), late_timer()),
        [record(1, 2, 0)],
        "not judged yet"
    );
}

#[test]
fn a_member_that_joined_a_later_view_still_tells_of_the_earlier() {
    let mut backup = started(3);
    for n in [1, 2] {
        give(&mut backup, at(0), from(n, changes_view(n, 1, None)));
    }
    assert_eq!(backup.view(), View(1));
    give(&mut backup, at(0), persisted(1));
    assert_eq!(give(&mut backup, half(), late_timer()), [record(2, 3, 0)]);
    // The second view opened with its quorum, and has twice the time.
    assert_eq!(give(&mut backup, half(), late_timer()), []);
    let later = at(0).plus_millis(2 * HALF_MS);
    assert_eq!(give(&mut backup, later, late_timer()), [record(3, 3, 1)]);
}

#[test]
fn nothing_is_said_of_a_decided_height() {
    let mut backup = started(3);
    let block = &blocks(1)[0];
    pass(&mut backup, 1, block);
    assert_eq!(give(&mut backup, half(), late_timer()), []);
}

#[test]
fn a_recorded_late_vote_is_sent_again_and_not_signed_again() {
    let records = || [LogRecord::Late(late_vote(2, 0))];
    let mut backup = Replica::recover(config(2), genesis(), records()).unwrap();
    let outputs = drain(&mut backup);
    let again = to(&[0, 1, 3], is_late(2, 0));
    assert!(outputs.contains(&again), "{outputs:?}");
    give(&mut backup, at(0), Input::Waiting(true));
    assert_eq!(give(&mut backup, half(), late_timer()), []);
}

#[test]
fn a_member_that_lost_its_votes_says_nothing() {
    let mut lost = Replica::recover_lost(config(2), genesis(), [], [7; 16]).unwrap();
    drain(&mut lost);
    give(&mut lost, at(0), Input::Waiting(true));
    assert_eq!(give(&mut lost, half(), late_timer()), []);
}

#[test]
fn late_votes_are_of_this_epoch_and_of_heights_that_are_kept() {
    let mut backup = started(2);
    assert_eq!(give(&mut backup, at(0), from(1, is_late(1, 0))), []);
    let mut vote = late_vote(1, 0);
    vote.height = Height(9);
    let (rejected, _) = refuse(&mut backup, at(0), from(1, Message::Late(vote)));
    let (sender, height) = (ReplicaId(1), Height(9));
    assert_eq!(rejected, Rejected::TooFarAhead { sender, height });
    vote.epoch = EPOCH.next();
    let (rejected, _) = refuse(&mut backup, at(0), from(1, Message::Late(vote)));
    assert!(matches!(rejected, Rejected::WrongEpoch { .. }));
}
