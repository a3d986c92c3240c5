//! Proposing: when it is this member's turn and there is something to order.

use medshare_consensus::Input;
use medshare_types::Height;

use super::Node;
use crate::batch::Batch;
use medshare_host::clock;

impl Node {
    /// Proposes when it is this member's turn and something waits: transactions, or roots that
    /// no header names yet. With nothing in flight that is at once.
    pub(super) fn propose_if_due(&mut self) -> bool {
        if self.replica.may_propose(clock::now()).is_err() {
            return false;
        }
        if self.mempool.is_empty() && !self.has_unnamed_roots() {
            return false;
        }
        let batch = Batch::new(self.mempool.batch());
        match self.replica.handle(clock::now(), Input::Request(batch)) {
            Ok(()) => true,
            Err(rejected) => {
                tracing::debug!(member = %self.own, %rejected, "not proposed");
                false
            }
        }
    }

    /// Whether the newest block has receipts, which only a further header makes provable.
    fn has_unnamed_roots(&self) -> bool {
        let newest = self.ledger.height().and_then(|tip| {
            if tip == Height(0) {
                Ok(false)
            } else {
                Ok(!self.ledger.receipts(tip)?.is_empty())
            }
        });
        newest.unwrap_or(false)
    }
}
