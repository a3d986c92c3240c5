//! A member that is behind, and the members that serve it.

use medshare_consensus::{
    Decided, Effect, LogRecord, Message, Output, Proposal, ProposalFault, Rejected, Replica, Tip,
};
use medshare_types::certificate::{CertificateError, Phase};
use medshare_types::id::{ChainId, Height, ReplicaId};

use crate::fixture::*;

fn served(block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::Decided(decided(block))
}

#[test]
fn a_member_that_is_behind_is_informed_once_and_served_on_demand() {
    let mut replica = started(3);
    let blocks = blocks(2);
    pass(&mut replica, 1, &blocks[0]);
    pass(&mut replica, 4, &blocks[1]);
    assert_eq!(
        give(&mut replica, at(3), from(2, status_of(0))),
        [to(&[2], status_of(2))]
    );
    assert_eq!(give(&mut replica, at(3), from(2, status_of(0))), []);
    let serve = Output::Effect(Effect::Serve {
        to: ReplicaId(2),
        from: Height(1),
        until: Height(2),
    });
    assert_eq!(
        give(&mut replica, at(3), from(2, fetch(1))),
        core::slice::from_ref(&serve)
    );
    assert_eq!(give(&mut replica, at(3), from(2, fetch(1))), []);
    assert_eq!(give(&mut replica, at(3), from(2, fetch(2))), []);
    for nonsense in [0, 3, u64::MAX] {
        assert_eq!(give(&mut replica, at(3), from(1, fetch(nonsense))), []);
    }
    give(&mut replica, at(4), tick());
    assert_eq!(give(&mut replica, at(4), from(2, fetch(1))), [serve]);
}

#[test]
fn answers_to_one_member_are_limited_between_ticks() {
    let blocks = blocks(200);
    let last = &blocks[199];
    let tip = Tip {
        height: Height(200),
        digest: last.header.digest(),
        executed: roots(200),
        record: record_after(&blocks),
        ..genesis()
    };
    let mut replica = Replica::new(config(1), tip).unwrap();
    drain(&mut replica);
    let served = |replica: &mut Replica<TestPayload>, peer| -> usize {
        let asked = (0..12).map(|n| give(replica, at(1), from(peer, fetch(1 + 16 * n))));
        let outputs = asked.flatten();
        outputs
            .filter(|output| matches!(output, Output::Effect(Effect::Serve { .. })))
            .count()
    };
    assert_eq!(served(&mut replica, 3), 4);
    assert_eq!(served(&mut replica, 3), 0);
    assert_eq!(served(&mut replica, 2), 4, "others have their own share");
    give(&mut replica, at(2), tick());
    assert_eq!(served(&mut replica, 3), 4);
}

#[test]
fn a_served_block_is_logged_before_it_is_committed() {
    let mut replica = started(3);
    let blocks = blocks(2);
    assert_eq!(
        give(&mut replica, at(9), from(2, status_of(2))),
        [to(&[2], fetch(1))]
    );
    assert_eq!(
        give(&mut replica, at(9), from(1, status_of(2))),
        [],
        "one question at a time"
    );
    assert_eq!(
        give(&mut replica, at(9), from(2, served(&blocks[0]))),
        [
            persist(1, LogRecord::Adopted(decided(&blocks[0]))),
            timer(),
            delivered(&blocks[0], &[0, 1, 2])
        ]
    );
    assert_eq!(
        give(&mut replica, at(9), from(2, served(&blocks[1]))),
        [
            persist(2, LogRecord::Adopted(decided(&blocks[1]))),
            timer(),
            delivered(&blocks[1], &[0, 1, 2])
        ]
    );
    assert_eq!(
        give(&mut replica, at(9), from(2, served(&blocks[1]))),
        [],
        "known"
    );
}

#[test]
fn the_next_batch_is_asked_for_at_once_unless_execution_lags() {
    let mut replica = started(3);
    let blocks = blocks(36);
    let serve = |replica: &mut _, heights: core::ops::Range<usize>| {
        let served = blocks[heights].iter().map(served);
        let outputs = served.flat_map(|message| give(replica, at(40), from(2, message)));
        let sent = outputs.filter(|o| !matches!(o, Output::Persist { .. }) && *o != timer());
        sent.collect::<Vec<_>>()
    };
    give(&mut replica, at(40), from(2, status_of(36)));
    let outputs = serve(&mut replica, 0..16);
    assert_eq!(outputs.len(), 17);
    assert_eq!(outputs[16], to(&[2], fetch(17)));
    let outputs = serve(&mut replica, 16..32);
    assert_eq!(outputs.len(), 16, "commits only: {outputs:?}");
    for height in 1..16 {
        assert_eq!(give(&mut replica, at(40), executed(height)), []);
    }
    assert_eq!(
        give(&mut replica, at(40), executed(16)),
        [to(&[2], fetch(33))]
    );
}

#[test]
fn a_peer_that_does_not_answer_is_passed_over() {
    let mut replica = started(3);
    give(&mut replica, at(9), from(1, status_of(u64::MAX)));
    give(&mut replica, at(9), from(2, status_of(5)));
    let asked: Vec<_> = (0..3)
        .map(|_| give(&mut replica, at(9), tick()).pop())
        .collect();
    assert_eq!(
        asked,
        [
            Some(to(&[2], fetch(1))),
            Some(to(&[1], fetch(1))),
            Some(to(&[2], fetch(1)))
        ]
    );
}

#[test]
fn votes_far_ahead_make_a_replica_ask() {
    let mut replica = started(3);
    let blocks = blocks(3);
    let (rejected, outputs) = refuse(&mut replica, at(3), from(1, prepare(1, &blocks[2])));
    let sender = ReplicaId(1);
    let height = Height(3);
    assert_eq!(rejected, Rejected::TooFarAhead { sender, height });
    assert_eq!(outputs, [to(&[1], fetch(1))]);
}

#[test]
fn adoption_stops_when_execution_lags() {
    let mut replica = started(3);
    let blocks = blocks(33);
    for block in &blocks[..32] {
        give(&mut replica, at(40), from(2, served(block)));
    }
    let (rejected, _) = refuse(&mut replica, at(40), from(2, served(&blocks[32])));
    let height = Height(1);
    assert_eq!(rejected, Rejected::NotExecuted { height });
}

#[test]
fn a_served_block_needs_its_certificate_and_its_links() {
    let blocks = blocks(2);
    let attempt = |change: &dyn Fn(&mut Decided<TestPayload>)| {
        let mut decided = decided(&blocks[0]);
        change(&mut decided);
        let mut replica = started(3);
        let message = Message::Decided(decided);
        let (rejected, outputs) = refuse(&mut replica, at(9), from(2, message));
        assert_eq!(outputs, []);
        rejected
    };
    let sender = ReplicaId(2);
    let invalid = |fault| Rejected::InvalidBlock { sender, fault };
    assert_eq!(
        attempt(&|d| d.proposal.payload.0.push(1)),
        invalid(ProposalFault::WrongPayload)
    );
    assert_eq!(
        attempt(&|d| d.proposal.header.time = at(2)),
        invalid(ProposalFault::WrongBallot)
    );
    assert_eq!(
        attempt(&|d| d.proposal.header.chain = ChainId::from_digest(roots(1).state)),
        invalid(ProposalFault::WrongChain)
    );
    let mut orphan = blocks[0].clone();
    orphan.header.previous = roots(1).state;
    assert_eq!(
        attempt(&|d| *d = decided(&orphan)),
        invalid(ProposalFault::WrongParent)
    );
    let certificate = |source| Rejected::InvalidCertificate { sender, source };
    assert_eq!(
        attempt(&|d| d.certificate.votes.truncate(2)),
        certificate(CertificateError::NoQuorum {
            votes: 2,
            needed: 3
        })
    );
    let repeated = |d: &mut Decided<TestPayload>| {
        d.certificate.votes[2] = d.certificate.votes[1];
    };
    let replica = ReplicaId(1);
    assert_eq!(
        attempt(&repeated),
        certificate(CertificateError::BadSigner { replica })
    );
    let prepares = |d: &mut Decided<TestPayload>| {
        for (n, (_, signature)) in (0..).zip(&mut d.certificate.votes) {
            *signature = vote(n, Phase::Prepare, &blocks[0]).signature;
        }
    };
    assert_eq!(
        attempt(&prepares),
        certificate(CertificateError::BadSignature),
        "a prepared block is not a decided one"
    );
    let (rejected, _) = refuse(&mut started(3), at(9), from(2, served(&blocks[1])));
    let height = Height(2);
    assert_eq!(rejected, Rejected::TooFarAhead { sender, height });
}
