//! Carrying out this node's steps of the key ceremony.

use std::sync::Arc;

use medshare_contract::{Call, keys};
use medshare_ledger::Transaction;
use medshare_threshold::HolderShare;
use medshare_types::keystore::{KeyStore, KeyStoreError};
use medshare_types::{AccessClass, GateKey, Nonce, Wire as _};

use super::Node;
use crate::ceremony::{Step, next_step};
use crate::error::NodeError;
use crate::executor::read;
use crate::holder::Holder;
use crate::mempool::Admission;
use crate::secrets::GATE_SHARE;

/// The steps that this node has taken, in this run.
pub(super) struct Ceremony {
    keys: Arc<dyn KeyStore>,
    dealt: bool,
    answered: bool,
    over: bool,
}

impl Ceremony {
    /// Resumes from the share in the key store, if there is one.
    pub(super) async fn open(keys: Arc<dyn KeyStore>, holder: &Holder) -> Result<Self, NodeError> {
        match keys.load(GATE_SHARE).await {
            Ok(None) => {}
            Ok(Some(bytes)) => match HolderShare::from_bytes(&bytes) {
                Ok(share) => holder.set_share(share),
                Err(error) => {
                    tracing::warn!(%error, "the stored share of the gate key is no share")
                }
            },
            // Computed again from the deals on the chain.
            Err(error @ KeyStoreError::Altered { .. }) => {
                tracing::warn!(%error, "the stored share of the gate key is damaged");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Self {
            keys,
            dealt: false,
            answered: false,
            over: false,
        })
    }
}

impl Node {
    /// Takes the step that the ceremony expects from this node, if any.
    pub(super) async fn step_ceremony(&mut self) -> Result<(), NodeError> {
        if self.shell.ceremony.over {
            return Ok(());
        }
        let ledger = Arc::clone(&self.ledger);
        let holder = Arc::clone(&self.shell.holder);
        let genesis = Arc::clone(&self.shell.genesis);
        let Ceremony {
            dealt, answered, ..
        } = self.shell.ceremony;
        let step = move || next_step(&ledger, &genesis, &holder, dealt, answered);
        let step = self.shell.machine.blocking(step).await??;
        match step {
            Step::Wait => {}
            Step::Over => self.shell.ceremony.over = true,
            Step::Deal(call) => self.shell.ceremony.dealt = self.submit_own(&call).await?,
            Step::Complain(call) => self.shell.ceremony.answered = self.submit_own(&call).await?,
            Step::Restore(share) => {
                self.keep_share(share).await?;
                self.shell.ceremony.over = true;
            }
            Step::Acknowledge { share, call } => {
                self.keep_share(share).await?;
                self.shell.ceremony.answered = self.submit_own(&call).await?;
            }
        }
        Ok(())
    }

    /// Whether the gate key exists, and this node can release no share of it.
    pub(super) fn lacks_share(&self) -> Result<bool, NodeError> {
        let key: Option<GateKey> = read(&self.ledger, &keys::gate_key(AccessClass::Normal))?;
        Ok(key.is_some_and(|key| !self.shell.holder.holds_share_of(&key)))
    }

    async fn keep_share(&self, share: HolderShare) -> Result<(), NodeError> {
        let keys = &self.shell.ceremony.keys;
        keys.store(GATE_SHARE, &share.to_bytes()).await?;
        self.shell.holder.set_share(share);
        Ok(())
    }

    /// Signs a call of this organisation and submits it; returns false when there was no room for
    /// it, so that it has to be submitted later.
    pub(super) async fn submit_own(&mut self, call: &Call) -> Result<bool, NodeError> {
        let transaction = Transaction::sign(
            self.shell.genesis.chain_id(),
            self.shell.holder.organisation().into(),
            Nonce::random(&mut self.shell.machine.random()),
            call.to_wire(),
            &self.shell.holder.secrets().signing_key,
        );
        let admission = self.submit(transaction).await?;
        Ok(matches!(admission, Admission::Added | Admission::Known))
    }
}
