//! Learning how far the chain is.

use std::sync::atomic::Ordering;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use medshare_ledger::{LightClient, RefusalCode, RpcRequest, RpcResponse};
use medshare_types::{Height, ReplicaId};

use super::failure::Failure;
use super::{Chain, unexpected};
use crate::error::Result;

impl Chain {
    /// Learns the highest executed height that a quorum can prove; no read that begins after this
    /// returns an older state. For values that change, of which a member that lags, or hides the
    /// newest blocks, can prove an old one.
    ///
    /// Asks all members at once and goes on with a quorum's answers, or with f + 1 where the others
    /// are silent until the deadline of one answer.
    pub(crate) async fn catch_up(&self) -> Result<()> {
        let members = self.genesis().replicas();
        let mut answers: FuturesUnordered<_> = members.map(|member| self.tip_of(member)).collect();
        let mut heard = 0;
        let mut failure = Failure::default();
        while heard < self.quorum()
            && let Some(answer) = answers.next().await
        {
            match answer {
                Ok(height) => {
                    heard += 1;
                    self.seen.fetch_max(height.0, Ordering::AcqRel);
                }
                Err(error) => failure.note(error),
            }
        }
        if heard >= self.more_than_faulty() {
            return Ok(());
        }
        self.check_running(self.more_than_faulty())?;
        Err(failure.into_error())
    }

    /// The executed height that a member's newest header proves.
    async fn tip_of(&self, member: ReplicaId) -> Result<Height> {
        match self.ask(member, &RpcRequest::Tip).await? {
            RpcResponse::Tip(tip) => {
                let check = |light: &LightClient| light.verify_header(&tip);
                let verified = self.verified(member, &tip, check).await?;
                Ok(verified.header().executed.height)
            }
            RpcResponse::Refused(refusal) if refusal.code == RefusalCode::NotYetCertified => {
                Ok(Height(0))
            }
            other => Err(unexpected(other)),
        }
    }
}
