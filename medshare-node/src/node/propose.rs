//! Proposing: what the replica hears of waiting transactions, and what a block of this node holds.

use std::time::Duration;

use medshare_consensus::Input;
use medshare_threshold::rules::TIP_FRESHNESS_MS;

use super::Node;
use crate::batch::{Batch, MAX_TRANSACTIONS};
use crate::error::NodeError;
use crate::executor::tip_time;

/// Cost of judging a transaction until it is measured.
const UNMEASURED_COST: Duration = Duration::from_micros(250);

/// What this node knows about the need for a block.
pub(super) struct Pace {
    /// A holder needs a recent block.
    pub(super) block_wanted: bool,
    /// A transaction of a peer found no room here. The peer waits for a block all the same.
    pub(super) turned_away: bool,
    /// What the replica was told last.
    waiting: bool,
    /// Moving average of the cost of judging one transaction.
    cost: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            block_wanted: false,
            turned_away: false,
            waiting: false,
            cost: UNMEASURED_COST,
        }
    }
}

impl Pace {
    /// Notes how long a block of `transactions` took to judge.
    pub(super) fn judged(&mut self, transactions: usize, took: Duration) {
        if let Some(cost) = u32::try_from(transactions)
            .ok()
            .and_then(|count| took.checked_div(count))
        {
            self.cost = (3 * self.cost + cost) / 4;
        }
    }

    /// The most transactions that a member judges in `time`, at least one.
    fn transactions_within(&self, time: Duration) -> usize {
        let cost = self.cost.as_nanos().max(1);
        let count = usize::try_from(time.as_nanos() / cost).unwrap_or(MAX_TRANSACTIONS);
        count.clamp(1, MAX_TRANSACTIONS)
    }
}

impl Node {
    /// Tells the replica whether something waits, where that changed. Returns whether it did.
    ///
    /// Of another member's turn only those transactions count that this node told that member of:
    /// no primary answers for what it may not have heard.
    pub(super) fn tell_of_waiting(&mut self) -> Result<bool, NodeError> {
        let mempool = &self.shell.mempool;
        let waiting = if self.replica.primary() == self.shell.own {
            !mempool.is_empty() || self.pace.turned_away || self.owes_block()?
        } else {
            mempool.has_told()
        };
        if waiting == self.pace.waiting {
            return Ok(false);
        }
        self.pace.waiting = waiting;
        self.feed(Input::Waiting(waiting));
        Ok(true)
    }

    /// Proposes when the replica may: it is this node's turn, and a block is due. Returns whether it
    /// proposed.
    pub(super) fn propose_if_due(&mut self) -> bool {
        if self.replica.may_propose().is_err() {
            return false;
        }
        self.pace.block_wanted = false;
        self.pace.turned_away = false;
        let time = Duration::from_millis(self.replica.time_to_judge_ms());
        let most = self.pace.transactions_within(time);
        let batch = Batch::new(self.shell.mempool.batch(most));
        match self.replica.handle(self.shell.now(), Input::Request(batch)) {
            Ok(()) => true,
            Err(rejected) => {
                tracing::debug!(member = %self.shell.own, %rejected, "not proposed");
                false
            }
        }
    }

    /// Whether a holder needs a recent block, and there is none. Peers can bring about a block in
    /// half the time that a tip is fresh, and no more.
    fn owes_block(&self) -> Result<bool, NodeError> {
        if !self.pace.block_wanted {
            return Ok(false);
        }
        let tip_time = tip_time(&self.ledger, &self.shell.genesis)?;
        let now = self.shell.machine.now();
        let age_ms = now.as_millis().saturating_sub(tip_time.as_millis());
        Ok(age_ms > TIP_FRESHNESS_MS / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_as_large_as_members_can_judge_in_time() {
        let mut pace = Pace::default();
        let time = Duration::from_millis(250);
        assert_eq!(pace.transactions_within(time), 1_000);
        for _ in 0..100 {
            pace.judged(10, Duration::from_millis(50));
        }
        let count = pace.transactions_within(time);
        assert!((49..=51).contains(&count), "{count}");
        pace.judged(0, Duration::from_secs(9));
        assert_eq!(pace.transactions_within(time), count);
        pace.judged(1, Duration::from_secs(3_600));
        assert_eq!(pace.transactions_within(time), 1);
        pace.cost = Duration::ZERO;
        assert_eq!(pace.transactions_within(time), MAX_TRANSACTIONS);
    }
}
