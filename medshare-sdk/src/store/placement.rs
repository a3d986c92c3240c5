//! The stores that one record's objects go to, and uploads to all of them at once.

use bytes::Bytes;
use medshare_types::{OrganisationId, ReplicaId};
use tokio::sync::mpsc;

use crate::error::Result;
use crate::store::backend::{SealingGuard, Store, Stores, Upload};
use crate::store::objects::{ObjectKind, ObjectName, PayloadName};

/// Stores that hold a copy of each of a record's objects (r).
const COPIES: usize = 2;

/// The stores of one record.
pub(crate) struct Placement(Vec<(OrganisationId, Store)>);

impl Placement {
    /// The owner's store and those of its neighbours in the order of seats, as far as they can be
    /// reached.
    pub(crate) fn near(owner: ReplicaId, seats: &[OrganisationId], stores: &Stores) -> Self {
        let from_owner = seats.iter().cycle().skip(owner.index()).take(seats.len());
        let reachable = from_owner.filter_map(|id| Some((*id, stores.get(id)?.clone())));
        Self(reachable.take(COPIES).collect())
    }

    pub(crate) fn organisations(&self) -> Vec<OrganisationId> {
        self.0.iter().map(|(id, _)| *id).collect()
    }

    /// Keeps sweeps of this process away from a payload, for as long as the result exists.
    pub(crate) fn begin_sealing(&self, payload: PayloadName) -> Vec<SealingGuard> {
        let stores = self.0.iter();
        stores
            .map(|(_, store)| store.begin_sealing(payload))
            .collect()
    }

    /// Writes one object to every store.
    pub(crate) async fn put(&self, name: ObjectName, bytes: Bytes) -> Result<()> {
        for (_, store) in &self.0 {
            store.put(name, bytes.clone()).await?;
        }
        Ok(())
    }

    /// Begins an object that arrives in chunks.
    pub(crate) async fn upload(&self, name: ObjectName) -> Result<Uploads> {
        let mut uploads = Vec::new();
        for (_, store) in &self.0 {
            uploads.push(store.upload(name).await?);
        }
        Ok(Uploads(uploads))
    }

    /// Removes every object of a payload; they need not exist.
    pub(crate) async fn delete(&self, payload: PayloadName) -> Result<()> {
        for (_, store) in &self.0 {
            for kind in ObjectKind::ALL {
                store.delete(payload.object(kind)).await?;
            }
        }
        Ok(())
    }
}

/// One object on its way to every store of a placement.
pub(crate) struct Uploads(Vec<Upload>);

impl Uploads {
    /// Takes chunks until their sender is dropped, or until a store fails.
    pub(crate) async fn append_all(&mut self, mut chunks: mpsc::Receiver<Bytes>) -> Result<()> {
        while let Some(chunk) = chunks.recv().await {
            for upload in &mut self.0 {
                upload.append(chunk.clone()).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn complete(self) -> Result<()> {
        for upload in self.0 {
            upload.complete().await?;
        }
        Ok(())
    }

    pub(crate) async fn abort(self) {
        for upload in self.0 {
            upload.abort().await;
        }
    }
}
