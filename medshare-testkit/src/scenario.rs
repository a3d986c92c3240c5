//! What happens in a run, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::{Evidence, Rejected};
use medshare_types::hash::Digest;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::wire::DecodeError;

use crate::behaviour::Behaviour;
use crate::disk::DiskKind;
use crate::invariants::Violation;
use crate::setting::Setting;
use crate::simulation::Simulation;

/// What the network and the machines do to everybody, until things calm down.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Messages lost, per mille.
    pub drop_per_mille: u64,
    /// Messages that arrive twice, per mille.
    pub duplicate_per_mille: u64,
    /// The longest way of a message, milliseconds; delays are even from 1, so messages overtake.
    pub delay_ms: u64,
    /// Crashes just before an output is acted on, per mille of outputs.
    pub crash_per_mille: u64,
    /// Crashes of one member at most.
    pub crashes: u32,
    /// The longest that a member is down, milliseconds.
    pub down_ms: u64,
    /// Stale timers that fire all the same, per mille.
    pub spurious_per_mille: u64,
    /// How far clocks are off, milliseconds, either way.
    pub skew_ms: u64,
}

impl Faults {
    /// A calm network of 1 to 10 ms.
    pub const NONE: Self = Self {
        drop_per_mille: 0,
        duplicate_per_mille: 0,
        delay_ms: 10,
        crash_per_mille: 0,
        crashes: 0,
        down_ms: 0,
        spurious_per_mille: 0,
        skew_ms: 0,
    };

    /// Loss, repetition, disorder and crashes.
    pub const ROUGH: Self = Self {
        drop_per_mille: 150,
        duplicate_per_mille: 100,
        delay_ms: 60,
        crash_per_mille: 15,
        crashes: 4,
        down_ms: 700,
        spurious_per_mille: 50,
        skew_ms: 200,
    };
}

/// One run: everything in it follows from the seed.
pub struct Scenario {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) heights: u64,
    pub(crate) faults: Faults,
    pub(crate) calm_after_ms: u64,
    pub(crate) deadline_ms: u64,
    pub(crate) disk: DiskKind,
    pub(crate) byzantine: BTreeMap<ReplicaId, Box<dyn Behaviour>>,
    /// At which proposal everybody stops, and for how many milliseconds.
    pub(crate) blackout: Option<(Height, u64)>,
}

impl Scenario {
    /// `members` honest members on a calm network.
    ///
    /// # Errors
    /// [`DecodeError`] when so many are no committee.
    pub fn new(seed: u64, members: u16) -> Result<Self, DecodeError> {
        Ok(Self {
            seed,
            setting: Setting::new(members)?,
            heights: 6,
            faults: Faults::NONE,
            calm_after_ms: 4_000,
            deadline_ms: 60_000,
            disk: DiskKind::Sound,
            byzantine: BTreeMap::new(),
            blackout: None,
        })
    }

    /// The keys and numbers of the run.
    #[must_use]
    pub const fn setting(&self) -> &Setting {
        &self.setting
    }

    /// How many blocks are to be committed.
    #[must_use]
    pub const fn with_heights(mut self, heights: u64) -> Self {
        self.heights = heights;
        self
    }

    /// What goes wrong in the first four seconds.
    #[must_use]
    pub const fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// When to stop waiting, milliseconds from the start.
    #[must_use]
    pub const fn with_deadline_ms(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = deadline_ms;
        self
    }

    /// How everybody's disk behaves.
    #[must_use]
    pub const fn with_disk(mut self, disk: DiskKind) -> Self {
        self.disk = disk;
        self
    }

    /// Stops everybody for `down_ms` milliseconds when the first member has recorded its proposal
    /// for `height` and sent it to nobody.
    #[must_use]
    pub const fn with_blackout(mut self, height: Height, down_ms: u64) -> Self {
        self.blackout = Some((height, down_ms));
        self
    }

    /// Makes a member Byzantine.
    #[must_use]
    pub fn with_byzantine(
        mut self,
        replica: ReplicaId,
        behaviour: impl FnOnce(&Setting, ReplicaId) -> Box<dyn Behaviour>,
    ) -> Self {
        let behaviour = behaviour(&self.setting, replica);
        self.byzantine.insert(replica, behaviour);
        self
    }

    /// Runs until every honest member has all blocks, something is violated, or time is up.
    #[must_use]
    pub fn run(self) -> Report {
        Simulation::new(self).run()
    }

    pub(crate) fn byzantine(&self) -> BTreeSet<ReplicaId> {
        self.byzantine.keys().copied().collect()
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Hash over everything that happened.
    pub trace: Digest,
    /// What must never happen and did.
    pub violations: Vec<Violation>,
    /// The ledger heights of the honest members.
    pub heights: BTreeMap<ReplicaId, Height>,
    /// Proofs of misbehaviour that honest members put out.
    pub evidence: Vec<Evidence>,
    /// What honest members refused, and who refused it.
    pub rejected: Vec<(ReplicaId, Rejected)>,
    /// Crashes that happened.
    pub crashes: u32,
}

impl Report {
    /// The height that every honest member has.
    #[must_use]
    pub fn common_height(&self) -> Height {
        self.heights.values().min().copied().unwrap_or_default()
    }
}
