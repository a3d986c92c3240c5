//! Transactions that clients submit: checked beside the node's task, admitted in it.

use std::sync::Arc;

use bytes::Bytes;
use medshare_ledger::{RefusalCode, RpcResponse, Transaction};
use medshare_types::{TransactionId, Wire as _};
use tokio::sync::{mpsc, oneshot};

use super::Node;
use super::gossip::check;
use crate::error::NodeError;
use crate::mempool::{Admission, Heard};
use crate::peer::PeerMessage;
use crate::worker_pool::{SLOTS, refuse_as_overload};

/// A submission after its check.
pub(super) struct CheckedSubmission {
    id: TransactionId,
    /// The transaction and its frame for the other nodes, or why it is not admitted.
    verdict: Result<(Box<Transaction>, Bytes), Admission>,
    answer: oneshot::Sender<Vec<u8>>,
}

/// Checked submissions on their way back to the node's task.
pub(super) struct CheckedQueue {
    sender: mpsc::Sender<CheckedSubmission>,
    receiver: mpsc::Receiver<CheckedSubmission>,
}

impl Default for CheckedQueue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(SLOTS as usize);
        Self { sender, receiver }
    }
}

impl CheckedSubmission {
    /// Answers without admitting.
    pub(super) fn refuse(self, refusal: &RpcResponse) {
        // The client may have hung up.
        let _ = self.answer.send(refusal.to_wire());
    }
}

impl CheckedQueue {
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> CheckedSubmission {
        match self.receiver.recv().await {
            Some(submission) => submission,
            // Never: this holds a sender.
            None => std::future::pending().await,
        }
    }
}

impl Node {
    /// Has a transaction checked, unless it is known or there is no room.
    pub(super) fn on_submit(
        &self,
        transaction: Transaction,
        answer: oneshot::Sender<Vec<u8>>,
    ) -> Result<(), NodeError> {
        let id = transaction.id();
        if let Err(admission) = self.judge_unchecked(&transaction)? {
            self.respond(id, &admission, answer);
            return Ok(());
        }
        let ledger = Arc::clone(&self.ledger);
        let chain = self.shell.genesis.chain_id();
        let work = move || -> Result<_, NodeError> {
            Ok(check(&ledger, &chain, transaction)?.map(|transaction| {
                let frame = PeerMessage::Transaction(transaction.to_wire()).to_wire();
                (Box::new(transaction), Bytes::from(frame))
            }))
        };
        let checked = self.shell.checked.sender.clone();
        self.workers
            .checks
            .run_then(answer, work, move |verdict, answer| {
                let verdict = match verdict {
                    Ok(verdict) => verdict,
                    Err(error) => {
                        tracing::error!(%error, "a submission cannot be judged");
                        let refusal =
                            RpcResponse::refused(RefusalCode::Internal, error.to_string());
                        let _ = answer.send(refusal.to_wire());
                        return;
                    }
                };
                let submission = CheckedSubmission {
                    id,
                    verdict,
                    answer,
                };
                if let Err(error) = checked.try_send(submission) {
                    refuse_as_overload(error.into_inner().answer);
                }
            });
        Ok(())
    }

    /// Admits a checked transaction, and sends it to all other nodes.
    pub(super) fn on_checked(&mut self, submission: CheckedSubmission) -> Result<(), NodeError> {
        let CheckedSubmission {
            id,
            verdict,
            answer,
        } = submission;
        let admission = match verdict {
            Ok((transaction, frame)) => match self.judge_unchecked(&transaction)? {
                // It came another way in the meantime.
                Err(admission) => admission,
                Ok(home) => {
                    let now_ms = self.shell.now().monotonic_ms;
                    let admission = self
                        .shell
                        .mempool
                        .add(*transaction, home, now_ms, Heard::Here);
                    if admission == Admission::Added {
                        self.broadcast(&frame);
                    }
                    admission
                }
            },
            Err(admission) => admission,
        };
        self.respond(id, &admission, answer);
        Ok(())
    }

    fn respond(&self, id: TransactionId, admission: &Admission, answer: oneshot::Sender<Vec<u8>>) {
        let response = match admission {
            Admission::DiskLow => self.shell.disk.refusal(&self.shell.genesis, self.shell.own),
            Admission::Added | Admission::Known => RpcResponse::Accepted(id),
            Admission::Full => RpcResponse::refused(
                RefusalCode::Overloaded,
                "too many transactions of the sender's organisation wait",
            ),
            Admission::UnknownSender => RpcResponse::refused(
                RefusalCode::Unknown,
                "the sender is not known here by this key",
            ),
            Admission::Forged => {
                RpcResponse::refused(RefusalCode::BadSignature, "not signed for this chain")
            }
        };
        // The client may have hung up.
        let _ = answer.send(response.to_wire());
    }
}
