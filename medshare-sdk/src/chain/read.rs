//! Values of the state, by proof.

use std::sync::atomic::Ordering;

use medshare_ledger::{RpcRequest, RpcResponse, StateProof};
use medshare_types::{Digest, ReplicaId, Timestamp, Wire};
use tokio::time::{Instant, sleep};

use super::{Chain, RETRY_PAUSE, unexpected};
use crate::error::{Error, Result};

impl Chain {
    /// Reads a value with a proof that is no older than any proof seen before.
    pub(crate) async fn read<T: Wire>(&self, home: ReplicaId, key: Digest) -> Result<Option<T>> {
        self.read_dated(home, key).await.map(|(value, _)| value)
    }

    /// Reads a value, and the time of the block that proves it. The state includes everything
    /// ordered before that block's parent; absence proves nothing about later blocks.
    pub(crate) async fn read_dated<T: Wire>(
        &self,
        home: ReplicaId,
        key: Digest,
    ) -> Result<(Option<T>, Timestamp)> {
        let request = RpcRequest::State(key);
        let deadline = Instant::now() + self.deadlines.answer;
        let mut failure = Error::Unreachable;
        loop {
            for member in self.members_from(home) {
                match self.read_from(member, &request, &key).await {
                    Ok(StateProof {
                        value, certified, ..
                    }) => {
                        let decoded = value.map(|bytes| T::from_wire(&bytes)).transpose();
                        let value = decoded.map_err(Error::invalid_answer)?;
                        return Ok((value, certified.header.time));
                    }
                    Err(error) => failure = error,
                }
            }
            self.check_running(Self::ANY)?;
            if Instant::now() >= deadline {
                return Err(failure);
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    async fn read_from(
        &self,
        member: ReplicaId,
        request: &RpcRequest,
        key: &Digest,
    ) -> Result<StateProof> {
        let proof = match self.ask(member, request).await? {
            RpcResponse::State(proof) => *proof,
            other => return Err(unexpected(other)),
        };
        let verified = self.light.verify_state(key, &proof)?;
        let height = verified.height().0;
        let seen = self.seen.fetch_max(height, Ordering::AcqRel);
        if height < seen {
            return Err(Error::invalid_answer(format!(
                "state of height {height}, after height {seen} was proven"
            )));
        }
        Ok(proof)
    }
}
