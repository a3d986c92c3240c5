//! Blocks as they come, and the height of the chain.

use std::sync::atomic::Ordering;

use medshare_ledger::{LightClient, RefusalCode, RpcRequest, RpcResponse};
use medshare_types::{Height, ReplicaId, TransactionReceipt, Wire as _};
use tokio::time::Instant;

use super::exchange::Kind;
use super::failure::Failure;
use super::{Chain, RETRY_PAUSE};
use crate::backoff::Backoff;
use crate::error::{Error, Result};

impl Chain {
    /// Every receipt of the block at `height`, as soon as a member can prove them, and that member,
    /// which is the one to ask first about the next block. A member that hangs, lags or gives a bad
    /// proof is passed over; waits as long as the chain is quiet, and no longer than the deadline of
    /// silence when no member answers. [`Error::UnknownHeight`] for a block after the next one.
    pub(crate) async fn receipts_at(
        &self,
        first: ReplicaId,
        height: Height,
    ) -> Result<(ReplicaId, Vec<TransactionReceipt>)> {
        self.check_height(height).await?;
        let request = RpcRequest::ReceiptsAt(height).to_wire();
        let mut deadline = Instant::now() + self.deadlines.silence;
        let mut backoff = Backoff::new(RETRY_PAUSE);
        loop {
            let mut failure = Failure::default();
            for member in self.members_from(first) {
                // The member delays its answer until the block exists, or for a while.
                let answer = self.exchange(member, request.clone(), Kind::Delayed, None);
                let block = match answer.await {
                    Ok(Some(RpcResponse::Receipts(block))) => block,
                    Ok(Some(RpcResponse::Pending)) => continue,
                    Ok(Some(other)) => {
                        failure.note_answer(other);
                        continue;
                    }
                    Ok(None) => continue,
                    Err(error) => {
                        failure.note(error);
                        continue;
                    }
                };
                let check = |light: &LightClient| light.verify_block_receipts(height, &block);
                match self.verified(member, &block.certified, check).await {
                    Ok(_) => {
                        self.seen.fetch_max(height.0, Ordering::AcqRel);
                        return Ok((member, block.receipts));
                    }
                    Err(error) => {
                        tracing::warn!(%member, %error, "receipts that do not verify");
                        failure.note(error);
                    }
                }
            }
            self.check_running(self.quorum())?;
            if failure.finals() >= self.more_than_faulty() {
                return Err(failure.into_error());
            }
            match self.height(first).await {
                // Nothing is withheld: the chain has no such block yet.
                Ok(tip) if tip < height => {
                    deadline = Instant::now() + self.deadlines.silence;
                    backoff = Backoff::new(RETRY_PAUSE);
                }
                Ok(_) if Instant::now() >= deadline => return Err(failure.into_error()),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Ok(_) | Err(_) => {}
            }
            backoff.pause().await;
        }
    }

    /// Refuses a height after the next block's, as a quorum knows the chain. Members that have just
    /// started may be behind, for as long as they have to answer.
    async fn check_height(&self, height: Height) -> Result<()> {
        let deadline = Instant::now() + self.deadlines.answer;
        let mut backoff = Backoff::new(RETRY_PAUSE);
        loop {
            let seen = Height(self.seen.load(Ordering::Acquire));
            if height <= seen.next() {
                return Ok(());
            }
            // Where too few answer, the watch waits for them.
            if self.catch_up().await.is_err() {
                return Ok(());
            }
            let seen = Height(self.seen.load(Ordering::Acquire));
            if height > seen.next() && Instant::now() >= deadline {
                return Err(Error::UnknownHeight {
                    height: Height(height.0 - 1),
                    highest: seen,
                });
            }
            backoff.pause().await;
        }
    }

    /// The highest executed height that any member can prove.
    pub(crate) async fn height(&self, home: ReplicaId) -> Result<Height> {
        let mut newest = None;
        let mut failure = Failure::default();
        for member in self.members_from(home) {
            match self.ask(member, &RpcRequest::Tip).await {
                Ok(RpcResponse::Tip(tip)) => {
                    let check = |light: &LightClient| light.verify_header(&tip);
                    match self.verified(member, &tip, check).await {
                        Ok(verified) => {
                            newest = newest.max(Some(verified.header().executed.height))
                        }
                        Err(error) => failure.note(error),
                    }
                }
                Ok(RpcResponse::Refused(refusal))
                    if refusal.code == RefusalCode::NotYetCertified =>
                {
                    newest = newest.max(Some(Height(0)));
                }
                Ok(other) => failure.note_answer(other),
                Err(error) => failure.note(error),
            }
        }
        if newest.is_none() {
            self.check_running(Self::ANY)?;
        }
        let seen = Height(self.seen.load(Ordering::Acquire));
        let height = newest.map(|height| height.max(seen));
        height.ok_or_else(|| failure.into_error())
    }
}
