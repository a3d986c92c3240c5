//! Making and registering the key of the next epoch, and telling of misbehaviour.

use std::sync::Arc;

use medshare_consensus::Evidence;
use medshare_contract::{Call, keys, voting_key_statement};
use medshare_types::keystore::KeyStore;
use medshare_types::{Epoch, Height, SigningKey, Wire as _};

use super::Node;
use crate::error::NodeError;
use crate::executor::LedgerView;
use crate::voting_keys::{self, VotingKey};

/// Heights after which a registration that is not on the chain is sent again.
const AGAIN_AFTER: u64 = 8;

/// The keys of epochs, and whether that of the next is on its way to the chain.
pub(super) struct NextKey {
    store: Arc<dyn KeyStore>,
    /// Of this epoch and the next, as far as they are there, and an older one that is in use.
    held: Vec<VotingKey>,
    /// The height at which it was sent last.
    sent_at: Option<Height>,
}

impl NextKey {
    /// `held` are the keys in the store.
    pub(super) fn new(store: Arc<dyn KeyStore>, held: Vec<VotingKey>) -> Self {
        Self {
            store,
            held,
            sent_at: None,
        }
    }

    fn of(&self, epoch: Epoch) -> Option<&VotingKey> {
        self.held.iter().find(|held| held.epoch == epoch)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = SigningKey> {
        self.held.iter().map(|held| held.key.clone())
    }
}

impl Node {
    /// Draws the key of the next epoch, unless it is there. Before, the last block of the epoch before
    /// this one must be durable: the key of that epoch is erased.
    pub(super) async fn draw_next_key(&mut self) -> Result<(), NodeError> {
        let next = self.record.committee().epoch().next();
        if self.shell.next_key.of(next).is_some() {
            return Ok(());
        }
        let member = self.record.committee().member(self.shell.own);
        let in_use = member.map(|member| member.key);
        if !voting_keys::may_draw(&self.shell.next_key.held, next, in_use.as_ref()) {
            tracing::warn!(epoch = %next, "no new voting key: the old one is in use");
            return Ok(());
        }
        let store = Arc::clone(&self.shell.next_key.store);
        let mut random = self.shell.machine.random();
        let drawn = voting_keys::draw(&*store, next, &mut random).await?;
        self.replica.keep_signing_key_in_use();
        self.replica.add_signing_key(drawn.key.clone());
        let next_key = &mut self.shell.next_key;
        next_key
            .held
            .retain(|held| held.epoch.next() == next || in_use == Some(held.key.verifying_key()));
        next_key.held.push(drawn);
        self.shell.next_key.sent_at = None;
        Ok(())
    }

    /// Registers the key of the next epoch, until the chain has it.
    pub(super) async fn register_next_key(&mut self) -> Result<(), NodeError> {
        let height = self.record.learned();
        let epoch = self.record.committee().epoch();
        // The registration names a header of the running epoch.
        let begun = self.shell.tip.as_ref();
        if begun.is_none_or(|tip| tip.header.epoch != epoch) {
            return Ok(());
        }
        let next = epoch.next();
        let Some(held) = self.shell.next_key.of(next) else {
            return Ok(());
        };
        let key = held.key.verifying_key();
        let sent_at = self.shell.next_key.sent_at;
        let is_sent = sent_at.is_some_and(|sent| height.0 < sent.0 + AGAIN_AFTER);
        if is_sent || self.record.next_key(self.shell.own) == Some(key) {
            return Ok(());
        }
        let Some((height, header)) = self.record.tip() else {
            return Ok(());
        };
        let chain = self.shell.genesis.chain_id();
        let organisation = self.shell.holder.organisation();
        let statement = voting_key_statement(&chain, &organisation, next, &key);
        let call = Call::RegisterVotingKey {
            epoch: next,
            key,
            possession: held.key.sign(&statement),
            height,
            header,
        };
        if self.submit_own(&call).await? {
            self.shell.next_key.sent_at = Some(height);
        }
        Ok(())
    }

    /// Reports a member's contradiction, unless the chain knows it.
    pub(super) async fn report(&mut self, evidence: &Evidence) -> Result<(), NodeError> {
        let culprit = evidence.culprit;
        tracing::warn!(%culprit, "a member contradicts itself: reporting it");
        let subject = evidence.offence.subject();
        let known = subject.zip(self.record.organisation(culprit));
        let Some(((epoch, _), organisation)) = known else {
            return Ok(());
        };
        let key = keys::misbehaviour(&organisation, epoch);
        if medshare_contract::StateView::get(&LedgerView(&self.ledger), &key)?.is_some() {
            return Ok(());
        }
        let evidence = evidence.to_wire();
        // Without room it is lost here; every other member that has seen it reports it as well.
        self.submit_own(&Call::ReportMisbehaviour { evidence })
            .await?;
        Ok(())
    }
}
