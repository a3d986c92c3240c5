//! Watching what happens on the chain.

use std::collections::VecDeque;

use medshare_types::{Event, Height, Outcome, ReplicaId};

use crate::consortium::Consortium;
use crate::error::Result;

/// What happened, block by block, each verified: enrolments, registrations, grants, tickets.
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
    consortium: Consortium,
    height: Height,
    ready: VecDeque<Event>,
}

impl Events {
    /// The next event and the height of its block; waits until there is one. Refused transactions
    /// make none. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`crate::Error::InvalidProof`] when a member's answer does not verify.
    pub async fn next(&mut self) -> Result<(Height, Event)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok((self.height, event));
            }
            let height = self.height.next();
            let receipts = self
                .consortium
                .inner
                .chain
                .receipts_at(ReplicaId(0), height)
                .await?;
            self.height = height;
            self.ready = receipts
                .into_iter()
                .filter_map(|receipt| match receipt.outcome {
                    Outcome::Applied(events) => Some(events),
                    Outcome::Denied(_) => None,
                })
                .flatten()
                .collect();
        }
    }
}

impl Consortium {
    /// Watches what happens from now on.
    ///
    /// # Errors
    /// [`crate::Error::Unreachable`], or why an answer does not verify.
    pub async fn watch(&self) -> Result<Events> {
        let height = self.inner.chain.height(ReplicaId(0)).await?;
        Ok(self.watch_from(height))
    }

    /// Watches from the block after `height`; [`Height`] 0 is the beginning of the chain.
    #[must_use]
    pub fn watch_from(&self, height: Height) -> Events {
        Events {
            consortium: self.clone(),
            height,
            ready: VecDeque::new(),
        }
    }
}
