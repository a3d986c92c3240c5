//! Deliberate faults, one at a time, that the tests have to notice.
//!
//! Without the feature `mutants` none can be switched on, and the questions for one compile to
//! nothing.

use medshare_types::certificate::{CertificateError, CommitCertificate, Phase};
use medshare_types::committee::Committee;
use medshare_types::id::ChainId;

/// A fault in the protocol's rules; each has sprung as a trap, or breaks a line of the argument in
/// `docs/spec/pbft.md`.
#[cfg_attr(
    not(feature = "mutants"),
    allow(unreachable_pub, reason = "exported with the feature only")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// A new view proposes the block of the lowest certificate among its view changes (L33, L11).
    LowestCertificate,
    /// A view change claims no certificate, whatever its sender committed (L29).
    NoOwnCertificate,
    /// A second proposal of one view is prepared as well (L14).
    TwoVotesInAView,
    /// Quorums and proposals of views that were given up get votes (L25, L9).
    VotesInOlderViews,
    /// Recovery forgets the own prepares for blocks of others (L44).
    PrepareForgotten,
    /// Recovery forgets the own commits (L44).
    CommitForgotten,
    /// Recovery forgets the own proposals, so that a primary proposes anew (L44).
    ProposesAnew,
    /// The block of a prepare is not durable with it (L18).
    PreparedBlockLost,
    /// The block of a commit without an own prepare is not durable with it (L25).
    CommittedBlockLost,
    /// A member that lost its votes signs on (L50).
    LostMemberVotes,
    /// A lost member asks for votes that others have seen from it (L48).
    AbstainsByVotesSeen,
    /// A lost member abstains one height too few (L51).
    AbstainsOneHeightLess,
    /// The application judges a block that is proposed again (L15).
    ReproposalValidated,
    /// Messages leave before the records that they rest on are durable (L27).
    VoteBeforeSync,
    /// The candidate of a view stays in the next one (L28).
    CandidateKept,
    /// Prepares for a block that is proposed again name the header's view (L15).
    HeaderViewForBallot,
    /// View changes of a height that is decided are joined (L30).
    DecidedHeightJoined,
    /// View changes count only for the own view and the next (L30).
    ViewChangesBound,
    /// A new view is accepted without its proof (L11).
    NewViewUnproven,
    /// Votes form a certificate without a check of their signatures (L24).
    VotesUnverified,
    /// A served certificate may name a signer more than once (L40).
    DuplicateSigners,
    /// A served certificate may be of another epoch (L40).
    OtherEpoch,
    /// f + 1 prepares do not excuse a proposal that came late (L16).
    LateForGood,
    /// f + 1 prepares stand for the proof of a later view (L16).
    VouchedUnproven,
    /// The next height begins in the view of the one before (L26).
    ViewKept,
    /// The timer of a view goes on after its height is decided (L26).
    ViewTimerKept,
    /// Heights without a lost view do not shorten the time of a primary (L5).
    TimesNeverComeDown,
    /// A primary waits until its clock has passed the time of the block before (L8).
    WaitsForClock,
    /// A member says of the primaries of views to come, too, that they were late (L53).
    BlamesViewsToCome,
    /// The votes that a block records are not judged (L61).
    RecordedVotesUnjudged,
    /// The commit of a decided block leaves before the record of the decision is durable (L58).
    ToldBeforeSync,
    /// A lost turn bars no seat from leading (C3).
    LostTurnsForgiven,
}

#[cfg(feature = "mutants")]
impl Mutant {
    /// Every fault, in the order of the declaration.
    pub const ALL: [Self; 32] = [
        Self::LowestCertificate,
        Self::NoOwnCertificate,
        Self::TwoVotesInAView,
        Self::VotesInOlderViews,
        Self::PrepareForgotten,
        Self::CommitForgotten,
        Self::ProposesAnew,
        Self::PreparedBlockLost,
        Self::CommittedBlockLost,
        Self::LostMemberVotes,
        Self::AbstainsByVotesSeen,
        Self::AbstainsOneHeightLess,
        Self::ReproposalValidated,
        Self::VoteBeforeSync,
        Self::CandidateKept,
        Self::HeaderViewForBallot,
        Self::DecidedHeightJoined,
        Self::ViewChangesBound,
        Self::NewViewUnproven,
        Self::VotesUnverified,
        Self::DuplicateSigners,
        Self::OtherEpoch,
        Self::LateForGood,
        Self::VouchedUnproven,
        Self::ViewKept,
        Self::ViewTimerKept,
        Self::TimesNeverComeDown,
        Self::WaitsForClock,
        Self::BlamesViewsToCome,
        Self::RecordedVotesUnjudged,
        Self::ToldBeforeSync,
        Self::LostTurnsForgiven,
    ];
}

/// The fault that a replica has; none, and no bytes, without the feature `mutants`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mutation {
    #[cfg(feature = "mutants")]
    active: Option<Mutant>,
}

impl Mutation {
    #[cfg(feature = "mutants")]
    pub(crate) const fn of(mutant: Mutant) -> Self {
        let active = Some(mutant);
        Self { active }
    }

    /// True when the replica has this fault.
    #[cfg(feature = "mutants")]
    pub(crate) fn is(self, mutant: Mutant) -> bool {
        self.active == Some(mutant)
    }

    /// Always false: without the feature there is no fault.
    #[cfg(not(feature = "mutants"))]
    pub(crate) const fn is(self, _: Mutant) -> bool {
        false
    }

    /// L40: a quorum's commits, each of another member, in the committee's epoch.
    pub(crate) fn check_certificate(
        self,
        certificate: &CommitCertificate,
        chain: &ChainId,
        committee: &Committee,
    ) -> Result<(), CertificateError> {
        let members = || committee.members().to_vec();
        let epoch = certificate.ballot.epoch;
        if self.is(Mutant::DuplicateSigners) && are_signed(certificate, chain, committee) {
            Ok(())
        } else if self.is(Mutant::OtherEpoch)
            && let Ok(committee) = Committee::new(epoch, members())
        {
            certificate.verify(chain, &committee)
        } else {
            certificate.verify(chain, committee)
        }
    }
}

/// True where as many good signatures as a quorum has are there, several of one member included.
fn are_signed(certificate: &CommitCertificate, chain: &ChainId, committee: &Committee) -> bool {
    let statement = certificate.ballot.statement(chain, Phase::Commit);
    let mut votes = certificate.votes.iter();
    certificate.votes.len() >= committee.quorum().quorum()
        && votes.all(|(seat, signature)| {
            let member = committee.member(*seat);
            member.is_some_and(|member| member.key.verify(&statement, signature).is_ok())
        })
}
