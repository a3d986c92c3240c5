//! The committees of the chain, followed from epoch to epoch.
//!
//! Whichever member gave an answer of an epoch that is not known yet has the boundaries that lead
//! there. They are fetched from that member, verified, and shared by all calls of the application; what
//! it did not give in time, or gave wrong, counts as its answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use medshare_host::{blocking, clock};
use medshare_ledger::{
    Boundary, CertifiedHeader, LightClient, RpcRequest, RpcResponse, VerifyError,
};
use medshare_types::{Epoch, ReplicaId, Timestamp, Wire as _};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::{Chain, unexpected};
use crate::error::{Error, Result};
use crate::receipt::TrustAnchor;

/// The light client that all calls share.
pub(super) struct Epochs {
    /// Replaced as a whole, so that no call waits while another verifies.
    light: RwLock<Arc<LightClient>>,
    /// Block time of the newest verified header, milliseconds.
    verified: AtomicU64,
    /// Of each member, boundaries are fetched by one call at a time.
    fetching: Vec<Mutex<()>>,
}

impl Epochs {
    pub(super) fn new(light: LightClient, members: usize) -> Self {
        Self {
            light: RwLock::new(Arc::new(light)),
            verified: AtomicU64::new(0),
            fetching: (0..members).map(|_| Mutex::default()).collect(),
        }
    }

    fn light(&self) -> Arc<LightClient> {
        let light = self.light.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&light)
    }

    /// Keeps what a call followed from `base`. Where another call was faster its result stays, so
    /// that nothing that was followed is ever replaced.
    fn keep(&self, base: &Arc<LightClient>, followed: LightClient) {
        let mut light = self.light.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&light, base) {
            *light = Arc::new(followed);
        }
    }

    fn verified(&self) -> Timestamp {
        Timestamp::from_millis(self.verified.load(Ordering::Acquire))
    }
}

impl Chain {
    /// The light client as far as it followed by now.
    pub(crate) fn light(&self) -> Arc<LightClient> {
        self.epochs.light()
    }

    /// What the chain was joined with, and the newest end of an epoch since.
    pub(crate) fn trust_anchor(&self) -> TrustAnchor {
        self.anchor.with(self.light().trust_anchor())
    }

    /// Checks an answer of `member` that leads from this header. Where the header's epoch is not known
    /// yet, the member is asked for the boundaries that lead to it, for the deadline of one answer.
    pub(super) async fn verified<T>(
        &self,
        member: ReplicaId,
        certified: &CertifiedHeader,
        check: impl Fn(&LightClient) -> std::result::Result<T, VerifyError>,
    ) -> Result<T> {
        let until = Instant::now() + self.deadlines.answer;
        loop {
            match check(&self.light()) {
                Ok(checked) => {
                    let time = certified.header.time.as_millis();
                    self.epochs.verified.fetch_max(time, Ordering::AcqRel);
                    return Ok(checked);
                }
                Err(VerifyError::UnknownEpoch { epoch, followed }) => {
                    self.follow(member, epoch, followed, until).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Follows the boundaries from `followed` on that `member` has, in the direction of `wanted`: at
    /// least one.
    async fn follow(
        &self,
        member: ReplicaId,
        wanted: Epoch,
        followed: Epoch,
        until: Instant,
    ) -> Result<()> {
        let fetching = self.epochs.fetching.get(member.index());
        let fetching = fetching.ok_or(Error::Unreachable)?.lock();
        let _fetching = timeout_at(until, fetching)
            .await
            .map_err(|_| Error::Unreachable)?;
        let light = self.light();
        if light.committee(followed.next()).is_some() {
            return Ok(());
        }
        light.check_trust(followed, Some(self.epochs.verified()), clock::now())?;
        let boundaries = self.boundaries_of(member, followed, Some(until)).await?;
        let next = extended(&light, boundaries).await?;
        if next.committee(followed.next()).is_none() {
            let epoch = wanted;
            return Err(VerifyError::UnknownEpoch { epoch, followed }.into());
        }
        self.epochs.keep(&light, next);
        Ok(())
    }

    async fn boundaries_of(
        &self,
        member: ReplicaId,
        from: Epoch,
        until: Option<Instant>,
    ) -> Result<Vec<Boundary>> {
        let request = RpcRequest::Boundaries(from).to_wire();
        // Past the queues of this application, where the answer that needs it has its turn.
        let answer = self.send(member, request, self.deadlines.answer, until);
        match answer.await? {
            Some(RpcResponse::Boundaries(boundaries)) => Ok(boundaries),
            Some(other) => Err(unexpected(other)),
            None => Err(Error::Unreachable),
        }
    }

    /// Follows every boundary that the first member has which answers, however long ago the
    /// application followed last. For members that run in this process, on ledgers that they verified
    /// from the genesis on.
    #[cfg(feature = "in-process")]
    pub(crate) async fn follow_own_members(&self) {
        for member in self.genesis().replicas() {
            loop {
                let light = self.light();
                let Ok(boundaries) = self.boundaries_of(member, light.epoch(), None).await else {
                    break;
                };
                if boundaries.is_empty() {
                    return;
                }
                match extended(&light, boundaries).await {
                    Ok(followed) => self.epochs.keep(&light, followed),
                    Err(error) => {
                        tracing::warn!(%member, %error, "boundaries that do not verify");
                        break;
                    }
                }
            }
        }
    }
}

/// The client after it followed `boundaries`.
async fn extended(light: &LightClient, boundaries: Vec<Boundary>) -> Result<LightClient> {
    let mut followed = light.clone();
    let verifying = blocking(move || {
        let mut all = boundaries.iter();
        all.try_for_each(|boundary| followed.follow(boundary))
            .map(|()| followed)
    });
    Ok(verifying.await??)
}

#[cfg(test)]
mod tests;
