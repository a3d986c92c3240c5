//! Proposing: when it is this node's turn and there is something to order.

use medshare_consensus::Input;
use medshare_threshold::rules::TIP_FRESHNESS_MS;
use medshare_types::Height;

use super::Node;
use crate::batch::Batch;
use crate::error::NodeError;
use crate::executor::tip_time;

impl Node {
    /// Proposes when it is this node's turn and something waits: transactions, roots that no header
    /// names yet, or a holder that needs a recent block to release a share. With nothing in flight
    /// that is at once. Returns whether it proposed.
    pub(super) fn propose_if_due(&mut self) -> Result<bool, NodeError> {
        if self.replica.may_propose().is_err() {
            return Ok(false);
        }
        if self.mempool.is_empty() && !self.has_unnamed_roots()? && !self.owes_block()? {
            return Ok(false);
        }
        self.block_wanted = false;
        let batch = Batch::new(self.mempool.batch());
        match self
            .replica
            .handle(self.machine.now(), Input::Request(batch))
        {
            Ok(()) => Ok(true),
            Err(rejected) => {
                tracing::debug!(member = %self.own, %rejected, "not proposed");
                Ok(false)
            }
        }
    }

    /// Whether a holder needs a recent block, and there is none. Peers can bring about a block in
    /// half the time that a tip is fresh, and no more.
    fn owes_block(&self) -> Result<bool, NodeError> {
        if !self.block_wanted {
            return Ok(false);
        }
        let tip_time = tip_time(&self.ledger, &self.genesis)?;
        let now = self.machine.now();
        let age_ms = now.as_millis().saturating_sub(tip_time.as_millis());
        Ok(age_ms > TIP_FRESHNESS_MS / 2)
    }

    /// Whether the newest block has receipts, which only a further header makes provable.
    fn has_unnamed_roots(&self) -> Result<bool, NodeError> {
        let tip = self.ledger.height()?;
        Ok(tip != Height(0) && !self.ledger.receipts(tip)?.is_empty())
    }
}
