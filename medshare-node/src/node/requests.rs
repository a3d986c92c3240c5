//! Answers to clients. Every answer is bytes; nothing in a request is trusted.

use std::sync::Arc;

use medshare_ledger::{
    MemberStatus, RefusalCode, RpcRequest, RpcResponse, ShareRequest, StoreError,
};
use medshare_types::wire::to_borsh;
use medshare_types::{Digest, Epoch, Height, ReplicaId, Wire};
use tokio::sync::oneshot;

use super::Node;
use super::shell::Standing;
use crate::error::NodeError;
use crate::explain::explain;
use crate::subscriptions::Query;

impl Node {
    /// Answers one request, now or when its answer exists.
    pub(super) fn on_request(
        &mut self,
        request: &[u8],
        answer: oneshot::Sender<Vec<u8>>,
    ) -> Result<(), NodeError> {
        let response = match RpcRequest::from_wire(request) {
            Ok(RpcRequest::Submit(transaction)) => return self.on_submit(*transaction, answer),
            Ok(RpcRequest::ReceiptOf(transaction)) => {
                return self.on_query(Query::Receipt(transaction), answer);
            }
            Ok(RpcRequest::ReceiptsAt(height)) if height > Height(0) => {
                return self.on_query(Query::Block(height), answer);
            }
            Ok(RpcRequest::State(key)) => {
                self.on_state(key, answer);
                return Ok(());
            }
            Ok(RpcRequest::Tip) => match self.ledger.tip()? {
                Some(tip) => RpcResponse::Tip(Box::new(tip)),
                None => RpcResponse::refused(RefusalCode::NotYetCertified, "no block yet"),
            },
            Ok(RpcRequest::Share(request)) => {
                self.on_share(*request, answer);
                return Ok(());
            }
            Ok(RpcRequest::Explain(replica)) => {
                self.on_explain(replica, answer);
                return Ok(());
            }
            Ok(RpcRequest::Status) => return self.on_status(answer),
            Ok(RpcRequest::Boundaries(from)) => {
                self.on_boundaries(from, answer);
                return Ok(());
            }
            Ok(_) => RpcResponse::refused(RefusalCode::Undecodable, "unknown request"),
            Err(error) => RpcResponse::refused(RefusalCode::Undecodable, error.to_string()),
        };
        // The client may have hung up.
        let _ = answer.send(response.to_wire());
        Ok(())
    }

    fn on_explain(&self, replica: ReplicaId, answer: oneshot::Sender<Vec<u8>>) {
        let ledger = Arc::clone(&self.ledger);
        let genesis = Arc::clone(&self.shell.genesis);
        self.workers.proofs.run(answer, move || {
            let events = explain(&ledger, &genesis, replica);
            events.map_or_else(refusal_of, |events| {
                RpcResponse::Explanation(to_borsh(&events))
            })
        });
    }

    fn on_state(&self, key: Digest, answer: oneshot::Sender<Vec<u8>>) {
        let ledger = Arc::clone(&self.ledger);
        self.workers.proofs.run(answer, move || {
            ledger
                .prove_state(&key)
                .map_or_else(refusal_of, |proof| RpcResponse::State(Box::new(proof)))
        });
    }

    fn on_boundaries(&self, from: Epoch, answer: oneshot::Sender<Vec<u8>>) {
        let ledger = Arc::clone(&self.ledger);
        self.workers.proofs.run(answer, move || {
            ledger
                .boundaries(from, RpcRequest::MAX_BOUNDARIES)
                .map_or_else(refusal_of, RpcResponse::Boundaries)
        });
    }

    fn on_status(&self, answer: oneshot::Sender<Vec<u8>>) -> Result<(), NodeError> {
        let status = self.shell.status(Standing {
            primary: self.replica.primary(),
            lost: self.replica.is_lost(),
            lacks_share: self.lacks_share()?,
        });
        let folder = self.shell.folder.clone();
        let machine = Arc::clone(&self.shell.machine);
        self.workers.proofs.run(answer, move || {
            RpcResponse::Status(Box::new(MemberStatus {
                disk_free: machine.free_bytes(&folder),
                ..status
            }))
        });
        Ok(())
    }

    /// Answers a query now, or subscribes the client to its answer.
    fn on_query(
        &mut self,
        query: Query,
        answer: oneshot::Sender<Vec<u8>>,
    ) -> Result<(), NodeError> {
        if !query.is_answerable(&self.ledger)? {
            self.shell.subscriptions.add(query, answer);
            return Ok(());
        }
        let ledger = Arc::clone(&self.ledger);
        let work = move || query.answer(&ledger).unwrap_or_else(refusal_of);
        self.workers.proofs.run(answer, work);
        Ok(())
    }

    /// Answers the subscribers of a block whose roots are now certified.
    pub(super) async fn answer_subscribers(&mut self, certified: Height) -> Result<(), NodeError> {
        let queries = self.shell.subscriptions.queries_for(certified);
        if certified == Height(0) || queries.is_empty() {
            return Ok(());
        }
        let ledger = Arc::clone(&self.ledger);
        let work = move || queries.answers(&ledger, certified);
        let answers = self.shell.machine.blocking(work).await??;
        for (query, bytes) in answers {
            self.shell.subscriptions.answer(query, &bytes);
        }
        Ok(())
    }

    /// Computes a share beside the node's task, from the state as it is by then.
    fn on_share(&self, request: ShareRequest, answer: oneshot::Sender<Vec<u8>>) {
        let holder = Arc::clone(&self.shell.holder);
        let ledger = Arc::clone(&self.ledger);
        self.workers.shares.run(answer, move || {
            let released = holder.release(&ledger, &request);
            let outcome = released
                .as_ref()
                .map_or_else(|refusal| refusal.code.code(), |_| "released");
            metrics::counter!("medshare_node_share_requests_total", "outcome" => outcome)
                .increment(1);
            match released {
                Ok(share) => RpcResponse::Share(Box::new(share)),
                Err(refusal) => RpcResponse::Refused(refusal),
            }
        });
    }
}

fn refusal_of(error: StoreError) -> RpcResponse {
    let code = if matches!(error, StoreError::NotYetCertified { .. }) {
        RefusalCode::NotYetCertified
    } else {
        tracing::error!(%error, "a proof cannot be made");
        RefusalCode::Internal
    };
    RpcResponse::refused(code, error.to_string())
}
