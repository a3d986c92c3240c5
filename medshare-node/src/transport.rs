//! How members reach each other: encoded bytes from an authenticated sender, bounded both ways.
//!
//! Nothing here knows what the bytes mean. A network transport is one more [`Outbound`] and one
//! more task that feeds [`Link::inbound`]; it must authenticate the peer before it names it.

use std::sync::Arc;

use bytes::Bytes;
use medshare_types::ReplicaId;
use tokio::sync::mpsc;

/// Frames that wait for one member at the most; what comes on top is dropped and re-sent later.
pub const INBOX_FRAMES: usize = 1024;

/// Sends frames to other members, without waiting.
pub trait Outbound: Send + Sync {
    /// Hands `frame` over for `to`; false when it was dropped (unknown, gone, or its inbox full).
    ///
    /// Dropping is allowed: whoever needs an answer asks again.
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool;
}

/// One member's end of the transport.
pub struct Link {
    /// Towards the others.
    pub outbound: Arc<dyn Outbound>,
    /// From the others, each frame with its authenticated sender.
    pub inbound: mpsc::Receiver<(ReplicaId, Bytes)>,
}

struct Channels {
    own: ReplicaId,
    peers: Arc<[mpsc::Sender<(ReplicaId, Bytes)>]>,
}

impl Outbound for Channels {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        self.peers
            .get(to.index())
            .is_some_and(|peer| peer.try_send((self.own, frame)).is_ok())
    }
}

/// Links for `members` members within one process, in the order of their seats.
#[must_use]
pub fn in_process(members: u16) -> Vec<Link> {
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..members).map(|_| mpsc::channel(INBOX_FRAMES)).unzip();
    let peers: Arc<[_]> = senders.into();
    let link = |(own, inbound)| Link {
        outbound: Arc::new(Channels {
            own: ReplicaId(own),
            peers: Arc::clone(&peers),
        }),
        inbound,
    };
    (0..members).zip(receivers).map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_with_their_sender_and_a_full_inbox_drops() {
        let mut links = in_process(2);
        assert!(
            links[1]
                .outbound
                .send(ReplicaId(0), Bytes::from_static(b"hello"))
        );
        assert_eq!(
            links[0].inbound.try_recv().unwrap(),
            (ReplicaId(1), Bytes::from_static(b"hello"))
        );
        assert!(!links[0].outbound.send(ReplicaId(7), Bytes::new()));
        let sent = (0..2 * INBOX_FRAMES)
            .filter(|_| links[0].outbound.send(ReplicaId(1), Bytes::new()))
            .count();
        assert_eq!(sent, INBOX_FRAMES);
    }
}
