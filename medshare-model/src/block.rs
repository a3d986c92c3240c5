//! Blocks, told apart by the proposal that they come from, and claims of certificates.

use core::fmt;
use core::num::NonZeroU8;

/// A block by the view of its first proposal, and which of that primary's blocks it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(NonZeroU8);

impl Block {
    /// Blocks of a height: two valid ones and an invalid one a view.
    pub(crate) const COUNT: u32 = 9;

    fn new(view: u8, kind: u8) -> Self {
        Self(NonZeroU8::MIN.saturating_add(3 * view + kind))
    }
    /// The only one of an honest primary.
    pub(crate) fn first(view: u8) -> Self {
        Self::new(view, 0)
    }
    /// What a Byzantine primary shows to others.
    pub(crate) fn second(view: u8) -> Self {
        Self::new(view, 1)
    }
    /// Found invalid by each honest member.
    pub(crate) fn invalid(view: u8) -> Self {
        Self::new(view, 2)
    }
    pub(crate) fn number(self) -> u32 {
        u32::from(self.0.get()) - 1
    }
    pub(crate) fn bit(self) -> u16 {
        1 << self.number()
    }
    /// The view of its first proposal.
    #[must_use]
    pub fn view(self) -> u8 {
        (self.0.get() - 1) / 3
    }
    /// What honest members find when they validate it.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.number() % 3 != 2
    }
    pub(crate) fn all(set: u16) -> impl Iterator<Item = Self> {
        let views = 0..3u8;
        let blocks = views.flat_map(|view| (0..3u8).map(move |kind| Self::new(view, kind)));
        blocks.filter(move |block| set & block.bit() != 0)
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = ["first", "second", "invalid"][self.number() as usize % 3];
        write!(f, "{kind} block of view {}", self.view())
    }
}

/// The highest certificate of a view change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    /// The view in which the block was certified.
    pub view: u8,
    /// The block of the certificate.
    pub block: Block,
}
