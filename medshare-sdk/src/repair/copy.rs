//! One copy of a record, and what was found of it.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::payload::ContentTree;
use medshare_types::OrganisationId;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::repair::report::{CopyFault, CopyState};
use medshare_store::StoreError;
use medshare_store::backend::Store;
use medshare_store::objects::{ObjectKind, PayloadName};
use medshare_store::transfer::{self, Inspection, Source};

/// The copy of a record in one store.
pub(super) struct Copy {
    pub(super) organisation: String,
    /// None where the application was not given the store.
    pub(super) store: Option<Store>,
    pub(super) faults: Vec<CopyFault>,
    payload: PayloadName,
    /// Set with `unavailable`, and stays when that is told.
    failed: bool,
    unavailable: Option<Error>,
    inspection: Inspection,
}

impl Copy {
    pub(super) fn of(context: &Context, id: &OrganisationId, payload: PayloadName) -> Self {
        Self {
            organisation: context.name_of(id),
            store: context.stores.get(id).cloned(),
            faults: Vec::new(),
            payload,
            failed: false,
            unavailable: None,
            inspection: Inspection::default(),
        }
    }

    /// Whether everything in the store was looked at.
    pub(super) const fn was_seen(&self) -> bool {
        self.store.is_some() && !self.failed
    }

    /// Refuses a store that is not the organisation's own.
    pub(super) async fn reach(&mut self) {
        if let Some(store) = &self.store
            && let Err(error) = store.check_marker().await
        {
            self.fail(error.into());
        }
    }

    fn fail(&mut self, error: Error) {
        self.failed = true;
        self.unavailable = Some(error);
    }

    /// A small object; notes why there is none.
    pub(super) async fn fetch(&mut self, kind: ObjectKind, limit: u64) -> Option<Bytes> {
        match self.fetch_optional(kind, limit).await? {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => self.missing(kind),
            Err(()) => self.altered(kind),
        }
        None
    }

    /// As [`Self::fetch`], for an object that need not exist. Nothing for an unavailable store;
    /// `Err` for an object that is too long.
    pub(super) async fn fetch_optional(
        &mut self,
        kind: ObjectKind,
        limit: u64,
    ) -> Option<Result<Option<Bytes>, ()>> {
        if !self.was_seen() {
            return None;
        }
        let store = self.store.as_ref()?;
        let name = self.payload.object(kind);
        let fetched = async {
            Ok::<_, StoreError>(match store.length(name).await? {
                None => Ok(None),
                Some(_) => store.read_whole(name, limit).await?.map(Some).ok_or(()),
            })
        };
        match fetched.await {
            Ok(found) => Some(found),
            Err(error) => {
                self.fail(error.into());
                None
            }
        }
    }

    pub(super) fn missing(&mut self, kind: ObjectKind) {
        if self.was_seen() {
            let object = kind.name();
            self.faults.push(CopyFault::Missing { object });
        }
    }

    pub(super) fn altered(&mut self, kind: ObjectKind) {
        let object = kind.name();
        self.faults.push(CopyFault::Altered { object });
    }

    /// Compares the payload with the tree; without one, only asks for it.
    pub(super) async fn look_at_payload(&mut self, tree: Option<&Arc<ContentTree>>) {
        let Some(store) = self.store.as_ref().filter(|_| !self.failed) else {
            return;
        };
        let inspected = match tree {
            Some(tree) => transfer::inspect(store, self.payload, tree).await,
            None => {
                let length = store.length(self.payload.object(ObjectKind::Payload)).await;
                length.map(|length| Inspection {
                    length,
                    ..Inspection::default()
                })
            }
        };
        let expected = tree.map(|tree| tree.layout().sealed_len());
        match inspected {
            Ok(inspection) => self.inspection = inspection,
            Err(error) => {
                self.fail(error.into());
                return;
            }
        }
        match (self.inspection, expected) {
            (Inspection { length: None, .. }, _) => self.missing(ObjectKind::Payload),
            (
                Inspection {
                    length: Some(found),
                    ..
                },
                Some(expected),
            ) if found != expected => self.faults.push(CopyFault::WrongLength { expected, found }),
            (
                Inspection {
                    bad,
                    first_bad: Some(first),
                    ..
                },
                _,
            ) => self
                .faults
                .push(CopyFault::AlteredSegments { count: bad, first }),
            _ => {}
        }
    }

    /// The stored payload, and whether it is whole.
    pub(super) fn source(&self) -> Option<(bool, Source)> {
        let store = self.store.clone().filter(|_| self.was_seen())?;
        let length = self.inspection.length?;
        let payload = ObjectKind::Payload.name();
        let is_whole = self.faults.iter().all(|fault| fault.object() != payload);
        Some((is_whole, Source { store, length }))
    }

    /// The faults of a copy that was seen, or its state where there is nothing to restore.
    pub(super) fn settled(&mut self) -> ControlFlow<CopyState, Vec<CopyFault>> {
        if let Some(source) = self.unavailable.take() {
            return ControlFlow::Break(CopyState::Unavailable { source });
        }
        match self.store {
            None => ControlFlow::Break(CopyState::NotConnected),
            Some(_) if self.faults.is_empty() => ControlFlow::Break(CopyState::Intact),
            Some(_) => ControlFlow::Continue(self.faults.clone()),
        }
    }

    /// The error of a store that took objects and does not return them.
    pub(super) fn unchanged(&self) -> Error {
        Error::ObjectStore {
            organisation: self.organisation.clone(),
            source: io::Error::new(
                io::ErrorKind::InvalidData,
                "it took the objects and does not return them",
            )
            .into(),
        }
    }
}
