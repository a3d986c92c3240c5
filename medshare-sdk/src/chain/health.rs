//! The state of each member, as it tells it.

use medshare_ledger::{RefusalCode, RpcRefusal, RpcRequest, RpcResponse};
use medshare_types::{Height, ReplicaId, Wire as _};
use tokio::time::Instant;

use super::{Chain, unexpected};
use crate::client::ExchangeError;
use crate::deadlines::millis;
use crate::error::Error;
use crate::health::{MemberHealth, MemberState, Running};

impl Chain {
    /// The state of each member, in the order of seats. Waits for the slowest, at most the deadline
    /// of one answer.
    pub(crate) async fn health(&self) -> Vec<MemberHealth> {
        let seats: Vec<_> = self.genesis().replicas().collect();
        let asked = seats.iter().map(|seat| self.told_by(*seat));
        let told = futures::future::join_all(asked).await;
        let mut states = at_one_moment(told);
        compare_clocks(&mut states);
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

    /// A member's state, and when it told it.
    async fn told_by(&self, member: ReplicaId) -> (Instant, MemberState) {
        let state = self.state_of(member).await;
        (Instant::now(), state)
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
            None => (Height(0), self.genesis().created),
            Some(tip) => match self
                .verified(member, &tip, |light| light.verify_header(&tip))
                .await
            {
                Ok(verified) => (verified.header().height, verified.header().time),
                Err(Error::Unreachable) => return MemberState::Silent,
                Err(error) => return invalid(error),
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
            refusing: status.refusing,
            other_clocks: None,
        })
    }
}

/// The states as of the last answer: each clock has gone on since its member told it.
fn at_one_moment(told: Vec<(Instant, MemberState)>) -> Vec<MemberState> {
    let latest = told.iter().map(|(at, _)| *at).max();
    let advanced = |(at, mut state): (Instant, MemberState)| {
        if let (MemberState::Running(running), Some(latest)) = (&mut state, latest) {
            running.clock = running.clock.plus_millis(millis(latest - at));
        }
        state
    };
    told.into_iter().map(advanced).collect()
}

/// Sets for each running member the median of the other running members' clocks.
fn compare_clocks(states: &mut [MemberState]) {
    let clocks: Vec<_> = states
        .iter()
        .map(|state| match state {
            MemberState::Running(running) => Some(running.clock),
            _ => None,
        })
        .collect();
    for (index, state) in states.iter_mut().enumerate() {
        if let MemberState::Running(running) = state {
            let others = clocks.iter().enumerate().filter(|(at, _)| *at != index);
            let mut others: Vec<_> = others.filter_map(|(_, clock)| *clock).collect();
            others.sort_unstable();
            running.other_clocks = others.get(others.len() / 2).copied();
        }
    }
}
