//! The links between members: partitions, and links that are down one way.

use std::collections::BTreeSet;

use crate::scenario::Faults;
use crate::sim_rng::SimRng;

/// The time for which links stay as they are, milliseconds.
const PERIOD_MS: u64 = 400;

/// The links that are down now.
#[derive(Debug, Default)]
pub(super) struct Links {
    until_ms: u64,
    down: BTreeSet<(usize, usize)>,
}

impl Links {
    /// True when a message from one member to another gets lost at `clock_ms`.
    pub(super) fn is_down(
        &mut self,
        (from, to): (usize, usize),
        clock_ms: u64,
        (faults, members): (&Faults, usize),
        rng: &mut SimRng,
    ) -> bool {
        if faults.partition_per_mille == 0 && faults.one_way_per_mille == 0 {
            return false;
        }
        if clock_ms >= self.until_ms {
            self.until_ms = clock_ms + PERIOD_MS;
            self.draw(faults, members, rng);
        }
        self.down.contains(&(from, to))
    }

    fn draw(&mut self, faults: &Faults, members: usize, rng: &mut SimRng) {
        self.down.clear();
        let split = rng.chance(faults.partition_per_mille);
        let sides: Vec<_> = (0..members).map(|_| split && rng.chance(500)).collect();
        for from in 0..members {
            for to in (0..members).filter(|to| *to != from) {
                if sides[from] != sides[to] || rng.chance(faults.one_way_per_mille) {
                    self.down.insert((from, to));
                }
            }
        }
    }
}
