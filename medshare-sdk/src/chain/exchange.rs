//! One request to one member, and the order in which members are asked.

use std::sync::PoisonError;
use std::time::Duration;

use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_types::{ReplicaId, Wire as _};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Chain;
use crate::client::ExchangeError;
use crate::deadlines::millis;
use crate::error::{Error, Result};
use crate::health::problems;
use crate::turns::Queue;

/// Time for which a member that did not answer is asked after all others.
const AVOIDED_FOR: Duration = Duration::from_secs(30);
/// The longest delay of an answer on the member's side.
const LONGEST_DELAY: Duration = Duration::from_millis(RpcRequest::LONGEST_DELAY_MS);
/// Time by which a timer may fire late before the cause is this process's own load.
const OWN_LATENESS: Duration = Duration::from_millis(250);

/// The kinds of request, by the time that a member may take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Answered as soon as the member can.
    Short,
    /// Answered when there is something to tell, within [`LONGEST_DELAY`].
    Delayed,
}

impl Chain {
    /// Members in the order in which they are asked: `home` first, those that lately did not
    /// answer last.
    pub(crate) fn members_from(&self, home: ReplicaId) -> Vec<ReplicaId> {
        let mut members: Vec<_> = self.genesis().replicas().collect();
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

    /// Sends a request to one member when it is its turn. `None` where the member gave no answer in
    /// time, which it may have handled all the same.
    ///
    /// # Errors
    /// [`Error::Busy`] where no turn comes until `until`, or within the deadline of an order.
    pub(super) async fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
        kind: Kind,
        until: Option<Instant>,
    ) -> Result<Option<RpcResponse>> {
        let was_avoided = self.is_avoided(member);
        let queue = match kind {
            Kind::Short => Queue::Answers(member),
            Kind::Delayed => Queue::Waits(member),
        };
        let _turn = match until {
            Some(until) => self.turn_until(queue, until).await?,
            None => self.turn(queue).await?,
        };
        if self.is_avoided(member) && !was_avoided {
            // It hung while this waited: the queue is let go.
            return Err(Error::Unreachable);
        }
        let patience = match kind {
            Kind::Short => self.deadlines.answer,
            Kind::Delayed => self.deadlines.answer + LONGEST_DELAY,
        };
        self.send(member, request, patience, until).await
    }

    /// Sends a request to one member, which has `patience` to answer, and no longer than `until`.
    ///
    /// A member that uses up all its patience is avoided: it hangs. One that this process asked too
    /// late, or looked at too late, is not. One that hung up is avoided as well, and may have handled
    /// the request; only a client that had no connection knows better.
    pub(super) async fn send(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
        patience: Duration,
        until: Option<Instant>,
    ) -> Result<Option<RpcResponse>> {
        let begun = Instant::now();
        let end = begun + patience;
        let cut = until.map_or(end, |until| until.min(end));
        match timeout_at(cut, self.client.exchange(member, request)).await {
            Ok(Ok(bytes)) => {
                self.is_back(member);
                match RpcResponse::from_wire(&bytes) {
                    Ok(answer) => Ok(Some(answer)),
                    Err(error) => Err(Error::invalid_answer(error)),
                }
            }
            Ok(Err(error)) => {
                self.avoid(member);
                match error {
                    ExchangeError::NoConnection { .. } => Err(Error::Unreachable),
                    error if error.is_final() => Err(self.ended(member, error)),
                    _ => Ok(None),
                }
            }
            Err(_) => {
                let looked_late = begun.elapsed() > patience + OWN_LATENESS;
                if cut == end && !looked_late {
                    self.avoid(member);
                }
                Ok(None)
            }
        }
    }

    /// Waits for a turn, at most the deadline of an order.
    pub(crate) async fn turn(&self, queue: Queue) -> Result<SemaphorePermit<'_>> {
        let until = Instant::now() + self.deadlines.order;
        self.turn_until(queue, until).await
    }

    async fn turn_until(&self, queue: Queue, until: Instant) -> Result<SemaphorePermit<'_>> {
        match timeout_at(until, self.turns.take(queue)).await {
            Ok(turn) => turn.ok_or(Error::Unreachable),
            Err(_) => Err(self.overtaken().await),
        }
    }

    /// The error of a call that waited for its turn until its deadline.
    async fn overtaken(&self) -> Error {
        let waited = millis(self.deadlines.order);
        let mut reason = format!("earlier calls of this application took {waited} ms");
        let causes = problems(&self.health().await);
        if !causes.is_empty() {
            reason = format!("{reason}; known causes: [{}]", causes.join(", "));
        }
        Error::Busy { reason }
    }

    /// A member that ended may have been rebuilt.
    fn is_back(&self, member: ReplicaId) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.remove(&member);
    }

    fn ended(&self, member: ReplicaId, error: ExchangeError) -> Error {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.insert(member, error.to_string());
        Error::Member {
            organisation: self.name_of(member),
            source: Box::new(error),
        }
    }

    /// The answer to a short request of a member that exists.
    pub(crate) async fn ask(&self, member: ReplicaId, request: &RpcRequest) -> Result<RpcResponse> {
        let answer = self.exchange(member, request.to_wire(), Kind::Short, None);
        answer.await?.ok_or(Error::Unreachable)
    }
}
