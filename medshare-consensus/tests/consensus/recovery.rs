//! A crash after every record, and logs that are refused.

use medshare_consensus::{Input, LogRecord, Output, Proposal, Rejected, ReplayError, Replica, Tip};
use medshare_types::certificate::Phase;
use medshare_types::id::Height;

use crate::fixture::*;

fn committed_record(replica: u16, block: &Proposal<TestPayload>) -> LogRecord<TestPayload> {
    LogRecord::Committed {
        prepared: prepared_by(block, &[0, 1, 2]),
        vote: vote(replica, Phase::Commit, block),
        proposal: None,
    }
}

fn decided_record(block: &Proposal<TestPayload>) -> LogRecord<TestPayload> {
    let certificate = certificate(block, &[0, 1, 2]);
    LogRecord::Decided { certificate }
}

fn commit_output(block: &Proposal<TestPayload>) -> Output<TestPayload> {
    delivered(block, &[0, 1, 2])
}

fn recover(
    replica: u16,
    tip: Tip,
    log: Vec<LogRecord<TestPayload>>,
) -> Result<Replica<TestPayload>, ReplayError> {
    Replica::recover(config(replica), tip, log)
}

fn tip_at(block: &Proposal<TestPayload>) -> Tip {
    Tip {
        height: block.header.height,
        digest: block.header.digest(),
        time: block.header.time,
        ordered: true,
        executed: roots(block.header.height.0),
        record: record_after(&blocks(block.header.height.0)),
    }
}

/// Its proposal comes again from the members that hold it, or its view is given up.
#[test]
fn a_primary_repeats_its_recorded_vote_and_makes_no_other() {
    let block = &blocks(1)[0];
    let mut primary = recover(0, genesis(), vec![prepared_record(0, block)]).unwrap();
    assert_eq!(
        drain(&mut primary),
        [timer(), to(&[1, 2, 3], prepare(0, block)), status(0)]
    );
    let height = Height(1);
    assert_eq!(
        refuse(&mut primary, at(50), Input::Request(TestPayload(vec![7]))),
        (Rejected::InFlight { height }, vec![])
    );
    give(&mut primary, at(50), from(1, prepare(1, block)));
    assert_eq!(
        give(&mut primary, at(50), from(2, prepare(2, block))).len(),
        2,
        "its own vote counts without being recorded again"
    );
}

#[test]
fn a_backup_repeats_its_recorded_vote_and_accepts_no_other_proposal() {
    let block = &blocks(1)[0];
    let mut backup = recover(1, genesis(), vec![prepared_record(1, block)]).unwrap();
    assert_eq!(
        drain(&mut backup),
        [timer(), to(&[0, 2, 3], prepare(1, block)), status(0)]
    );
    let mut other = block.clone();
    other.header.time = other.header.time.plus_millis(1);
    assert_eq!(give(&mut backup, at(1), from(0, pre_prepare(&other))), []);
    let (rejected, _) = refuse(&mut backup, at(90), from(0, pre_prepare(block)));
    assert!(matches!(rejected, Rejected::Equivocation { .. }));
}

#[test]
fn a_recorded_commit_is_repeated_and_counts() {
    let block = &blocks(1)[0];
    let log = vec![prepared_record(1, block), committed_record(1, block)];
    let mut backup = recover(1, genesis(), log).unwrap();
    assert_eq!(
        drain(&mut backup),
        [
            timer(),
            to(&[0, 2, 3], prepare(1, block)),
            to(&[0, 2, 3], commit(1, block)),
            status(0)
        ]
    );
    give(&mut backup, at(1), from(0, commit(0, block)));
    assert_eq!(
        give(&mut backup, at(1), from(2, commit(2, block))),
        [
            persist(1, decided_record(block)),
            timer(),
            delivered(block, &[0, 1, 2])
        ]
    );
}

#[test]
fn blocks_that_the_ledger_has_lost_come_out_of_the_log() {
    let blocks = blocks(3);
    let log = vec![
        prepared_record(1, &blocks[0]),
        committed_record(1, &blocks[0]),
        decided_record(&blocks[0]),
        LogRecord::Adopted(decided(&blocks[1])),
        prepared_record(1, &blocks[2]),
    ];
    let mut backup = recover(1, genesis(), log.clone()).unwrap();
    let outputs = drain(&mut backup);
    assert_eq!(
        outputs,
        [
            timer(),
            commit_output(&blocks[0]),
            commit_output(&blocks[1]),
            to(&[0, 2, 3], prepare(1, &blocks[2])),
            status(2)
        ]
    );
    give(&mut backup, at(5), executed(1));
    give(&mut backup, at(5), executed(2));

    for kept in 0..=3 {
        let tip = tip_at(&blocks[0]);
        let mut backup = recover(1, tip, log[kept..].to_vec()).unwrap();
        let outputs = drain(&mut backup);
        assert_eq!(outputs[1], commit_output(&blocks[1]), "{kept} records cut");
        assert_eq!(outputs.len(), 4);
    }
    let mut backup = recover(1, tip_at(&blocks[2]), log).unwrap();
    assert_eq!(
        drain(&mut backup),
        [timer(), status(3)],
        "all is in the ledger"
    );
}

#[test]
fn a_block_that_was_not_prepared_here_may_still_be_adopted() {
    let block = &blocks(1)[0];
    let mut other = block.clone();
    other.header.time = other.header.time.plus_millis(1);
    let log = vec![
        prepared_record(1, &other),
        LogRecord::Adopted(decided(block)),
    ];
    let mut backup = recover(1, genesis(), log).unwrap();
    assert_eq!(
        drain(&mut backup),
        [timer(), commit_output(block), status(1)]
    );
}

#[test]
fn a_log_that_does_not_fit_is_refused() {
    let blocks = blocks(3);
    let [one, two, three] = &blocks[..] else {
        panic!("three blocks")
    };
    let error = |log| recover(1, genesis(), log).err();
    let contradiction = |height| {
        Some(ReplayError::Contradiction {
            height: Height(height),
        })
    };
    assert_eq!(
        error(vec![LogRecord::Adopted(decided(three))]),
        Some(ReplayError::Gap {
            expected: Height(1),
            found: Height(3)
        })
    );
    let mut other = one.clone();
    other.header.previous = two.header.digest();
    assert_eq!(error(vec![prepared_record(1, &other)]), contradiction(1));
    assert_eq!(
        error(vec![LogRecord::Adopted(decided(&other))]),
        contradiction(1)
    );
    assert_eq!(
        error(vec![prepared_record(1, one), prepared_record(1, one)]),
        contradiction(1),
        "a height is prepared once"
    );
    assert_eq!(error(vec![committed_record(1, one)]), contradiction(1));
    assert_eq!(error(vec![decided_record(one)]), contradiction(1));
    assert_eq!(
        error(vec![prepared_record(1, one), decided_record(&other)]),
        contradiction(1)
    );
    let mut tip = genesis();
    tip.height = Height(1);
    assert_eq!(
        recover(1, tip, vec![]).err(),
        Some(ReplayError::RootsOfAnotherHeight {
            tip: Height(1),
            executed: Height(0)
        })
    );
}

#[test]
fn a_record_of_another_block_is_refused() {
    let [first, second] = &blocks(2)[..] else {
        panic!("two blocks")
    };
    let wrong = |record, recorded| {
        let tip = Tip {
            record,
            ..tip_at(second)
        };
        let error = recover(1, tip, vec![]).err();
        let tip = Height(2);
        assert_eq!(
            error,
            Some(ReplayError::RecordOfAnotherBlock { tip, recorded })
        );
    };
    wrong(record(), None);
    wrong(tip_at(first).record, Some(Height(1)));
    let mut other = second.clone();
    other.header.time = at(9);
    let mut record = tip_at(first).record;
    record.follow(&other.header, &[], &[]);
    wrong(record, Some(Height(2)));
}
