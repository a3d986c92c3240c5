//! One height from request to commit: the exact outputs of primary and backup.

use medshare_consensus::{
    Effect, Input, LogPosition, LogRecord, MAX_PAYLOAD_LEN, Output, Rejected, ReplayError, Replica,
    Timer, Verdict,
};
use medshare_types::certificate::Phase;
use medshare_types::id::{Height, ReplicaId};

use crate::fixture::*;

#[test]
fn the_primary_logs_its_proposal_before_sending_it() {
    let mut primary = started(0);
    let block = &blocks(1)[0];
    let record = prepared_record(0, block);
    assert_eq!(
        give(&mut primary, at(1), Input::Request(block.payload.clone())),
        [persist(1, record), timer()]
    );
    assert_eq!(
        give(&mut primary, at(1), persisted(1)),
        [to_all(pre_prepare(block))]
    );
    assert_eq!(
        give(&mut primary, at(1), from(1, prepare(1, block))),
        [],
        "two of three prepares"
    );
    let record = LogRecord::Committed {
        prepared: prepared_by(block, &[0, 1, 3]),
        vote: vote(0, Phase::Commit, block),
        proposal: None,
    };
    assert_eq!(
        give(&mut primary, at(1), from(3, prepare(3, block))),
        [persist(2, record), timer()]
    );
    assert_eq!(give(&mut primary, at(1), from(1, commit(1, block))), []);
    assert_eq!(
        give(&mut primary, at(1), from(3, commit(3, block))),
        [],
        "the own commit does not count before it is durable"
    );
    let record = LogRecord::Decided {
        certificate: certificate(block, &[0, 1, 3]),
    };
    assert_eq!(
        give(&mut primary, at(1), persisted(2)),
        [
            persist(3, record),
            timer(),
            to_all(commit(0, block)),
            delivered(block, &[0, 1, 3])
        ],
        "a final block waits for no sync"
    );
    assert_eq!(primary.height(), Height(1));
}

#[test]
fn a_backup_prepares_a_payload_that_its_application_accepts() {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    assert_eq!(
        give(&mut backup, at(1), from(0, pre_prepare(block))),
        [validate(block)]
    );
    let record = prepared_record(1, block);
    assert_eq!(
        give(&mut backup, at(1), valid(block)),
        [persist(1, record), timer()]
    );
    assert_eq!(
        give(&mut backup, at(1), from(2, prepare(2, block))),
        [],
        "the own prepare does not count before it is durable"
    );
    let record = LogRecord::Committed {
        prepared: prepared_by(block, &[0, 1, 2]),
        vote: vote(1, Phase::Commit, block),
        proposal: None,
    };
    assert_eq!(
        give(&mut backup, at(1), persisted(1)),
        [persist(2, record), timer(), to_all(prepare(1, block))]
    );
    assert_eq!(
        give(&mut backup, at(1), persisted(2)),
        [to_all(commit(1, block))]
    );
    give(&mut backup, at(1), from(2, commit(2, block)));
    let outputs = give(&mut backup, at(1), from(3, commit(3, block)));
    let certificate = certificate(block, &[1, 2, 3]);
    let record = LogRecord::Decided { certificate };
    let delivered = delivered(block, &[1, 2, 3]);
    assert_eq!(outputs, [persist(3, record), timer(), delivered]);
}

/// Member 1 has prepared, and decides by others' commits, before any record is durable.
fn decided_by_others() -> Replica<TestPayload> {
    let mut backup = started(1);
    let block = &blocks(1)[0];
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), valid(block));
    for n in [0, 2, 3] {
        give(&mut backup, at(1), from(n, commit(n, block)));
    }
    assert_eq!(
        backup.height(),
        Height(1),
        "a quorum of others has committed it"
    );
    backup
}

#[test]
fn one_sync_may_cover_several_records_and_keeps_the_order() {
    let mut backup = decided_by_others();
    let block = &blocks(1)[0];
    assert_eq!(
        give(&mut backup, at(1), persisted(2)),
        [
            to_all(prepare(1, block)),
            delivered(block, &[0, 2, 3]),
            to_all(commit(1, block)),
        ],
        "credit rests on the own commit, so it follows"
    );
}

/// A crash before would leave a commit behind which no certificate is recorded.
#[test]
fn a_commit_of_a_decided_block_waits_for_the_record_of_it() {
    let mut backup = decided_by_others();
    let block = &blocks(1)[0];
    assert_eq!(
        give(&mut backup, at(1), persisted(1)),
        [to_all(prepare(1, block)), delivered(block, &[0, 2, 3])]
    );
    assert_eq!(
        give(&mut backup, at(1), persisted(2)),
        [to_all(commit(1, block))]
    );
}

#[test]
fn a_height_follows_the_other_once_it_is_executed() {
    let blocks = blocks(3);
    let mut backup = started(3);
    pass(&mut backup, 1, &blocks[0]);
    pass(&mut backup, 4, &blocks[1]);
    pass(&mut backup, 7, &blocks[2]);
}

#[test]
fn a_primary_waits_for_decision_and_execution() {
    let mut primary = started(0);
    let block = &blocks(1)[0];
    let request = || Input::Request(TestPayload(vec![9]));
    give(&mut primary, at(1), Input::Request(block.payload.clone()));
    assert_eq!(
        refuse(&mut primary, at(2), request()),
        (Rejected::InFlight { height: Height(1) }, vec![])
    );

    let mut next = started(1);
    give(&mut next, at(1), from(0, pre_prepare(block)));
    for n in [0, 2, 3] {
        give(&mut next, at(1), from(n, commit(n, block)));
    }
    assert_eq!(
        refuse(&mut next, at(2), request()),
        (Rejected::NotExecuted { height: Height(1) }, vec![])
    );
    give(&mut next, at(2), executed(1));
    assert_eq!(next.may_propose(), Ok(()));
    assert_eq!(give(&mut next, at(2), request()).len(), 2);
}

#[test]
fn a_primary_whose_clock_is_behind_dates_its_block_after_the_parent() {
    let mut primary = started(0);
    let early = genesis().time.minus_millis(60_000);
    let outputs = give(&mut primary, early, Input::Request(TestPayload(vec![9])));
    let Output::Persist {
        record: LogRecord::Prepared { proposal, .. },
        ..
    } = &outputs[0]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!(proposal.header.time, genesis().time.plus_millis(1));
}

#[test]
fn an_idle_chain_gets_a_block_at_the_heartbeat() {
    let mut primary = Replica::new(config(0), genesis()).unwrap();
    drain(&mut primary);
    assert_eq!(primary.handle(now(at(0)), Input::Waiting(false)), Ok(()));
    assert_eq!(
        drain_all(&mut primary),
        [Output::Effect(Effect::SetTimer {
            timer: Timer::Heartbeat,
            after_ms: HEARTBEAT_MS
        })]
    );
    let empty = || Input::Request(TestPayload(vec![]));
    assert_eq!(refuse(&mut primary, at(1), empty()).0, Rejected::NotDue);
    give(&mut primary, at(5), Input::Timer(Timer::Heartbeat));
    assert_eq!(give(&mut primary, at(5), empty()).len(), 2);
}

#[test]
fn a_backup_does_not_propose() {
    let mut backup = started(1);
    let (rejected, outputs) = refuse(&mut backup, at(1), Input::Request(TestPayload(vec![])));
    let primary = ReplicaId(0);
    assert_eq!(rejected, Rejected::NotPrimary { primary });
    assert_eq!(outputs, []);
}

#[test]
fn a_payload_too_long_to_decode_is_not_proposed() {
    let mut primary = started(0);
    let payload = TestPayload(vec![0; MAX_PAYLOAD_LEN - 3]);
    let (rejected, _) = refuse(&mut primary, at(1), Input::Request(payload));
    assert_eq!(
        rejected,
        Rejected::PayloadTooLong {
            length: MAX_PAYLOAD_LEN + 1,
            limit: MAX_PAYLOAD_LEN
        }
    );
}

#[test]
fn reports_of_events_that_never_happened_are_refused() {
    let mut replica = started(1);
    let position = LogPosition(1);
    assert_eq!(
        refuse(&mut replica, at(1), persisted(1)).0,
        Rejected::UnknownPosition { position }
    );
    let height = Height(1);
    assert_eq!(
        refuse(&mut replica, at(1), executed(1)).0,
        Rejected::UnexpectedRoots { height }
    );
    let block = &blocks(1)[0];
    assert_eq!(
        give(&mut replica, at(1), verdict(block, Verdict::Valid)),
        [],
        "no question was open"
    );
}

#[test]
fn a_seat_without_its_key_follows_and_signs_nothing() {
    let mut stranger = config(1);
    stranger.replica = ReplicaId(4);
    let replica = ReplicaId(4);
    let error = Replica::<TestPayload>::new(stranger, genesis()).err();
    assert_eq!(error, Some(ReplayError::UnknownReplica { replica }));

    let mut keyless = config(1);
    keyless.signing_keys = vec![key(2)];
    let mut replica = Replica::new(keyless, genesis()).unwrap();
    drain(&mut replica);
    assert!(!replica.is_seated());
    let block = &blocks(1)[0];
    let persists = |outputs: &[Output<TestPayload>]| {
        let mut outputs = outputs.iter();
        outputs.any(|output| matches!(output, Output::Persist { record, .. } if record.is_vote()))
    };
    let mut outputs = give(&mut replica, at(1), from(0, pre_prepare(block)));
    outputs.extend(give(&mut replica, at(1), verdict(block, Verdict::Valid)));
    outputs.extend(give(&mut replica, at(9), view_timer()));
    for n in [0, 2, 3] {
        outputs.extend(give(&mut replica, at(1), from(n, prepare(n, block))));
    }
    assert!(!persists(&outputs));
    for n in [0, 2, 3] {
        outputs.extend(give(&mut replica, at(1), from(n, commit(n, block))));
    }
    assert!(!persists(&outputs));
    assert_eq!(replica.height(), Height(1), "it counts the votes of others");
}
