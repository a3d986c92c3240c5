//! The steps of a run in words, and the first one after which a property is broken.

use medshare_consensus::{
    Claim, Effect, Evidence, LogRecord, Message as Wire, Offence, Output, Vote,
};
use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;
use medshare_types::wire::Wire as _;

use super::Simulation;
use super::events::{Event, Local};
use crate::disk::TestRecord;
use crate::setting::{Message, TestPayload};

impl Simulation {
    /// Adds a step, when the scenario asks for it.
    pub(super) fn tell(&mut self, index: usize, words: impl FnOnce() -> String) {
        self.mark_bad_step();
        let (at, id) = (self.clock_ms, self.members[index].id);
        let member = &self.members[index];
        let state = member.replica.as_ref().map_or_else(
            || "down".to_owned(),
            |replica| format!("{}/{}", replica.height().next(), replica.view()),
        );
        if let Some(narration) = &mut self.report.narration {
            let step = format!("{at:>7} ms  seat {id:<2} at {state:<6}  {}", words());
            narration.steps.push(step);
        }
    }

    /// Marks the last step, if a property is broken since.
    pub(super) fn mark_bad_step(&mut self) {
        let broken = !self.invariants.violations().is_empty();
        if let Some(narration) = &mut self.report.narration
            && broken
            && narration.first_bad.is_none()
        {
            narration.first_bad = narration.steps.len().checked_sub(1);
        }
    }

    pub(super) fn tell_event(&mut self, index: usize, event: &Event) {
        if self.report.narration.is_none() {
            return;
        }
        let life = self.members[index].life;
        let words = match event {
            Event::Deliver { from, bytes } => match Message::from_wire(bytes) {
                Ok(message) => format!("<- seat {from}: {}", describe(&message)),
                Err(error) => format!("<- seat {from}: {error}"),
            },
            Event::Local { life: of, .. } if *of != life => return,
            Event::Local { local, .. } => match local {
                Local::Timer { timer, .. } => format!("timer {timer:?}"),
                Local::Synced(position) => format!("log durable to {}", position.0),
                Local::Judged(digest, verdict) => format!("{} is {verdict:?}", short(digest)),
                Local::Executed(roots) => format!("executed {}", roots.height),
                Local::Failure => "fails".to_owned(),
                Local::Checkpoint => "ledger durable, log cut".to_owned(),
            },
            Event::Restart => "starts".to_owned(),
            Event::Load => return,
        };
        self.tell(index, || words);
    }

    pub(super) fn tell_output(&mut self, index: usize, output: &Output<TestPayload>) {
        if self.report.narration.is_none() {
            return;
        }
        let words = match output {
            Output::Persist { position, record } => {
                format!("   record {}: {}", position.0, recorded(record))
            }
            Output::Effect(effect) => match effect {
                Effect::Validate(proposal) => {
                    format!("   asks about {}", short(&proposal.header.digest()))
                }
                Effect::SetTimer { timer, after_ms } => {
                    format!("   timer {timer:?} in {after_ms} ms")
                }
                Effect::CancelTimer(timer) => format!("   no timer {timer:?}"),
                Effect::Send { to, message } => format!("   -> {to:?}: {}", describe(message)),
                Effect::Commit {
                    proposal,
                    certificate,
                } => format!(
                    "   COMMITS {} {} by seats {}",
                    proposal.header.height,
                    short(&certificate.ballot.digest),
                    seats(certificate.votes.iter().map(|(seat, _)| seat)),
                ),
                Effect::Misbehaviour(evidence) => format!("   {}", exposed(evidence)),
                Effect::Serve { to, from, until } => {
                    format!("   serves {from} to {until} to seat {to}")
                }
            },
        };
        self.tell(index, || words);
    }
}

fn short(digest: &Digest) -> String {
    let bytes = digest.as_bytes();
    format!("{:02x}{:02x}{:02x}", bytes[0], bytes[1], bytes[2])
}

fn seats<'a>(seats: impl Iterator<Item = &'a ReplicaId>) -> String {
    let seats: Vec<_> = seats.map(ToString::to_string).collect();
    seats.join(",")
}

fn ballot(vote: &Vote) -> String {
    let ballot = &vote.ballot;
    format!(
        "{}/{} {}",
        ballot.height,
        ballot.view,
        short(&ballot.digest)
    )
}

fn claimed(claim: Option<Claim>) -> String {
    claim.map_or_else(
        || "no claim".to_owned(),
        |claim| format!("claims {} of view {}", short(&claim.digest), claim.view),
    )
}

/// A message in words: its kind, then height/view and the block.
fn describe(message: &Message) -> String {
    match message {
        Wire::PrePrepare(first) => format!("PRE-PREPARE {}", ballot(&first.vote())),
        Wire::Prepare(vote) => format!("PREPARE {}", ballot(vote)),
        Wire::Commit(vote) => format!("COMMIT {}", ballot(vote)),
        Wire::Decided(block) => format!("DECIDED {}", block.proposal.header.height),
        Wire::Fetch { from } => format!("FETCH from {from}"),
        Wire::Status { height } => format!("STATUS {height}"),
        Wire::ViewChange(change) => {
            let vote = &change.vote;
            format!(
                "VIEW-CHANGE {}/{} {}",
                vote.height,
                vote.view,
                claimed(vote.claim)
            )
        }
        Wire::NewView(opened) => format!(
            "NEW-VIEW {} by seats {}, {}",
            ballot(&opened.pre_prepare.vote()),
            seats(opened.proof.view_changes.iter().map(|(seat, _)| seat)),
            claimed(opened.proof.highest_claim()),
        ),
        Wire::FetchProposal { height, digest } => {
            format!("FETCH-PROPOSAL {height} {}", short(digest))
        }
        Wire::Proposal(proposal) => format!("PROPOSAL {}", short(&proposal.header.digest())),
        Wire::FetchNewView { view, digest, .. } => {
            format!("FETCH-NEW-VIEW {view} {}", short(digest))
        }
        Wire::Late(vote) => format!("LATE {}/{}", vote.height, vote.view),
        Wire::Recall { .. } => "RECALL".to_owned(),
        Wire::Recalled(answer) => format!("RECALLED {} voted: {}", answer.height, answer.voted),
    }
}

fn recorded(record: &TestRecord) -> String {
    match record {
        LogRecord::Prepared { vote, .. } => format!("Prepared {}", ballot(vote)),
        LogRecord::Committed { vote, .. } => format!("Committed {}", ballot(vote)),
        LogRecord::ViewChanged(change) => {
            let vote = &change.vote;
            format!(
                "ViewChanged {}/{} {}",
                vote.height,
                vote.view,
                claimed(vote.claim)
            )
        }
        LogRecord::Decided { certificate } => format!("Decided {}", certificate.ballot.height),
        LogRecord::Late(vote) => format!("Late {}/{}", vote.height, vote.view),
        LogRecord::Adopted(decided) => format!("Adopted {}", decided.proposal.header.height),
    }
}

fn exposed(evidence: &Evidence) -> String {
    let what = match &evidence.offence {
        Offence::TwoVotes { first, second, .. } => {
            format!("two votes, {} and {}", ballot(first), ballot(second))
        }
        Offence::TwoViewChanges { first, second } => {
            format!("{} and {}", claimed(first.claim), claimed(second.claim))
        }
        Offence::ForgottenCertificate { commit, .. } => {
            format!("a forgotten certificate of {}", ballot(commit))
        }
    };
    format!("EVIDENCE against seat {}: {what}", evidence.culprit)
}
