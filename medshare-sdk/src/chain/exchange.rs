//! One request to one member, and the order in which members are asked.

use std::sync::PoisonError;
use std::time::Duration;

use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_types::{ReplicaId, Wire as _};
use tokio::time::{Instant, timeout};

use super::Chain;
use crate::client::ExchangeError;
use crate::error::{Error, Result};

/// Time for which a member that did not answer is asked after all others.
const AVOIDED_FOR: Duration = Duration::from_secs(30);

impl Chain {
    /// Members in the order in which they are asked: `home` first, those that lately did not
    /// answer last.
    pub(super) fn members_from(&self, home: ReplicaId) -> Vec<ReplicaId> {
        let mut members: Vec<_> = self.light.committee().replicas().collect();
        let first = home.index().min(members.len());
        members.rotate_left(first);
        let now = Instant::now();
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.retain(|_, until| *until > now);
        members.sort_by_key(|member| avoided.contains_key(member));
        members
    }

    pub(super) fn is_avoided(&self, member: ReplicaId) -> bool {
        let avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        let until = avoided.get(&member);
        until.is_some_and(|until| *until > Instant::now())
    }

    fn avoid(&self, member: ReplicaId) {
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.insert(member, Instant::now() + AVOIDED_FOR);
    }

    /// One answer of one member, within `patience`.
    pub(super) async fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
        patience: Duration,
    ) -> Result<RpcResponse> {
        match timeout(patience, self.client.exchange(member, request)).await {
            Ok(Ok(bytes)) => RpcResponse::from_wire(&bytes).map_err(Error::invalid_answer),
            Ok(Err(error)) if error.is_final() => {
                self.avoid(member);
                Err(self.ended(member, error))
            }
            Ok(Err(_)) | Err(_) => {
                self.avoid(member);
                Err(Error::Unreachable)
            }
        }
    }

    fn ended(&self, member: ReplicaId, error: ExchangeError) -> Error {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.insert(member, error.to_string());
        Error::Member {
            organisation: self.name_of(member),
            source: Box::new(error),
        }
    }

    pub(crate) async fn ask(&self, member: ReplicaId, request: &RpcRequest) -> Result<RpcResponse> {
        self.exchange(member, request.to_wire(), self.deadlines.answer)
            .await
    }
}
