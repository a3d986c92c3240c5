//! The identifier of a new record, and its registration on the chain.

use medshare_contract::state::RecordState;
use medshare_contract::{Call, RegisterRecord, keys};
use medshare_host::os_random;
use medshare_types::{Denial, Digest, OrganisationId, RandomSource as _, hash};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::read::record::first_fitting;
use crate::record::RecordRef;
use crate::write::fingerprints::{FingerprintKey, Fingerprints, Request};
use medshare_store::objects::{MAX_SMALL_OBJECT, ObjectKind};
use medshare_store::placement::PendingCopies;

/// Registers one record of an organisation.
pub(super) struct Registration<'a> {
    actor: &'a Actor,
    preimage: [u8; 32],
    /// None without an idempotency key.
    key: Option<FingerprintKey>,
}

impl<'a> Registration<'a> {
    /// Derives the record's identifier from the caller's key, under a signature that only the
    /// organisation can make, or draws it.
    pub(super) async fn begin(actor: &'a Actor, idempotency_key: Option<&str>) -> Result<Self> {
        let Some(key) = idempotency_key else {
            return Ok(Self {
                actor,
                preimage: os_random().array(),
                key: None,
            });
        };
        let chain = actor.context().chain.id();
        let fields: [&[u8]; 2] = [chain.as_ref(), key.as_bytes()];
        let statement = hash::digest("medshare/sdk/idempotency-key/v1", &fields);
        let signature = actor.sign(&statement).await?;
        let preimage = hash::digest("medshare/sdk/record-opening/v1", &[signature.as_bytes()]);
        Ok(Self {
            actor,
            preimage: *preimage.as_bytes(),
            key: Some(FingerprintKey::derive(&signature)),
        })
    }

    /// The 32 bytes whose commitment is the record's identifier.
    pub(super) const fn preimage(&self) -> [u8; 32] {
        self.preimage
    }

    /// Returns true if another attempt can be under the same idempotency key.
    pub(super) const fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// The record that an earlier attempt under the same idempotency key has registered.
    pub(super) async fn earlier(&self, record: RecordRef) -> Result<Option<RecordState>> {
        if !self.is_keyed() {
            return Ok(None);
        }
        let key = keys::record(&record.id, record.version);
        self.actor.read(key).await
    }

    /// The fingerprints to be stored beside a payload; none without an idempotency key.
    pub(super) fn fingerprints(
        &self,
        request: &Request,
        preamble: &Digest,
    ) -> Option<Fingerprints> {
        let key = self.key.as_ref()?;
        Some(key.fingerprints(request, preamble))
    }

    /// Refuses a request that is not the one of the earlier attempt.
    pub(super) async fn check_same(&self, earlier: &RecordState, request: &Request) -> Result<()> {
        let Some(key) = self.key.clone() else {
            return Err(Error::Denied(Denial::AlreadyExists));
        };
        let conflict = |differs| Err(Error::IdempotencyConflict { differs });
        if earlier.subject != request.subject {
            return conflict("subject");
        }
        let preamble = earlier.preamble;
        let wanted = key.fingerprints(request, &preamble);
        let parse = move |bytes: bytes::Bytes| key.verified(&bytes, &preamble);
        let context = self.actor.context();
        let kind = ObjectKind::Fingerprints;
        let first = first_fitting(context, earlier, kind, MAX_SMALL_OBJECT, parse).await?;
        if first.policy != wanted.policy {
            return conflict("policy");
        }
        if first.content != wanted.content {
            return conflict("content");
        }
        Ok(())
    }

    /// Registers the record, or removes the payload's objects if the contract denies it. Under an
    /// idempotency key an earlier attempt may have been ordered in the meantime; then its payload
    /// is the one that counts, if it was sealed from the same request. Returns the stores that have
    /// the registered payload.
    pub(super) async fn submit(
        &self,
        call: RegisterRecord,
        copies: &mut PendingCopies,
        request: Option<&Request>,
    ) -> Result<Vec<OrganisationId>> {
        let record = RecordRef {
            id: call.record,
            version: call.version,
        };
        let stores = call.stores.clone();
        let call = Call::RegisterRecord(Box::new(call));
        let denial = match self.actor.call(&call).await {
            Err(Error::Denied(denial)) => denial,
            registered => return registered.map(|_| stores),
        };
        // A denial is final: no record will ever name these objects.
        copies.abandon().await;
        if denial == Denial::AlreadyExists
            && let Some(request) = request
            && let Some(earlier) = self.earlier(record).await?
        {
            self.check_same(&earlier, request).await?;
            return Ok(earlier.stores);
        }
        Err(Error::Denied(denial))
    }
}
