//! Fault drills: a member made to misbehave on purpose, to see that the others cope.
//!
//! A drill lasts as long as the process and is written nowhere. It reaches through a handle that
//! only the process running the member has; no message from outside can start one.

use std::sync::atomic::{AtomicU8, Ordering};

/// How a member answers requests for release shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HolderConduct {
    /// As the rules say.
    #[default]
    Honest,
    /// Refuses every request.
    Refuse,
    /// Signs and sends a share that is wrong.
    Lie,
}

/// How a member takes part at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It listens and answers.
    #[default]
    Present,
    /// It hears nothing and says nothing, as if its network were cut.
    Silent,
}

/// What a member is drilled to do.
#[derive(Debug, Default)]
pub struct Drill {
    conduct: AtomicU8,
    presence: AtomicU8,
}

impl Drill {
    /// Sets how the member answers requests for shares.
    pub fn set_conduct(&self, conduct: HolderConduct) {
        self.conduct.store(conduct as u8, Ordering::Relaxed);
    }

    /// Sets whether the member takes part.
    pub fn set_presence(&self, presence: Presence) {
        self.presence.store(presence as u8, Ordering::Relaxed);
    }

    pub(crate) fn conduct(&self) -> HolderConduct {
        match self.conduct.load(Ordering::Relaxed) {
            1 => HolderConduct::Refuse,
            2 => HolderConduct::Lie,
            _ => HolderConduct::Honest,
        }
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.presence.load(Ordering::Relaxed) == Presence::Silent as u8
    }
}
