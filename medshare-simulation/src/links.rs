//! Links that are down for a while: two sides that do not hear each other, and single directions.

use std::collections::BTreeSet;

use medshare_testkit::SimRng;

use crate::scenario::Faults;

/// Milliseconds for which links stay as they are.
const PERIOD_MS: u64 = 400;

/// The links of one period.
#[derive(Debug, Default)]
pub(crate) struct Links {
    until_ms: u64,
    /// The machines of one side; empty without a partition.
    side: BTreeSet<usize>,
    /// Directions, each from a machine to another.
    down: BTreeSet<(usize, usize)>,
}

impl Links {
    /// Whether nothing passes between these machines now.
    pub(crate) fn is_down(
        &mut self,
        (from, to): (usize, usize),
        now_ms: u64,
        (faults, hosts): (&Faults, usize),
        rng: &mut SimRng,
    ) -> bool {
        if now_ms >= self.until_ms {
            self.until_ms = now_ms - now_ms % PERIOD_MS + PERIOD_MS;
            self.side.clear();
            if rng.chance(faults.partition_per_mille) {
                self.side.extend((0..hosts).filter(|_| rng.chance(500)));
            }
            let pairs = (0..hosts).flat_map(|from| (0..hosts).map(move |to| (from, to)));
            self.down = pairs
                .filter(|_| rng.chance(faults.one_way_per_mille))
                .collect();
        }
        self.down.contains(&(from, to)) || self.side.contains(&from) != self.side.contains(&to)
    }
}
