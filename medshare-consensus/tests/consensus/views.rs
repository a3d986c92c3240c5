//! View changes and the proposals that open views.

use medshare_consensus::{
    LogRecord, Message, NewView, Opening, Payload as _, PrePrepare, PreparedCertificate, Proposal,
    ViewChange, ViewChangeVote, ViewProof, Vote,
};
use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId, View};

use crate::fixture::*;

/// A view change at height 1. Its certificate, if it claims one, is that of the block's own view.
pub(crate) fn view_change(
    replica: u16,
    view: u64,
    claimed: Option<&Proposal<TestPayload>>,
) -> ViewChange {
    let certificate = claimed.map(|block| prepared_by(block, &[0, 1, 2]));
    let claim = certificate.as_ref().map(PreparedCertificate::claim);
    let subject = (EPOCH, Height(1), View(view));
    ViewChange {
        vote: ViewChangeVote::sign(&chain(), subject, claim, &key(replica)),
        certificate,
    }
}

pub(crate) fn changes_view(
    replica: u16,
    view: u64,
    claimed: Option<&Proposal<TestPayload>>,
) -> Message<TestPayload> {
    Message::ViewChange(view_change(replica, view, claimed))
}

/// The first block of a later view of height 1; seat `view` is its primary.
pub(crate) fn block_of_view(view: u16) -> Proposal<TestPayload> {
    let mut block = block(1, Digest::ZERO);
    block.payload.0.push(1);
    block.header.transactions = block.payload.root();
    block.header.view = View(view.into());
    block.header.proposer = ReplicaId(view % 4);
    block
}

/// The proposal of a view, with the view changes of `changes`.
pub(crate) fn new_view(
    view: u64,
    changes: &[(u16, ViewChange)],
    block: &Proposal<TestPayload>,
) -> NewView<TestPayload> {
    let certificates = changes
        .iter()
        .filter_map(|(_, change)| change.certificate.clone());
    let primary = u16::try_from(view % 4).unwrap();
    let ballot = block.ballot_in(View(view));
    NewView {
        proof: ViewProof {
            view_changes: changes
                .iter()
                .map(|(seat, change)| (ReplicaId(*seat), change.vote))
                .collect(),
            certificate: certificates.max_by_key(PreparedCertificate::claim),
        },
        pre_prepare: PrePrepare {
            view: View(view),
            proposal: block.clone(),
            signature: Vote::sign(&chain(), ballot, Phase::Prepare, &key(primary)).signature,
        },
    }
}

/// The record of a prepare in a later view, which `changes` opened without a claim.
pub(crate) fn opened_record(
    replica: u16,
    view: u64,
    changes: &[u16],
    block: &Proposal<TestPayload>,
) -> LogRecord<TestPayload> {
    let Message::NewView(opened) = new_view_message(view, changes, block) else {
        unreachable!("a new view")
    };
    LogRecord::Prepared {
        vote: signed_in(replica, Phase::Prepare, view, block),
        proposal: block.clone(),
        opening: Some(Opening {
            proof: opened.proof,
            signature: opened.pre_prepare.signature,
        }),
    }
}

fn signed_in(replica: u16, phase: Phase, view: u64, block: &Proposal<TestPayload>) -> Vote {
    let ballot = block.ballot_in(View(view));
    Vote::sign(&chain(), ballot, phase, &key(replica))
}

/// As [`new_view`], by members that claim nothing.
pub(crate) fn new_view_message(
    view: u64,
    changes: &[u16],
    block: &Proposal<TestPayload>,
) -> Message<TestPayload> {
    let changes: Vec<_> = changes
        .iter()
        .map(|n| (*n, view_change(*n, view, None)))
        .collect();
    Message::NewView(new_view(view, &changes, block))
}

pub(crate) fn vote_in(
    replica: u16,
    phase: Phase,
    view: u64,
    block: &Proposal<TestPayload>,
) -> Message<TestPayload> {
    let vote = signed_in(replica, phase, view, block);
    match phase {
        Phase::Prepare => Message::Prepare(vote),
        Phase::Commit => Message::Commit(vote),
    }
}
