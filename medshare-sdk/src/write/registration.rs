//! The identifier of a new record, and its registration on the chain.

use medshare_contract::state::RecordHeadState;
use medshare_contract::{Call, RegisterRecord, keys};
use medshare_host::os_random;
use medshare_types::{Denial, RandomSource as _, RecordId, hash};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::store::objects::PayloadName;
use crate::store::placement::Placement;

/// Registers one record of an organisation.
pub(super) struct Registration<'a> {
    pub(super) actor: &'a Actor,
    pub(super) idempotency_key: Option<&'a str>,
}

impl Registration<'_> {
    /// The 32 bytes whose commitment is the record's identifier: random, or from the caller's key
    /// under a signature that only the organisation can make.
    pub(super) async fn id_preimage(&self) -> Result<[u8; 32]> {
        let Some(key) = self.idempotency_key else {
            return Ok(os_random().array());
        };
        let chain = self.actor.context().chain.id();
        let fields: [&[u8]; 2] = [chain.as_ref(), key.as_bytes()];
        let statement = hash::digest("medshare/sdk/idempotency-key/v1", &fields);
        let signature = self.actor.sign(&statement).await?;
        let preimage = hash::digest("medshare/sdk/record-opening/v1", &[signature.as_bytes()]);
        Ok(*preimage.as_bytes())
    }

    /// Returns true if an earlier attempt under the same idempotency key registered the record.
    pub(super) async fn is_done(&self, id: &RecordId) -> Result<bool> {
        if self.idempotency_key.is_none() {
            return Ok(false);
        }
        let head: Option<RecordHeadState> = self.actor.read(keys::record_head(id)).await?;
        Ok(head.is_some())
    }

    /// Registers the record, or removes the payload's objects if the contract denies it. Under an
    /// idempotency key an earlier attempt may have been ordered in the meantime; then its payload
    /// is the one that counts.
    pub(super) async fn submit(
        &self,
        call: RegisterRecord,
        payload: PayloadName,
        placement: &Placement,
    ) -> Result<()> {
        let call = Call::RegisterRecord(Box::new(call));
        match self.actor.call(&call).await {
            Err(Error::Denied(denial)) => {
                // A denial is final: no record will ever name these objects.
                placement.delete(payload).await?;
                if denial == Denial::AlreadyExists && self.idempotency_key.is_some() {
                    Ok(())
                } else {
                    Err(Error::Denied(denial))
                }
            }
            registered => registered.map(drop),
        }
    }
}
