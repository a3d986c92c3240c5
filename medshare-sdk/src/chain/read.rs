//! Values of the state, by proof.
//!
//! **A value is believed by the word of one member, absence never.** A proof of a value shows that
//! the chain wrote it, and is accepted from any height that is not below what this client had seen
//! when the call began. A proof of absence is true as well, and yet every member that is behind has
//! one, so a final "no" may not rest on it alone. All other members are asked, at the same time,
//! and:
//!
//! - a member that proves a value ends the search;
//! - absence counts when a quorum proves it among the members that did not lately hang. Up to f
//!   members may be behind and f more lie, so fewer say nothing while there are others to ask: the
//!   members that lately hung are asked too, and once every member has answered or failed, f + 1
//!   proofs count: only members that gave no answer can know better. A caller's receipt is proven by
//!   members of these, so what one application was told is not denied to the next;
//! - with fewer answers the call fails as [`Error::Busy`], which may be tried again.
//!
//! No clock takes part. A header that is fresh by the caller's clock says nothing about the blocks
//! of the last seconds, and a clock that is wrong could make an old header look fresh.
//!
//! Cost: one exchange for a value; one with each member for absence.

use std::sync::atomic::Ordering;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use medshare_ledger::{LightClient, RpcRequest, RpcResponse, StateProof};
use medshare_types::{Digest, ReplicaId, Timestamp, Wire};
use tokio::time::Instant;

use super::failure::Failure;
use super::{Chain, RETRY_PAUSE};
use crate::backoff::Backoff;
use crate::error::{Error, Result};

impl Chain {
    /// Reads a value by proof; `None` when the members together prove its absence.
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
        let floor = self.seen.load(Ordering::Acquire);
        let begun = Instant::now();
        let mut backoff = Backoff::new(RETRY_PAUSE);
        loop {
            let failure = match self.search(home, &key, floor).await {
                Ok(StateProof {
                    value, certified, ..
                }) => return Ok((decoded(value)?, certified.header.time)),
                Err(failure) => failure,
            };
            let patience = if failure.is_overload() {
                self.deadlines.order
            } else {
                self.deadlines.answer
            };
            let finals = failure.finals();
            let error = failure.into_error();
            let is_final = matches!(error, Error::Stopped { .. })
                || (finals >= self.more_than_faulty() && !error.is_retryable());
            if is_final || begun.elapsed() >= patience {
                return Err(error);
            }
            backoff.pause().await;
        }
    }

    /// A value as the first member shows it that answers. `None` may be the word of a member that
    /// is behind: for polls, which go on until there is a value.
    #[cfg(feature = "in-process")]
    pub(crate) async fn glance<T: Wire>(&self, home: ReplicaId, key: Digest) -> Result<Option<T>> {
        let floor = self.seen.load(Ordering::Acquire);
        let mut failure = Failure::default();
        for member in self.members_from(home) {
            match self.read_from(member, &key, floor).await {
                Ok(proof) => return decoded(proof.value),
                Err(other) => failure.merge(other),
            }
        }
        self.check_running(Self::ANY)?;
        Err(failure.into_error())
    }

    /// One round of the members; see the rule above.
    async fn search(
        &self,
        home: ReplicaId,
        key: &Digest,
        floor: u64,
    ) -> Result<StateProof, Failure> {
        let mut failure = Failure::default();
        let mut members = self.members_from(home).into_iter();
        for member in members.by_ref() {
            match self.read_from(member, key, floor).await {
                Ok(proof) if proof.value.is_some() => return Ok(proof),
                Ok(absence) => return self.confirm(absence, members, key, floor).await,
                Err(other) => failure.merge(other),
            }
        }
        self.check_running(Self::ANY)?;
        Err(failure)
    }

    /// Asks the other members about a key that one member proves absent.
    async fn confirm(
        &self,
        absence: StateProof,
        others: impl Iterator<Item = ReplicaId>,
        key: &Digest,
        floor: u64,
    ) -> Result<StateProof, Failure> {
        let mut highest = absence;
        let mut absences = 1;
        let mut failure = Failure::default();
        let needed = self.more_than_faulty();
        let (avoided, reachable) = others.partition::<Vec<_>, _>(|member| self.is_avoided(*member));
        for (group, enough) in [(reachable, self.quorum()), (avoided, needed)] {
            let asked = group
                .iter()
                .map(|member| self.read_from(*member, key, floor));
            let mut answers: FuturesUnordered<_> = asked.collect();
            while let Some(answer) = answers.next().await {
                let proof = match answer {
                    Ok(proof) => proof,
                    Err(other) => {
                        failure.merge(other);
                        continue;
                    }
                };
                let is_newer = height_of(&proof) >= height_of(&highest);
                match proof.value {
                    Some(_) if is_newer => return Ok(proof),
                    // Deleted since.
                    Some(_) => {}
                    None => {
                        absences += 1;
                        if is_newer {
                            highest = proof;
                        }
                    }
                }
            }
            if absences >= enough && !failure.is_overload() {
                return Ok(highest);
            }
        }
        self.check_running(needed)?;
        failure.note(Error::Busy {
            reason: format!("{absences} members prove that a value is absent, of {needed} needed"),
        });
        Err(failure)
    }

    async fn read_from(
        &self,
        member: ReplicaId,
        key: &Digest,
        floor: u64,
    ) -> Result<StateProof, Failure> {
        let proof = match self.ask(member, &RpcRequest::State(*key)).await? {
            RpcResponse::State(proof) => *proof,
            other => {
                let mut failure = Failure::default();
                failure.note_answer(other);
                return Err(failure);
            }
        };
        let check = |light: &LightClient| Ok(light.verify_state(key, &proof)?.height());
        let height = self.verified(member, &proof.certified, check).await?.0;
        self.seen.fetch_max(height, Ordering::AcqRel);
        if height < floor {
            return Err(Failure::from(Error::Busy {
                reason: format!("a member is at height {height}, and {floor} was proven before"),
            }));
        }
        Ok(proof)
    }
}

fn decoded<T: Wire>(value: Option<Vec<u8>>) -> Result<Option<T>> {
    let decoded = value.map(|bytes| T::from_wire(&bytes)).transpose();
    decoded.map_err(Error::invalid_answer)
}

const fn height_of(proof: &StateProof) -> u64 {
    proof.certified.header.executed.height.0
}
