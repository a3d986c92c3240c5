//! The transport between nodes: encoded bytes from an authenticated sender, bounded both ways.
//!
//! The meaning of the bytes is opaque here. A network transport is one more [`Outbound`] and one
//! more task that feeds an [`InboxSender`]; it must authenticate the peer before it names it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use bytes::Bytes;
use medshare_types::{ReplicaId, Wire as _};
use tokio::sync::Notify;

use crate::peer::PeerMessage;

/// Upper bound of queued frames from one peer. Excess frames are dropped; the protocol sends them
/// again.
pub const QUEUE_FRAMES: usize = 1024;
/// Upper bound of one peer's queued frames, bytes: two frames of the longest kind fit.
pub const QUEUE_BYTES: usize = 2 * PeerMessage::MAX_LEN;

/// Sends frames to other nodes, without waiting.
pub trait Outbound: Send + Sync {
    /// Queues `frame` for `to`; returns false when it was dropped (unknown seat, node gone, queue
    /// full).
    ///
    /// Dropping is allowed: the protocol sends again until it is answered.
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool;
}

/// One node's end of the transport.
pub struct Link {
    /// Frames to the other nodes.
    pub outbound: Arc<dyn Outbound>,
    /// Frames from the other nodes, each with its authenticated sender.
    pub inbound: Inbox,
}

/// The frames that wait for one node: a queue for each peer, served in turn, so that one peer's flood
/// does not delay another's frames.
pub struct Inbox(Arc<Shared>);

/// The sending end of an [`Inbox`].
#[derive(Clone)]
pub struct InboxSender(Weak<Shared>);

/// A frame or a request was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The sender's seat does not exist.
    #[error("the sender has no seat")]
    UnknownPeer,
    /// The frame is longer than any frame of the protocol.
    #[error("the frame is too long")]
    TooLong,
    /// The sender's queue is full, in frames or in bytes.
    #[error("the sender's queue is full")]
    Full,
    /// The receiving node stopped, or gave no answer.
    #[error("the node is not running")]
    Gone,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl fmt::Debug for InboxSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxSender").finish_non_exhaustive()
    }
}

struct Shared {
    queues: Mutex<Queues>,
    arrived: Notify,
}

struct Queues {
    peers: u16,
    /// One for each peer.
    of_peer: Vec<Queue>,
    /// The peer to serve next.
    next: u16,
}

#[derive(Clone, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

/// Creates the empty inbox of a node in a committee of `members`, and its sending end.
#[must_use]
pub fn inbox(members: u16) -> (InboxSender, Inbox) {
    let shared = Arc::new(Shared {
        queues: Mutex::new(Queues {
            peers: members,
            of_peer: vec![Queue::default(); members.into()],
            next: 0,
        }),
        arrived: Notify::new(),
    });
    (InboxSender(Arc::downgrade(&shared)), Inbox(shared))
}

impl InboxSender {
    /// Queues a frame of `sender`, which the caller must have authenticated.
    ///
    /// # Errors
    /// [`SendError`]; after [`SendError::Full`] the frame may be sent again.
    pub fn try_send(&self, sender: ReplicaId, frame: Bytes) -> Result<(), SendError> {
        let shared = self.0.upgrade().ok_or(SendError::Gone)?;
        shared.lock().push(sender, frame)?;
        shared.arrived.notify_one();
        Ok(())
    }
}

impl Inbox {
    /// Waits for the next frame and its sender. Dropping the future loses nothing.
    pub async fn recv(&mut self) -> (ReplicaId, Bytes) {
        loop {
            let next = self.0.lock().pop();
            if let Some(next) = next {
                return next;
            }
            self.0.arrived.notified().await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn push(&mut self, sender: ReplicaId, frame: Bytes) -> Result<(), SendError> {
        let queue = self.of_peer.get_mut(sender.index());
        let queue = queue.ok_or(SendError::UnknownPeer)?;
        if frame.len() > PeerMessage::MAX_LEN {
            return Err(SendError::TooLong);
        }
        if queue.frames.len() >= QUEUE_FRAMES || queue.bytes + frame.len() > QUEUE_BYTES {
            return Err(SendError::Full);
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        Ok(())
    }

    fn pop(&mut self) -> Option<(ReplicaId, Bytes)> {
        for peer in (self.next..self.peers).chain(0..self.next) {
            let queue = &mut self.of_peer[usize::from(peer)];
            if let Some(frame) = queue.frames.pop_front() {
                queue.bytes -= frame.len();
                // At the end of the row, the next search starts over.
                self.next = peer + 1;
                return Some((ReplicaId(peer), frame));
            }
        }
        None
    }
}

/// The transport of nodes within one process. A node that is started again gets a new link; frames
/// to a seat without a node are dropped.
#[derive(Clone, Debug)]
pub struct InProcess {
    members: u16,
    peers: Arc<RwLock<BTreeMap<ReplicaId, InboxSender>>>,
}

impl InProcess {
    /// A transport for `members` seats, which no node has joined yet.
    #[must_use]
    pub fn new(members: u16) -> Self {
        Self {
            members,
            peers: Arc::default(),
        }
    }

    /// Joins the node at `seat`. Frames for it go to this link from now on, and none that was sent
    /// before.
    #[must_use]
    pub fn link(&self, seat: ReplicaId) -> Link {
        let (sender, inbound) = inbox(self.members);
        let mut peers = self.peers.write().unwrap_or_else(PoisonError::into_inner);
        peers.insert(seat, sender);
        drop(peers);
        Link {
            outbound: Arc::new(Channels {
                own: seat,
                peers: Arc::clone(&self.peers),
            }),
            inbound,
        }
    }
}

struct Channels {
    own: ReplicaId,
    peers: Arc<RwLock<BTreeMap<ReplicaId, InboxSender>>>,
}

impl Outbound for Channels {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        let peers = self.peers.read().unwrap_or_else(PoisonError::into_inner);
        peers
            .get(&to)
            .is_some_and(|peer| peer.try_send(self.own, frame).is_ok())
    }
}

/// Creates the links of `members` nodes within one process, in the order of their seats.
#[must_use]
pub fn in_process(members: u16) -> Vec<Link> {
    let transport = InProcess::new(members);
    (0..members)
        .map(|seat| transport.link(ReplicaId(seat)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn frames_arrive_with_their_sender() {
        let mut links = in_process(2);
        let hello = Bytes::from_static(b"hello");
        assert!(links[1].outbound.send(ReplicaId(0), hello.clone()));
        let received = links[0].inbound.recv().now_or_never();
        assert_eq!(received, Some((ReplicaId(1), hello)));
        assert_eq!(links[0].inbound.recv().now_or_never(), None);
        assert!(!links[0].outbound.send(ReplicaId(7), Bytes::new()));
        links.pop();
        assert!(!links[0].outbound.send(ReplicaId(1), Bytes::new()));
    }

    /// A node that lost its votes relies on it: nothing that it sent before its end arrives later.
    #[test]
    fn a_new_link_receives_nothing_that_was_sent_before() {
        let transport = InProcess::new(2);
        let one = transport.link(ReplicaId(1));
        let first = Bytes::from_static(b"first");
        assert!(!one.outbound.send(ReplicaId(0), first.clone()), "no node");
        drop(transport.link(ReplicaId(0)));
        assert!(!one.outbound.send(ReplicaId(0), first.clone()), "ended");
        let old = transport.link(ReplicaId(0));
        assert!(one.outbound.send(ReplicaId(0), first));
        let mut new = transport.link(ReplicaId(0));
        assert_eq!(new.inbound.recv().now_or_never(), None);
        let second = Bytes::from_static(b"second");
        assert!(one.outbound.send(ReplicaId(0), second.clone()));
        let received = new.inbound.recv().now_or_never();
        assert_eq!(received, Some((ReplicaId(1), second)));
        drop(old);
    }

    #[test]
    fn a_flood_takes_its_senders_room_and_turn_only() {
        let (inbox_sender, mut inbox) = inbox(3);
        let taken = |sender, length| {
            let send = || inbox_sender.try_send(ReplicaId(sender), vec![0; length].into());
            (0..2 * QUEUE_FRAMES).take_while(|_| send().is_ok()).count()
        };
        assert_eq!(taken(0, 1), QUEUE_FRAMES);
        assert_eq!(taken(1, PeerMessage::MAX_LEN), 2);
        assert_eq!(taken(2, 1), QUEUE_FRAMES);
        let served: Vec<_> = (0..6)
            .filter_map(|_| inbox.recv().now_or_never())
            .map(|(sender, _)| sender.0)
            .collect();
        assert_eq!(served, [0, 1, 2, 0, 1, 2]);
        assert_eq!(taken(1, PeerMessage::MAX_LEN), 2, "room again");

        let too_long = vec![0; PeerMessage::MAX_LEN + 1].into();
        assert_eq!(
            inbox_sender.try_send(ReplicaId(1), too_long),
            Err(SendError::TooLong)
        );
        let unknown = inbox_sender.try_send(ReplicaId(3), Bytes::new());
        assert_eq!(unknown, Err(SendError::UnknownPeer));
        drop(inbox);
        let late = inbox_sender.try_send(ReplicaId(1), Bytes::new());
        assert_eq!(late, Err(SendError::Gone));
    }
}
