//! The members, faults and incidents of a run.

use std::collections::BTreeMap;

#[cfg(feature = "mutants")]
use medshare_node::Mutant;
use medshare_types::ReplicaId;

/// Faults of network, clocks and machines until the calm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Frames lost, per mille.
    pub drop_per_mille: u64,
    /// Frames that arrive twice, per mille.
    pub duplicate_per_mille: u64,
    /// The longest delay of a frame, milliseconds. Delays are even from 1, so frames overtake each
    /// other.
    pub delay_ms: u64,
    /// Chance of a power cut at each frame, write and sync, per mille.
    pub crash_per_mille: u64,
    /// The most power cuts of one machine at such points.
    pub crashes: u32,
    /// The longest time that a machine is down, milliseconds.
    pub down_ms: u64,
    /// The largest distance between two clocks, milliseconds.
    pub skew_ms: u64,
    /// Periods of 400 ms in which machines are split into two sides, per mille.
    pub partition_per_mille: u64,
    /// Links that are down in one direction for such a period, per mille.
    pub one_way_per_mille: u64,
    /// The longest duration of a sync, a check, a proof or an execution, milliseconds.
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
        down_ms: 700,
        skew_ms: 0,
        partition_per_mille: 0,
        one_way_per_mille: 0,
        work_ms: 3,
    };

    /// Loss, repetition, reordering, partitions, power cuts and clocks that differ.
    pub const ROUGH: Self = Self {
        drop_per_mille: 100,
        duplicate_per_mille: 80,
        delay_ms: 60,
        crash_per_mille: 3,
        crashes: 3,
        down_ms: 1_500,
        skew_ms: 300,
        partition_per_mille: 100,
        one_way_per_mille: 30,
        work_ms: 15,
    };
}

/// What an operator or an accident takes from a machine, while it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Log and ledger are gone, and begun again.
    Folder,
    /// The log is gone, and begun again.
    Log,
    /// The log is replaced by a copy of itself.
    Copied,
    /// Log and ledger are replaced by older ones.
    Restored,
}

/// An event at one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// It loses its power.
    PowerCut,
    /// Its disk takes no byte for so many milliseconds.
    DiskFull(u64),
    /// Its disk has little room for so many milliseconds: it votes, and admits nothing.
    DiskLow(u64),
    /// Its files are copied, to come back with [`Loss::Restored`].
    Backup,
    /// It loses its power, and more. The transport's channels end with it.
    Lose(Loss),
    /// Its clock is set; milliseconds ahead of the slowest.
    SetClock(u64),
    /// No frame reaches it or leaves it for so many milliseconds.
    CutOff(u64),
    /// Until the calm its syncs, checks, proofs and executions take up to so many milliseconds.
    Slow(u64),
}

/// How a seat is Byzantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Frames are withheld, altered or sent again; the kind is drawn.
    Wires,
    /// Frames are altered, with this chance, per mille.
    Altered(u64),
    /// Two nodes have the seat's key, on disks that begin alike.
    Twin,
}

/// What clients do in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Orders that are submitted again until their receipt is there.
    pub orders: u64,
    /// Transactions that are submitted once, to one member.
    pub single: u64,
    /// Transactions of one key that are submitted to one member as fast as it takes them.
    pub flood: u64,
}

impl Load {
    /// A few orders and single transactions.
    pub const LIGHT: Self = Self {
        orders: 6,
        single: 6,
        flood: 0,
    };
}

/// The description of a run, all of which follows from the seed.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(crate) seed: u64,
    pub(crate) members: u16,
    pub(crate) faults: Faults,
    pub(crate) calm_after_ms: u64,
    pub(crate) deadline_ms: u64,
    pub(crate) from_nothing: bool,
    pub(crate) lies: BTreeMap<ReplicaId, Lie>,
    /// By milliseconds from the start, and seat.
    pub(crate) incidents: Vec<(u64, ReplicaId, Incident)>,
    pub(crate) load: Load,
    pub(crate) narrated: bool,
    #[cfg(feature = "mutants")]
    pub(crate) mutant: Option<Mutant>,
}

impl Scenario {
    /// Four or more honest members on a calm network, whose chain has its gate key.
    #[must_use]
    pub const fn new(seed: u64, members: u16) -> Self {
        Self {
            seed,
            members,
            faults: Faults::NONE,
            calm_after_ms: 4_000,
            deadline_ms: 240_000,
            from_nothing: false,
            lies: BTreeMap::new(),
            incidents: Vec::new(),
            load: Load::LIGHT,
            narrated: false,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// Sets the faults; [`Faults::NONE`] by default.
    #[must_use]
    pub const fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Sets when faults end, in milliseconds from the start; four seconds by default.
    #[must_use]
    pub const fn with_calm_after_ms(mut self, calm_after_ms: u64) -> Self {
        self.calm_after_ms = calm_after_ms;
        self
    }

    /// Sets the longest time from the calm to the end of all work, milliseconds; four minutes by
    /// default.
    #[must_use]
    pub const fn with_deadline_ms(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = deadline_ms;
        self
    }

    /// Founds the chain in the run: empty disks, and the key ceremony under the faults.
    #[must_use]
    pub const fn from_nothing(mut self) -> Self {
        self.from_nothing = true;
        self
    }

    /// Makes a seat Byzantine.
    #[must_use]
    pub fn with_lie(mut self, seat: ReplicaId, lie: Lie) -> Self {
        self.lies.insert(seat, lie);
        self
    }

    /// Adds an incident `at_ms` milliseconds from the start.
    #[must_use]
    pub fn with_incident(mut self, at_ms: u64, seat: ReplicaId, incident: Incident) -> Self {
        self.incidents.push((at_ms, seat, incident));
        self
    }

    /// Sets what clients do; [`Load::LIGHT`] by default.
    #[must_use]
    pub const fn with_load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Keeps the steps of the run in words.
    #[must_use]
    pub const fn with_narration(mut self) -> Self {
        self.narrated = true;
        self
    }

    /// Gives every node a deliberate fault.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub const fn with_mutant(mut self, mutant: Mutant) -> Self {
        self.mutant = Some(mutant);
        self
    }
}
