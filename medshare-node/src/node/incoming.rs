//! What reaches a node: frames, requests and checked submissions, each kind in its turn.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use medshare_types::ReplicaId;
use tokio::sync::mpsc;

use super::ClientRequest;
use super::submissions::{CheckedQueue, CheckedSubmission};
use crate::transport::Inbox;

pub(super) enum Incoming {
    Frame(ReplicaId, Bytes),
    Request(ClientRequest),
    Checked(CheckedSubmission),
}

/// The kind that is taken first where several wait, so that a flood of one delays no other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn(u8);

/// Frames, requests and submissions.
const KINDS: u8 = 3;

/// Waits for a frame, a request or a checked submission; `None` when no client exists any more.
/// Dropping the future loses nothing.
pub(super) async fn next_incoming(
    turn: &mut Turn,
    frames: &mut Inbox,
    requests: &mut mpsc::Receiver<ClientRequest>,
    checked: &mut CheckedQueue,
) -> Option<Incoming> {
    let mut frame = pin!(frames.recv());
    let mut request = pin!(requests.recv());
    let mut submission = pin!(checked.next());
    poll_fn(|context| {
        for after in 0..KINDS {
            let kind = (turn.0 + after) % KINDS;
            let taken = match kind {
                0 => frame
                    .as_mut()
                    .poll(context)
                    .map(|(sender, frame)| Some(Incoming::Frame(sender, frame))),
                1 => request
                    .as_mut()
                    .poll(context)
                    .map(|request| request.map(Incoming::Request)),
                _ => submission
                    .as_mut()
                    .poll(context)
                    .map(|submission| Some(Incoming::Checked(submission))),
            };
            if taken.is_ready() {
                turn.0 = (kind + 1) % KINDS;
                return taken;
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use tokio::sync::{Semaphore, oneshot};

    use super::*;
    use crate::transport::inbox;

    fn request() -> ClientRequest {
        let slots = Arc::new(Semaphore::new(1));
        ClientRequest {
            request: Vec::new(),
            answer: oneshot::channel().0,
            slot: slots.try_acquire_owned().unwrap(),
        }
    }

    #[test]
    fn frames_and_requests_that_wait_are_taken_in_turn() {
        let (peer, mut frames) = inbox(1);
        let (client, mut requests) = mpsc::channel(8);
        for _ in 0..3 {
            peer.try_send(ReplicaId(0), Bytes::new()).unwrap();
            client.try_send(request()).unwrap();
        }
        let mut checked = CheckedQueue::default();
        let mut turn = Turn::default();
        let mut take = || {
            let next = next_incoming(&mut turn, &mut frames, &mut requests, &mut checked);
            next.now_or_never()
        };
        let kinds: Vec<_> = std::iter::from_fn(&mut take)
            .map(|taken| matches!(taken, Some(Incoming::Frame(..))))
            .collect();
        assert_eq!(kinds, [true, false, true, false, true, false]);
        drop(client);
        assert!(matches!(take(), Some(None)), "no client is left");
    }
}
