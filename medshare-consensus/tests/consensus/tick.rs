//! Messages that the tick sends again, and their recipients.

use medshare_consensus::{Input, Message};
use medshare_types::id::Height;

use crate::fixture::*;

#[test]
fn an_idle_replica_sends_its_status() {
    let mut replica = started(2);
    assert_eq!(give(&mut replica, at(1), tick()), [timer(), status(0)]);
}

#[test]
fn a_final_block_that_is_not_synced_holds_up_no_tick() {
    let mut replica = started(2);
    let block = &blocks(1)[0];
    for n in [0, 1, 3] {
        give(&mut replica, at(1), from(n, commit(n, block)));
    }
    let fetch = Message::FetchProposal {
        height: Height(1),
        digest: block.header.digest(),
    };
    assert_eq!(
        give(&mut replica, at(1), tick()),
        [timer(), to(&[1], fetch), status(0)]
    );
    give(
        &mut replica,
        at(1),
        from(1, Message::Proposal(block.clone())),
    );
    assert_eq!(replica.height(), Height(1));
    assert_eq!(give(&mut replica, at(2), tick()), [timer(), status(1)]);
}

#[test]
fn the_primary_repeats_its_proposal_to_members_that_have_not_voted() {
    let mut primary = started(0);
    let block = &blocks(1)[0];
    give(&mut primary, at(1), Input::Request(block.payload.clone()));
    assert_eq!(
        give(&mut primary, at(2), tick()),
        [timer()],
        "nothing is repeated that is not durable"
    );
    give(&mut primary, at(2), persisted(1));
    give(&mut primary, at(2), from(2, prepare(2, block)));
    give(&mut primary, at(2), from(3, commit(3, block)));
    assert_eq!(
        give(&mut primary, at(3), tick()),
        [timer(), to(&[1], pre_prepare(block)), status(0)]
    );
}

#[test]
fn a_backup_repeats_its_votes_to_members_that_have_not_answered() {
    let mut backup = started(1);
    let blocks = blocks(2);
    let block = &blocks[0];
    give(&mut backup, at(1), from(0, pre_prepare(block)));
    give(&mut backup, at(1), valid(block));
    give(&mut backup, at(1), persisted(1));
    assert_eq!(
        give(&mut backup, at(2), tick()),
        [timer(), to(&[0, 2, 3], prepare(1, block)), status(0)]
    );
    give(&mut backup, at(2), from(0, commit(0, block)));
    give(&mut backup, at(2), from(2, prepare(2, block)));
    give(&mut backup, at(2), persisted(2));
    // A vote at the height after shows that its sender has decided this one.
    give(&mut backup, at(2), from(3, prepare(3, &blocks[1])));
    assert_eq!(
        give(&mut backup, at(3), tick()),
        [
            timer(),
            to(&[2], prepare(1, block)),
            to(&[0, 2], commit(1, block)),
            status(0),
            to(&[3], fetch(1)),
        ]
    );
}
