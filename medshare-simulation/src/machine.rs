//! Clock, chance and work of a simulated machine.

use std::io;
use std::path::Path;
use std::time::Duration;

use medshare_host::{Machine, WorkTime};
use medshare_types::{RandomSource as _, Timestamp};

use crate::world::Life;

/// Threads of every machine, so that runs do not depend on where they run.
const CORES: usize = 2;
/// Longest time until a task learns that its work is done, milliseconds.
const LEARNS_MS: u64 = 2;

/// The machine of one life.
pub(crate) struct SimMachine {
    life: Life,
    /// The time of the slowest clock when the run begins.
    epoch: Timestamp,
}

impl SimMachine {
    pub(crate) const fn new(life: Life, epoch: Timestamp) -> Self {
        Self { life, epoch }
    }
}

impl Machine for SimMachine {
    fn now(&self) -> Timestamp {
        let state = self.life.world.lock();
        let ahead_ms = state.hosts[self.life.host].ahead_ms;
        self.epoch.plus_millis(state.now_ms() + ahead_ms)
    }

    fn free_bytes(&self, _: &Path) -> Option<u64> {
        let state = self.life.world.lock();
        Some(state.free_bytes(self.life.host))
    }

    fn before_write(&self) -> io::Result<()> {
        let state = self.life.on()?;
        if state.is_full(self.life.host) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn fill_random(&self, out: &mut [u8]) {
        let mut state = self.life.world.lock();
        let mut chance = medshare_testkit::fixtures::rng(state.rng.next_u64());
        chance.fill(out);
    }

    fn cores(&self) -> usize {
        CORES
    }

    fn simulated_work(&self) -> Option<WorkTime> {
        let mut state = self.life.world.lock();
        let longest_ms = state.work_ms(self.life.host);
        let mut drawn = |longest_ms| Duration::from_millis(state.rng.between(0, longest_ms));
        Some(WorkTime {
            before: drawn(longest_ms),
            after: drawn(LEARNS_MS),
        })
    }
}
