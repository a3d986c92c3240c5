//! Bounds on what one application does in its consortium at the same time.
//!
//! Without them a thousand calls at once fill the members' queues, and the caller's own load looks
//! like members that do not answer. Each queue is served in the order of arrival. A deadline of a
//! member's answer begins when the request is sent; the time in a queue counts against the caller's
//! deadline of an order alone.

use tokio::sync::{Semaphore, SemaphorePermit};

use medshare_host::cores;
use medshare_types::ReplicaId;

/// Requests at one member that it answers as soon as it can.
const ANSWERS_OF_MEMBER: usize = 64;
/// Requests at one member that it answers when there is something to tell.
const WAITS_OF_MEMBER: usize = 1_024;
/// Transactions that are being ordered; far below a member's bound for one key.
const ORDERS: usize = 128;
/// Seals, each of which holds a thread while it reads its content; tokio has 512.
const SEALS: usize = 64;
/// Openings between their ticket and their key, for each core: the holders and this process compute
/// for each.
const OPENINGS_PER_CORE: usize = 8;
/// Requests for attribute keys, for each core: the authority computes for each.
const ISSUANCES_PER_CORE: usize = 4;

/// The queues of one application. A turn lasts until its permit is dropped.
#[derive(Debug)]
pub(crate) struct Turns {
    answers: Vec<Semaphore>,
    waits: Vec<Semaphore>,
    orders: Semaphore,
    openings: Semaphore,
    seals: Semaphore,
    issuances: Semaphore,
}

/// A queue for turns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Queue {
    /// Short requests at one member.
    Answers(ReplicaId),
    /// Requests that a member may delay.
    Waits(ReplicaId),
    Orders,
    Openings,
    Seals,
    Issuances,
}

impl Turns {
    pub(crate) fn new(members: usize) -> Self {
        let of_members = |permits| (0..members).map(|_| Semaphore::new(permits)).collect();
        Self {
            answers: of_members(ANSWERS_OF_MEMBER),
            waits: of_members(WAITS_OF_MEMBER),
            orders: Semaphore::new(ORDERS),
            openings: Semaphore::new(OPENINGS_PER_CORE * cores()),
            seals: Semaphore::new(SEALS),
            issuances: Semaphore::new(ISSUANCES_PER_CORE * cores()),
        }
    }

    /// Waits for a turn. `None` at a member that does not exist.
    pub(crate) async fn take(&self, queue: Queue) -> Option<SemaphorePermit<'_>> {
        let semaphore = match queue {
            Queue::Answers(member) => self.answers.get(member.index())?,
            Queue::Waits(member) => self.waits.get(member.index())?,
            Queue::Orders => &self.orders,
            Queue::Openings => &self.openings,
            Queue::Seals => &self.seals,
            Queue::Issuances => &self.issuances,
        };
        // Never closed.
        semaphore.acquire().await.ok()
    }
}
