//! The members, faults and limits of a run.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::Mode;
#[cfg(feature = "mutants")]
use medshare_consensus::Mutant;
use medshare_consensus::credit::EpochRule;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::wire::DecodeError;

use crate::behaviour::{Behaviour, Twin};
use crate::disk::DiskKind;
use crate::setting::Setting;
use crate::splits::Splits;

/// Faults of network, clocks and machines in the first four seconds of a run.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Messages lost, per mille.
    pub drop_per_mille: u64,
    /// Messages that arrive twice, per mille.
    pub duplicate_per_mille: u64,
    /// The longest delay of a message, milliseconds. Delays are even from 1, so messages overtake
    /// each other.
    pub delay_ms: u64,
    /// Crashes just before an output is carried out, per mille of outputs.
    pub crash_per_mille: u64,
    /// The most crashes of one member.
    pub crashes: u32,
    /// The longest time that a member is down, milliseconds.
    pub down_ms: u64,
    /// Stale timers that fire all the same, per mille.
    pub spurious_per_mille: u64,
    /// The largest error of a clock, milliseconds, either way.
    pub skew_ms: u64,
    /// Periods of 400 ms in which members are split into two sides, per mille.
    pub partition_per_mille: u64,
    /// Links that are down in one direction for such a period, per mille.
    pub one_way_per_mille: u64,
    /// The longest duration of a sync, a verdict and an execution, milliseconds.
    pub work_ms: u64,
}

impl Faults {
    /// A reliable network with delays of 1 to 10 ms.
    pub const NONE: Self = Self {
        drop_per_mille: 0,
        duplicate_per_mille: 0,
        delay_ms: 10,
        crash_per_mille: 0,
        crashes: 0,
        down_ms: 0,
        spurious_per_mille: 0,
        skew_ms: 0,
        partition_per_mille: 0,
        one_way_per_mille: 0,
        work_ms: 8,
    };

    /// Loss, repetition, reordering, crashes, stale timers and clocks that are off.
    pub const ROUGH: Self = Self {
        drop_per_mille: 150,
        duplicate_per_mille: 100,
        delay_ms: 60,
        crash_per_mille: 15,
        crashes: 4,
        down_ms: 700,
        spurious_per_mille: 50,
        skew_ms: 200,
        partition_per_mille: 100,
        one_way_per_mille: 30,
        work_ms: 30,
    };
}

/// A member whose first and third crash take its log, and its ledger or the end of it: a lost disk
/// or a restored backup.
#[derive(Clone, Copy, Debug)]
pub struct LostDisk {
    /// The seat of the member.
    pub replica: ReplicaId,
    /// True when the member starts again as one that lost its votes; false is a control, a member
    /// that goes on as if it had none.
    pub abstains: bool,
    /// The height at which it crashes soon after its prepare left, besides other crashes.
    pub after_prepare: Option<Height>,
}

/// The description of a run, all of which follows from the seed.
pub struct Scenario {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) heights: u64,
    pub(crate) faults: Faults,
    pub(crate) calm_after_ms: u64,
    pub(crate) deadline_ms: u64,
    pub(crate) disk: DiskKind,
    pub(crate) byzantine: BTreeMap<ReplicaId, Box<dyn Behaviour>>,
    /// The height at whose proposal every member stops, and for how many milliseconds.
    pub(crate) blackout: Option<(Height, u64)>,
    pub(crate) lost_disk: Option<LostDisk>,
    /// The height at whose proposal all clocks are put right, and by how many milliseconds.
    pub(crate) clocks_ahead: Option<(Height, u64)>,
    /// Milliseconds after which applications refuse a block that they would have accepted.
    pub(crate) stale_after_ms: Option<u64>,
    pub(crate) resend_ms: u64,
    /// The member that nothing reaches, and nothing comes from, until the calm.
    pub(crate) isolated: Option<ReplicaId>,
    /// A member whose clock is ahead by so many milliseconds.
    pub(crate) wrong_clock: Option<(ReplicaId, u64)>,
    /// The seats that two replicas hold.
    pub(crate) twins: Vec<ReplicaId>,
    pub(crate) splits: Splits,
    pub(crate) narrated: bool,
    /// Blocks tell of members that honest ones have evidence against.
    pub(crate) tells_proofs: bool,
    /// The height from which on blocks tell that a member leaves.
    pub(crate) departs: Option<(Height, ReplicaId)>,
    #[cfg(feature = "mutants")]
    pub(crate) mutant: Option<Mutant>,
}

impl Scenario {
    /// `members` honest members on a calm network.
    ///
    /// # Errors
    /// [`DecodeError`] for fewer than 4 or more than 1024 members.
    pub fn new(seed: u64, members: u16) -> Result<Self, DecodeError> {
        Ok(Self::of(seed, Setting::new(members)?))
    }

    /// As [`Self::new`]. In builds with `--cfg medshare_test_signatures` only seeds that 50 divides sign
    /// with Ed25519.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn cheap(seed: u64, members: u16) -> Result<Self, DecodeError> {
        #[cfg(medshare_test_signatures)]
        if !seed.is_multiple_of(50) {
            return Ok(Self::of(seed, Setting::simulated(members)?));
        }
        Self::new(seed, members)
    }

    fn of(seed: u64, setting: Setting) -> Self {
        Self {
            seed,
            setting,
            heights: 6,
            faults: Faults::NONE,
            calm_after_ms: 4_000,
            deadline_ms: 60_000,
            disk: DiskKind::Sound,
            byzantine: BTreeMap::new(),
            blackout: None,
            lost_disk: None,
            clocks_ahead: None,
            stale_after_ms: None,
            isolated: None,
            wrong_clock: None,
            resend_ms: Setting::RESEND_MS,
            twins: Vec::new(),
            splits: Splits::default(),
            narrated: false,
            tells_proofs: false,
            departs: None,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// The members and their keys.
    #[must_use]
    pub const fn setting(&self) -> &Setting {
        &self.setting
    }

    /// How turns to propose pass on, at all members.
    #[must_use]
    pub const fn with_mode(mut self, mode: Mode) -> Self {
        self.setting.mode = mode;
        self
    }

    /// The height at which the run ends.
    #[must_use]
    pub const fn heights(&self) -> u64 {
        self.heights
    }

    /// Sets when epochs end; the default's are too long for a run.
    #[must_use]
    pub fn with_epochs(mut self, epochs: EpochRule) -> Self {
        self.setting = self.setting.with_epochs(epochs);
        self
    }

    /// Adds organisations without a seat.
    ///
    /// # Errors
    /// [`DecodeError`] for more than 1024 organisations.
    ///
    /// # Panics
    /// After [`Self::with_byzantine`]: behaviours sign for the chain, which this changes.
    pub fn with_candidates(mut self, candidates: u16) -> Result<Self, DecodeError> {
        assert!(
            self.byzantine.is_empty(),
            "candidates come before behaviours"
        );
        self.setting = self.setting.with_candidates(candidates)?;
        Ok(self)
    }

    /// Sets the height at which the run ends; 6 by default.
    #[must_use]
    pub const fn with_heights(mut self, heights: u64) -> Self {
        self.heights = heights;
        self
    }

    /// Sets the faults; [`Faults::NONE`] by default.
    #[must_use]
    pub const fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Sets the end of the run in milliseconds from the start; one minute by default.
    #[must_use]
    pub const fn with_deadline_ms(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = deadline_ms;
        self
    }

    /// Sets the disks of all members; [`DiskKind::Sound`] by default.
    #[must_use]
    pub const fn with_disk(mut self, disk: DiskKind) -> Self {
        self.disk = disk;
        self
    }

    /// Stops every member for `down_ms` milliseconds once the first member has recorded its
    /// proposal for `height` and before it sends it.
    #[must_use]
    pub const fn with_blackout(mut self, height: Height, down_ms: u64) -> Self {
        self.blackout = Some((height, down_ms));
        self
    }

    /// Lets crashes take a member's log and ledger.
    #[must_use]
    pub const fn with_lost_disk(mut self, lost: LostDisk) -> Self {
        self.lost_disk = Some(lost);
        self
    }

    /// Sets all clocks `ahead_ms` milliseconds ahead, and puts them right once the first member has
    /// recorded its proposal for `height` and before it sends it.
    #[must_use]
    pub const fn with_clocks_ahead(mut self, height: Height, ahead_ms: u64) -> Self {
        self.clocks_ahead = Some((height, ahead_ms));
        self
    }

    /// Lets applications refuse each block `after_ms` milliseconds after its time: a verdict depends
    /// on when it is asked for.
    #[must_use]
    pub const fn with_stale_after_ms(mut self, after_ms: u64) -> Self {
        self.stale_after_ms = Some(after_ms);
        self
    }

    /// Cuts a member off for as long as there are faults.
    #[must_use]
    pub const fn with_isolated(mut self, replica: ReplicaId) -> Self {
        self.isolated = Some(replica);
        self
    }

    /// Sets one member's clock `ahead_ms` milliseconds ahead, for good.
    #[must_use]
    pub const fn with_wrong_clock(mut self, replica: ReplicaId, ahead_ms: u64) -> Self {
        self.wrong_clock = Some((replica, ahead_ms));
        self
    }

    /// Sets when faults end, in milliseconds from the start; four seconds by default.
    #[must_use]
    pub const fn with_calm_after_ms(mut self, calm_after_ms: u64) -> Self {
        self.calm_after_ms = calm_after_ms;
        self
    }

    /// Sets the milliseconds between two ticks; [`Setting::RESEND_MS`] by default.
    #[must_use]
    pub const fn with_resend_ms(mut self, resend_ms: u64) -> Self {
        self.resend_ms = resend_ms;
        self
    }

    /// Gives a Byzantine member's seat to two replicas, each of which follows the protocol. The
    /// second comes after the last seat in [`Splits::sides`].
    #[must_use]
    pub fn with_twin(mut self, replica: ReplicaId) -> Self {
        self.twins.push(replica);
        self.with_byzantine(replica, |_, _| Box::new(Twin))
    }

    /// Splits the network by height and view.
    #[must_use]
    pub fn with_splits(mut self, splits: Splits) -> Self {
        self.splits = splits;
        self
    }

    /// Lets honest primaries put what convicts a member into a block: it stops leading, and loses its
    /// seat with the epoch.
    #[must_use]
    pub const fn with_proofs_on_chain(mut self) -> Self {
        self.tells_proofs = true;
        self
    }

    /// Lets a block tell, at `height` or soon after, that an organisation leaves the chain.
    #[must_use]
    pub const fn with_departure(mut self, height: Height, replica: ReplicaId) -> Self {
        self.departs = Some((height, replica));
        self
    }

    /// Keeps the steps of the run in words.
    #[must_use]
    pub const fn with_narration(mut self) -> Self {
        self.narrated = true;
        self
    }

    /// Gives every replica a deliberate fault.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub const fn with_mutant(mut self, mutant: Mutant) -> Self {
        self.mutant = Some(mutant);
        self
    }

    /// Gives a seat to a Byzantine member.
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

    pub(crate) fn byzantine(&self) -> BTreeSet<ReplicaId> {
        self.byzantine.keys().copied().collect()
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("seed", &self.seed)
            .field("heights", &self.heights)
            .field("faults", &self.faults)
            .field("disk", &self.disk)
            .field("blackout", &self.blackout)
            .field("lost_disk", &self.lost_disk)
            .field("clocks_ahead", &self.clocks_ahead)
            .field("stale_after_ms", &self.stale_after_ms)
            .field("isolated", &self.isolated)
            .field("calm_after_ms", &self.calm_after_ms)
            .field("twins", &self.twins)
            .field("byzantine", &self.byzantine())
            .finish_non_exhaustive()
    }
}
