//! The events of the chain, for applications that watch it.

use std::collections::VecDeque;

use medshare_types::{Event, Height, ReplicaId};

use crate::chain::Chain;
use crate::error::Result;

/// The verified events of the chain, block by block: enrolments, registrations, grants, tickets,
/// requests for access that were denied, voting keys, and proven misbehaviour of members.
///
/// A denied request names its requester, the grant, the person that gave the grant, and the reason
/// ([`AccessDenied`](crate::AccessDenied)). A patient's application learns of attempts on her
/// grants as it learns of accesses: it watches, and picks those that name her.
///
/// ```
/// # #[tokio::main(flavor = "multi_thread")]
/// # async fn main() -> medshare_sdk::Result<()> {
/// # use medshare_sdk::{Consortium, Event};
/// let consortium = Consortium::in_process(4).await?;
/// let mut events = consortium.watch().await?;
/// let patient = consortium.organisation("st-mary")?.enrol("patient-7", &[]).await?;
/// let (_, event) = events.next().await?;
/// assert!(matches!(event, Event::PersonEnrolled { person, .. } if person == *patient.id()));
/// # consortium.shut_down().await
/// # }
/// ```
pub struct Events {
    chain: Chain,
    /// The member that is asked first: the one that proved the last block.
    first: ReplicaId,
    height: Height,
    ready: VecDeque<Event>,
}

impl Events {
    pub(crate) const fn after(chain: Chain, first: ReplicaId, height: Height) -> Self {
        Self {
            chain,
            first,
            height,
            ready: VecDeque::new(),
        }
    }

    /// The next event and the height of its block; waits until there is one, as long as members
    /// answer. Transactions denied for anything but a request for access make none. Dropping the future loses nothing, and neither does an
    /// error: the next call goes on after the last event.
    ///
    /// # Errors
    /// [`Error::UnknownHeight`](crate::Error::UnknownHeight) where the watch was to go on after a
    /// block that the chain does not have;
    /// at once [`Error::Stopped`](crate::Error::Stopped) when too few members are left for another
    /// block; [`Error::Unreachable`](crate::Error::Unreachable) when no member answers until
    /// [the deadline of silence](crate::Deadlines::with_silence),
    /// or why no answer verifies.
    pub async fn next(&mut self) -> Result<(Height, Event)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok((self.height, event));
            }
            let height = self.height.next();
            let (member, receipts) = self.chain.receipts_at(self.first, height).await?;
            self.first = member;
            self.height = height;
            self.ready = receipts
                .into_iter()
                .flat_map(|receipt| receipt.outcome.into_events())
                .collect();
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("height", &self.height)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
