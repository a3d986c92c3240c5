//! Byzantine behaviours, one a file.
//!
//! A Byzantine member runs an honest replica whose messages are changed on their way out. It holds
//! its own key and no other.

mod bad_mouther;
mod bad_signature;
mod colluder;
mod commit_withholder;
mod deserter;
mod equivocator;
mod far_voter;
mod flooder;
mod forger;
mod forgetter;
mod framer;
mod future_time;
mod hoarder;
mod invalid_payload;
mod laggard;
mod leave_out;
mod lone_signer;
mod new_view_liar;
mod old_voter;
mod omitter;
mod on_off;
mod patient;
mod replayer;
mod restless;
mod selective;
mod silent;
mod slow_primary;
mod status_liar;
mod twin;
mod withholder;
mod wrong_roots;

pub use bad_mouther::BadMouther;
pub use bad_signature::BadSignatureVoter;
pub use colluder::Colluder;
pub use commit_withholder::CommitWithholder;
pub use deserter::Deserter;
pub use equivocator::Equivocator;
pub use far_voter::FarVoter;
pub use flooder::Flooder;
pub use forger::Forger;
pub use forgetter::Forgetter;
pub use framer::Framer;
pub use future_time::FutureTimePrimary;
pub use hoarder::Hoarder;
pub use invalid_payload::InvalidPayloadPrimary;
pub use laggard::Laggard;
pub use leave_out::LeaveOut;
pub use lone_signer::LoneSigner;
pub use new_view_liar::NewViewLiar;
pub use old_voter::OldVoter;
pub use omitter::Omitter;
pub use on_off::OnOff;
pub use patient::PatientEquivocator;
pub use replayer::Replayer;
pub use restless::Restless;
pub use selective::SelectiveSender;
pub use silent::Silent;
pub use slow_primary::SlowPrimary;
pub use status_liar::StatusLiar;
pub use twin::Twin;
pub use withholder::VoteWithholder;
pub use wrong_roots::WrongRootsPrimary;

use medshare_consensus::{LateVote, PrePrepare, Proposal, ViewChangeVote, Vote};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::id::{ChainId, Epoch, Height, ReplicaId, View};
use medshare_types::sign::SigningKey;

use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// A deviation from the protocol.
pub trait Behaviour {
    /// The messages that go to `to` in place of `message`.
    fn outgoing(&mut self, to: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message>;

    /// Milliseconds by which `message` leaves late.
    fn delay_ms(&self, _message: &Message) -> u64 {
        0
    }

    /// Observes a message that arrives.
    fn incoming(&mut self, _message: &Message) {}

    /// True when the member registers keys and answers challenges as others do.
    fn follows(&self) -> bool {
        true
    }
}

/// The chain and keys that a Byzantine member signs with.
#[derive(Clone, Debug)]
struct Signer {
    chain: ChainId,
    replica: ReplicaId,
    setting: Setting,
}

impl Signer {
    fn of(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            chain: setting.chain(),
            replica,
            setting: setting.clone(),
        }
    }

    /// The key of an epoch.
    fn key(&self, epoch: Epoch) -> SigningKey {
        self.setting.key_in(self.replica, epoch)
    }

    fn vote(&self, ballot: Ballot, phase: Phase) -> Vote {
        Vote::sign(&self.chain, ballot, phase, &self.key(ballot.epoch))
    }

    /// A late vote for the primary of a view.
    fn late(&self, subject: (Epoch, Height, View)) -> LateVote {
        LateVote::sign(&self.chain, subject, &self.key(subject.0))
    }

    /// A view change that claims nothing.
    fn view_change(&self, subject: (Epoch, Height, View)) -> ViewChangeVote {
        ViewChangeVote::sign(&self.chain, subject, None, &self.key(subject.0))
    }

    /// Signs a changed proposal like an honest primary would. In a later view the proof stays.
    fn propose(&self, view: View, proposal: Proposal<TestPayload>) -> PrePrepare<TestPayload> {
        let ballot = proposal.ballot_in(view);
        let vote = self.vote(ballot, Phase::Prepare);
        PrePrepare {
            view,
            proposal,
            signature: vote.signature,
        }
    }

    /// Changes the block of a message that proposes one; other messages stay.
    fn change(
        &self,
        message: Message,
        change: impl FnOnce(Proposal<TestPayload>) -> Proposal<TestPayload>,
    ) -> Message {
        match message {
            Message::PrePrepare(first) => {
                Message::PrePrepare(self.propose(first.view, change(first.proposal)))
            }
            Message::NewView(mut new_view) => {
                let first = new_view.pre_prepare;
                new_view.pre_prepare = self.propose(first.view, change(first.proposal));
                Message::NewView(new_view)
            }
            other => other,
        }
    }
}

/// The block that a message proposes.
const fn proposed(message: &Message) -> Option<&PrePrepare<TestPayload>> {
    match message {
        Message::PrePrepare(pre_prepare) => Some(pre_prepare),
        Message::NewView(new_view) => Some(&new_view.pre_prepare),
        _ => None,
    }
}
