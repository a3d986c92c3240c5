//! Faults on purpose: nodes that lie, refuse or fall silent, wrong clocks, full disks (feature
//! `fault-injection`).
//!
//! **For tests and demonstrations only; never enable the feature in a deployment.** The faults are
//! decorators around a node's seams: its [`Link`], its [`NodeClient`] and its [`Machine`]. The node itself has no
//! faulty branch: it stays honest, and [`FaultyClient`] replaces its answer by a wrong one, signed
//! with the node's key, which the caller brings. No message from outside can turn a fault on.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use medshare_consensus::{Message, Vote};
use medshare_host::{Machine, ThisMachine};
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Epoch, ReleaseShare, ReplicaId, SigningKey, Timestamp, Wire as _};

use crate::batch::Batch;
use crate::handle::{End, NodeClient};
use crate::peer::PeerMessage;
use crate::transport::{Link, Outbound, SendError};

/// A holder's conduct towards requests for release shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HolderConduct {
    /// Answers as the contract's rules say.
    #[default]
    Honest,
    /// Refuses requests that the rules would grant.
    Refuse,
    /// Signs and sends a wrong share.
    Lie,
}

/// A node's conduct as a voter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VoterConduct {
    /// Votes as the protocol says.
    #[default]
    Honest,
    /// Beside each prepare of epoch 0, sends one for a block that does not exist: two votes in one
    /// view, which prove misbehaviour. Later epochs have other voting keys, which no fault has.
    Contradict,
}

/// Whether a node's network works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Frames and requests arrive.
    #[default]
    Present,
    /// Frames are lost in both directions, and clients find no node.
    Silent,
    /// Frames are lost in both directions. Clients find the node, which falls behind.
    Isolated,
}

/// Whether a node's disk takes writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disk {
    /// The machine's own disk.
    #[default]
    Real,
    /// No byte is free, and every write of the node's log and ledger fails.
    Full,
    /// Writes succeed, and this many bytes are free.
    Free(u64),
    /// The next write panics, as for a defect of the program, and those after it succeed.
    Panics,
}

/// The faults injected into the nodes of one process, by seat. They last as long as this value and
/// are stored nowhere.
#[derive(Debug)]
pub struct Faults(Mutex<Vec<Injected>>);

#[derive(Clone, Copy, Debug, Default)]
struct Injected {
    conduct: HolderConduct,
    voter: VoterConduct,
    presence: Presence,
    clock_offset_ms: i64,
    disk: Disk,
}

impl Faults {
    /// Creates the switches of a committee, all without faults.
    #[must_use]
    pub fn new(seats: u16) -> Arc<Self> {
        Arc::new(Self(Mutex::new(vec![Injected::default(); seats.into()])))
    }

    /// Sets the conduct of the holder at `seat`; a seat that does not exist is ignored.
    pub fn set_conduct(&self, seat: ReplicaId, conduct: HolderConduct) {
        if let Some(injected) = self.lock().get_mut(seat.index()) {
            injected.conduct = conduct;
        }
    }

    /// Sets the conduct of the voter at `seat`; a seat that does not exist is ignored.
    pub fn set_voter_conduct(&self, seat: ReplicaId, conduct: VoterConduct) {
        if let Some(injected) = self.lock().get_mut(seat.index()) {
            injected.voter = conduct;
        }
    }

    /// Cuts or mends the network of the node at `seat`; a seat that does not exist is ignored.
    pub fn set_presence(&self, seat: ReplicaId, presence: Presence) {
        if let Some(injected) = self.lock().get_mut(seat.index()) {
            injected.presence = presence;
        }
    }

    /// Sets the clock of the node at `seat` this many milliseconds ahead of the machine's, or behind
    /// where it is negative; a seat that does not exist is ignored.
    pub fn set_clock_offset(&self, seat: ReplicaId, offset_ms: i64) {
        if let Some(injected) = self.lock().get_mut(seat.index()) {
            injected.clock_offset_ms = offset_ms;
        }
    }

    /// Fills or frees the disk of the node at `seat`; a seat that does not exist is ignored.
    pub fn set_disk(&self, seat: ReplicaId, disk: Disk) {
        if let Some(injected) = self.lock().get_mut(seat.index()) {
            injected.disk = disk;
        }
    }

    /// The machine of the node at `seat`: the real one, with the faults.
    #[must_use]
    pub fn machine(self: &Arc<Self>, seat: ReplicaId) -> Arc<dyn Machine> {
        Arc::new(FaultyMachine {
            seat,
            faults: Arc::clone(self),
        })
    }

    /// Decorates the link of the node at `own`: frames from and to nodes that are not
    /// [`Presence::Present`] are lost, and `signing_key`, that of the genesis, signs votes that
    /// contradict others. Cutting a node off takes the decorated links of all nodes.
    #[must_use]
    pub fn decorate_link(
        self: &Arc<Self>,
        own: ReplicaId,
        link: Link,
        chain: ChainId,
        signing_key: SigningKey,
    ) -> Link {
        Link {
            outbound: Arc::new(FaultyOutbound {
                own,
                chain,
                signing_key,
                inner: link.outbound,
                faults: Arc::clone(self),
            }),
            inbound: link.inbound,
        }
    }

    /// Decorates a client of the node at `seat`, whose key signs the lies.
    #[must_use]
    pub fn decorate_client(
        self: &Arc<Self>,
        seat: ReplicaId,
        client: NodeClient,
        signing_key: SigningKey,
    ) -> FaultyClient {
        FaultyClient {
            seat,
            inner: client,
            signing_key,
            faults: Arc::clone(self),
        }
    }

    fn of(&self, seat: ReplicaId) -> Injected {
        self.lock().get(seat.index()).copied().unwrap_or_default()
    }

    fn is_cut_off(&self, seat: ReplicaId) -> bool {
        self.of(seat).presence != Presence::Present
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Injected>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct FaultyMachine {
    seat: ReplicaId,
    faults: Arc<Faults>,
}

impl Machine for FaultyMachine {
    fn now(&self) -> Timestamp {
        let offset_ms = self.faults.of(self.seat).clock_offset_ms;
        let real = ThisMachine.now();
        if offset_ms < 0 {
            real.minus_millis(offset_ms.unsigned_abs())
        } else {
            real.plus_millis(offset_ms.unsigned_abs())
        }
    }

    fn free_bytes(&self, path: &Path) -> Option<u64> {
        match self.faults.of(self.seat).disk {
            Disk::Real | Disk::Panics => ThisMachine.free_bytes(path),
            Disk::Full => Some(0),
            Disk::Free(bytes) => Some(bytes),
        }
    }

    #[expect(clippy::panic, reason = "the fault that was asked for")]
    fn before_write(&self) -> io::Result<()> {
        match self.faults.of(self.seat).disk {
            Disk::Real | Disk::Free(_) => Ok(()),
            Disk::Full => Err(io::ErrorKind::StorageFull.into()),
            Disk::Panics => {
                self.faults.set_disk(self.seat, Disk::Real);
                panic!("a write panics (fault injection)")
            }
        }
    }
}

struct FaultyOutbound {
    own: ReplicaId,
    chain: ChainId,
    signing_key: SigningKey,
    inner: Arc<dyn Outbound>,
    faults: Arc<Faults>,
}

impl FaultyOutbound {
    /// A prepare for a block that does not exist, where the frame is one of epoch 0.
    fn contradicted(&self, frame: &[u8]) -> Option<Bytes> {
        let PeerMessage::Consensus(message) = PeerMessage::from_wire(frame).ok()? else {
            return None;
        };
        let Message::<Batch>::Prepare(vote) = Message::from_wire(&message).ok()? else {
            return None;
        };
        let ballot = Ballot {
            digest: digest(
                "medshare/node/contradiction/v1",
                &[vote.ballot.digest.as_ref()],
            ),
            ..vote.ballot
        };
        if ballot.epoch != Epoch(0) {
            return None;
        }
        let vote = Vote::sign(&self.chain, ballot, Phase::Prepare, &self.signing_key);
        let message = Message::<Batch>::Prepare(vote).to_wire();
        Some(PeerMessage::Consensus(message).to_wire().into())
    }
}

impl Outbound for FaultyOutbound {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        if self.faults.is_cut_off(self.own) || self.faults.is_cut_off(to) {
            return false;
        }
        if self.faults.of(self.own).voter == VoterConduct::Contradict
            && let Some(other) = self.contradicted(&frame)
        {
            self.inner.send(to, other);
        }
        self.inner.send(to, frame)
    }
}

/// A [`NodeClient`] whose node misbehaves as [`Faults`] says.
#[derive(Clone, Debug)]
pub struct FaultyClient {
    seat: ReplicaId,
    inner: NodeClient,
    signing_key: SigningKey,
    faults: Arc<Faults>,
}

impl FaultyClient {
    /// As [`NodeClient::request`], with the faults.
    ///
    /// # Errors
    /// [`SendError::Gone`] when the node stopped, gave no answer, or is silent.
    pub async fn request(&self, request: Vec<u8>) -> Result<Vec<u8>, SendError> {
        let Injected {
            conduct, presence, ..
        } = self.faults.of(self.seat);
        if presence == Presence::Silent {
            return Err(SendError::Gone);
        }
        let is_for_share = matches!(RpcRequest::from_wire(&request), Ok(RpcRequest::Share(_)));
        match conduct {
            HolderConduct::Refuse if is_for_share => {
                let refusal = RpcResponse::refused(
                    RefusalCode::NotReleasable,
                    "refuses every request (fault injection)",
                );
                Ok(refusal.to_wire())
            }
            HolderConduct::Lie if is_for_share => {
                let answer = self.inner.request(request).await?;
                Ok(falsified(answer, &self.signing_key))
            }
            _ => self.inner.request(request).await,
        }
    }

    /// As [`NodeClient::end`].
    pub async fn end(&self) -> Option<End> {
        self.inner.end().await
    }
}

/// Replaces the share in an answer by a wrong one, signed as if it were right.
fn falsified(answer: Vec<u8>, signing_key: &SigningKey) -> Vec<u8> {
    match RpcResponse::from_wire(&answer) {
        Ok(RpcResponse::Share(share)) => {
            let share = wrong_share(*share, signing_key);
            RpcResponse::Share(Box::new(share)).to_wire()
        }
        _ => answer,
    }
}

fn wrong_share(mut share: ReleaseShare, signing_key: &SigningKey) -> ReleaseShare {
    // A is a valid point, and as good as random where S belongs.
    share.s = share.a;
    share.signature = signing_key.sign(&share.statement());
    share
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use medshare_types::Digest;

    use super::*;
    use crate::transport::in_process;

    #[test]
    fn a_node_is_cut_off_in_both_directions_until_it_is_mended() {
        let faults = Faults::new(2);
        let mut links: Vec<_> = (0..2)
            .map(ReplicaId)
            .zip(in_process(2))
            .map(|(seat, link)| {
                let chain = ChainId::from_digest(Digest::ZERO);
                let key = SigningKey::from_seed(&[1; 32]);
                faults.decorate_link(seat, link, chain, key)
            })
            .collect();
        let hello = Bytes::from_static(b"hello");
        for cut in [Presence::Silent, Presence::Isolated] {
            faults.set_presence(ReplicaId(1), cut);
            assert!(!links[0].outbound.send(ReplicaId(1), hello.clone()));
            assert!(!links[1].outbound.send(ReplicaId(0), hello.clone()));
            assert_eq!(links[1].inbound.recv().now_or_never(), None);
        }
        faults.set_presence(ReplicaId(1), Presence::Present);
        assert!(links[1].outbound.send(ReplicaId(0), hello.clone()));
        let received = links[0].inbound.recv().now_or_never();
        assert_eq!(received, Some((ReplicaId(1), hello)));
    }

    #[test]
    fn only_shares_are_falsified() {
        let key = SigningKey::from_seed(&[1; 32]);
        let pending = RpcResponse::Pending.to_wire();
        assert_eq!(falsified(pending.clone(), &key), pending);
        assert_eq!(falsified(vec![1, 2, 3], &key), [1, 2, 3]);
    }
}
