//! Bounds of an exploration, and deliberate faults of its rules.

use core::ops::Range;

/// The size of a committee, n.
pub(crate) const MEMBERS: u8 = 4;
/// The seats of both committees: with [`Protocol::epochs`] the second has the last and not the first.
pub(crate) const ALL: u8 = 5;
/// f, the Byzantine members that the committee bears.
pub(crate) const FAULTY: usize = 1;
/// q, the votes of a quorum.
pub(crate) const QUORUM: usize = 3;
/// Views for which a state has room; a [`Protocol`] may use less.
pub(crate) const VIEWS: usize = 3;
/// Heights for which a state has room; a [`Protocol`] may use less.
pub(crate) const HEIGHTS: usize = 2;

/// What is explored: four members, for every choice of Byzantine seats and of the member that crashes.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Heights to decide, at most 2.
    pub heights: u8,
    /// Views of each height, at most 3.
    pub views: u8,
    /// Byzantine members: 1, or 2 for disagreement.
    pub byzantine: u32,
    /// One honest member, each in turn, may crash once; its writes and syncs are separate steps.
    pub crash: bool,
    /// This set of seats is Byzantine, instead of each of its size in turn.
    pub seats: Option<u8>,
    /// An epoch ends with the first height: seats 1 to 4 are the committee of the second, where seats 0 to
    /// 3 were that of the first. `byzantine` members of each are Byzantine.
    pub epochs: bool,
    /// Members work on the next height while others are at the one before.
    pub abreast: bool,
    /// A rule that is broken on purpose.
    pub mutant: Option<Mutant>,
}

impl Default for Protocol {
    /// One Byzantine member, one crash, two heights of three views, one height after the other.
    fn default() -> Self {
        Self {
            heights: 2,
            views: 3,
            byzantine: 1,
            crash: true,
            seats: None,
            epochs: false,
            abreast: false,
            mutant: None,
        }
    }
}

impl Protocol {
    /// The committee of a height.
    pub(crate) const fn seats(&self, height: usize) -> Range<u8> {
        let first = (self.epochs && height > 0) as u8;
        first..first + MEMBERS
    }

    /// The members whose votes count at a height: those of its committee.
    pub(crate) fn voters(&self, height: usize) -> Range<u8> {
        match self.breaks(Mutant::OtherEpoch) {
            true => 0..ALL,
            false => self.seats(height),
        }
    }

    pub(crate) fn breaks(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// A fault in the rules that the checker has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A new view proposes the block of the lowest certificate among its view changes (L11, L33).
    LowestCertificate,
    /// Members vote in views that they have left by a view change (L16, L25).
    VotesInOlderViews,
    /// A view change claims no certificate, whatever its sender committed (L29).
    NoOwnCertificate,
    /// The certificate behind a claim is not checked (L30).
    ClaimUnchecked,
    /// Votes leave before they are durable (drain rule).
    VoteBeforeSync,
    /// A certificate of the next epoch may have votes of the committee before (L40).
    OtherEpoch,
    /// f+1 prepares stand for the proof of a later view (L16): disagreement, where more than f are
    /// Byzantine, leaves no evidence.
    VouchedUnproven,
}

impl Mutant {
    /// Every fault, in the order of the lines above.
    pub const ALL: [Self; 7] = [
        Self::LowestCertificate,
        Self::VotesInOlderViews,
        Self::NoOwnCertificate,
        Self::ClaimUnchecked,
        Self::VoteBeforeSync,
        Self::OtherEpoch,
        Self::VouchedUnproven,
    ];
}
