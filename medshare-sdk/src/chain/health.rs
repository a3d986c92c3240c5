//! The state of each member, as it tells it.

use medshare_ledger::{RefusalCode, RpcRefusal, RpcRequest, RpcResponse};
use medshare_types::{Height, ReplicaId, Wire as _};

use super::{Chain, unexpected};
use crate::client::ExchangeError;
use crate::error::Error;
use crate::health::{MemberHealth, MemberState, Running};

impl Chain {
    /// The state of each member, in the order of seats. Waits for the slowest, at most the deadline
    /// of one answer.
    pub(crate) async fn health(&self) -> Vec<MemberHealth> {
        let seats: Vec<_> = self.light.committee().replicas().collect();
        let asked = seats.iter().map(|seat| self.state_of(*seat));
        let mut states = futures::future::join_all(asked).await;
        let running = states.iter().filter_map(|state| match state {
            MemberState::Running(running) => Some((running.height, running.tip_time)),
            _ => None,
        });
        if let Some((highest, time)) = running.max() {
            for state in &mut states {
                if let MemberState::Running(running) = state {
                    running.lag = highest.0.saturating_sub(running.height.0);
                    running.tip_time = time;
                }
            }
        }
        let members = seats.into_iter().zip(states);
        members
            .map(|(seat, state)| MemberHealth {
                organisation: self.name_of(seat),
                seat,
                state,
            })
            .collect()
    }

    async fn state_of(&self, member: ReplicaId) -> MemberState {
        let invalid = |reason: Error| MemberState::Invalid {
            reason: reason.to_string(),
        };
        let request = RpcRequest::Status.to_wire();
        // Past the queues of this application, which may be what is looked into.
        let answer = self.send(member, request, self.deadlines.answer, None);
        let status = match answer.await {
            Ok(Some(RpcResponse::Status(status))) => *status,
            Ok(Some(RpcResponse::Refused(RpcRefusal {
                code: RefusalCode::Overloaded,
                detail: reason,
            }))) => return MemberState::Busy { reason },
            Ok(Some(other)) => return invalid(unexpected(other)),
            Ok(None) | Err(Error::Unreachable) => return MemberState::Silent,
            Err(Error::Member { source, .. }) => {
                return match source.downcast_ref() {
                    Some(ExchangeError::Damaged { damage, .. }) => MemberState::Damaged {
                        file: damage.file,
                        path: damage.path.clone(),
                        way_back: damage.way_back,
                        reason: damage.source.to_string(),
                    },
                    _ => MemberState::Ended {
                        reason: source.to_string(),
                    },
                };
            }
            Err(error) => return invalid(error),
        };
        let (height, tip_time) = match status.tip {
            None => (Height(0), self.genesis.created),
            Some(tip) => match self.light.verify_header(&tip) {
                Ok(verified) => (verified.header().height, verified.header().time),
                Err(error) => return invalid(error.into()),
            },
        };
        MemberState::Running(Running {
            height,
            lag: 0,
            tip_time,
            clock: status.clock,
            waiting: status.waiting,
            disk_free: status.disk_free,
            primary: status.primary,
            lost: status.lost,
            lacks_share: status.lacks_share,
        })
    }
}
