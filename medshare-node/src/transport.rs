//! How members reach each other: encoded bytes from an authenticated sender, bounded both ways.
//!
//! Nothing here knows what the bytes mean. A network transport is one more [`Outbound`] and one
//! more task that feeds an [`InboxSender`]; it must authenticate the peer before it names it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use medshare_types::{ReplicaId, Wire as _};
use tokio::sync::Notify;

use crate::peer::PeerMessage;

/// Frames of one peer that wait for a member at the most; what comes on top is dropped and re-sent
/// later.
pub const QUEUE_FRAMES: usize = 1024;
/// The bytes of one peer's waiting frames at the most: two frames of the longest kind fit.
pub const QUEUE_BYTES: usize = 2 * PeerMessage::MAX_LEN;

/// Sends frames to other members, without waiting.
pub trait Outbound: Send + Sync {
    /// Hands `frame` over for `to`; false when it was dropped (unknown, gone, or no room there).
    ///
    /// Dropping is allowed: whoever needs an answer asks again.
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool;
}

/// One member's end of the transport.
pub struct Link {
    /// Towards the others.
    pub outbound: Arc<dyn Outbound>,
    /// From the others, each frame with its authenticated sender.
    pub inbound: Inbox,
}

/// What waits for one member: a queue for each peer, served in turn, so that nobody's frames stand
/// in the way of another's.
pub struct Inbox(Arc<Shared>);

/// Where frames for a member are put in.
#[derive(Clone)]
pub struct InboxSender(Weak<Shared>);

/// Why a frame was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The sender has no seat.
    #[error("the sender has no seat")]
    UnknownPeer,
    /// No frame is that long.
    #[error("no frame is that long")]
    TooLong,
    /// Too much of this sender waits already.
    #[error("too many frames of this sender wait")]
    Full,
    /// The member is gone.
    #[error("the member is gone")]
    Gone,
}

struct Shared {
    queues: Mutex<Queues>,
    arrived: Notify,
}

struct Queues {
    of_peer: Vec<Queue>,
    /// Whose turn it is.
    next: usize,
}

#[derive(Clone, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

/// An empty inbox of a member among `members`, and its sender.
#[must_use]
pub fn inbox(members: u16) -> (InboxSender, Inbox) {
    let shared = Arc::new(Shared {
        queues: Mutex::new(Queues {
            of_peer: vec![Queue::default(); members.into()],
            next: 0,
        }),
        arrived: Notify::new(),
    });
    (InboxSender(Arc::downgrade(&shared)), Inbox(shared))
}

impl InboxSender {
    /// Puts in a frame of `sender`, who must be authenticated.
    ///
    /// # Errors
    /// [`SendError`]; a frame that found no room may be offered again.
    pub fn try_send(&self, sender: ReplicaId, frame: Bytes) -> Result<(), SendError> {
        let shared = self.0.upgrade().ok_or(SendError::Gone)?;
        shared.lock().push(sender, frame)?;
        shared.arrived.notify_one();
        Ok(())
    }
}

impl Inbox {
    /// The next frame and its sender. Dropping the future loses nothing.
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
        let peers = self.of_peer.len();
        for peer in (self.next..peers).chain(0..self.next) {
            let queue = &mut self.of_peer[peer];
            if let Some(frame) = queue.frames.pop_front() {
                queue.bytes -= frame.len();
                self.next = (peer + 1) % peers;
                return Some((ReplicaId(u16::try_from(peer).ok()?), frame));
            }
        }
        None
    }
}

struct Channels {
    own: ReplicaId,
    peers: Arc<[InboxSender]>,
}

impl Outbound for Channels {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        self.peers
            .get(to.index())
            .is_some_and(|peer| peer.try_send(self.own, frame).is_ok())
    }
}

/// Links for `members` members within one process, in the order of their seats.
#[must_use]
pub fn in_process(members: u16) -> Vec<Link> {
    let (senders, inboxes): (Vec<_>, Vec<_>) = (0..members).map(|_| inbox(members)).unzip();
    let peers: Arc<[_]> = senders.into();
    let link = |(own, inbound)| Link {
        outbound: Arc::new(Channels {
            own: ReplicaId(own),
            peers: Arc::clone(&peers),
        }),
        inbound,
    };
    (0..members).zip(inboxes).map(link).collect()
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

    #[test]
    fn a_flood_takes_its_senders_room_and_turn_only() {
        let (inbox_sender, mut inbox) = inbox(3);
        let taken = |sender, length| {
            let offer = || inbox_sender.try_send(ReplicaId(sender), vec![0; length].into());
            (0..2 * QUEUE_FRAMES)
                .take_while(|_| offer().is_ok())
                .count()
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
        let nobody = inbox_sender.try_send(ReplicaId(3), Bytes::new());
        assert_eq!(nobody, Err(SendError::UnknownPeer));
        drop(inbox);
        let late = inbox_sender.try_send(ReplicaId(1), Bytes::new());
        assert_eq!(late, Err(SendError::Gone));
    }
}
