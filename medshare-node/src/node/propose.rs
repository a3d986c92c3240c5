//! Proposing: when it is this node's turn and there is something to order.

use medshare_consensus::Input;
use medshare_types::Height;

use super::Node;
use crate::batch::Batch;
use crate::error::NodeError;

impl Node {
    /// Proposes when it is this node's turn and something waits: transactions, or roots that no
    /// header names yet. With nothing in flight that is at once. Returns whether it proposed.
    pub(super) fn propose_if_due(&mut self) -> Result<bool, NodeError> {
        if self.replica.may_propose().is_err() {
            return Ok(false);
        }
        if self.mempool.is_empty() && !self.has_unnamed_roots()? {
            return Ok(false);
        }
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

    /// Whether the newest block has receipts, which only a further header makes provable.
    fn has_unnamed_roots(&self) -> Result<bool, NodeError> {
        let tip = self.ledger.height()?;
        Ok(tip != Height(0) && !self.ledger.receipts(tip)?.is_empty())
    }
}
