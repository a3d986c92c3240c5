//! The stores that should hold a record, and why none gives an object as it was registered.

use medshare_contract::state::RecordState;
use medshare_store::backend::Store;
use medshare_store::objects::ObjectKind;

use crate::context::Context;
use crate::error::Error;

/// The reachable stores that should hold a record, in the order in which they are asked: those that
/// lately hung come last.
pub(super) fn stores_of<'a>(
    context: &'a Context,
    record: &'a RecordState,
) -> impl Iterator<Item = &'a Store> {
    let stores = record.stores.iter().filter_map(|id| context.stores.get(id));
    let mut stores: Vec<_> = stores.collect();
    stores.sort_by_key(|store| store.is_avoided());
    stores.into_iter()
}

/// What the stores that were asked have answered. Tells what keeps a record shut: a failure that may
/// pass, before a store that is not there, before one that the application was not given, before
/// damage.
pub(super) struct Shortfall<'a> {
    context: &'a Context,
    record: &'a RecordState,
    object: &'static str,
    failure: Error,
}

impl<'a> Shortfall<'a> {
    pub(super) const fn new(
        context: &'a Context,
        record: &'a RecordState,
        kind: ObjectKind,
    ) -> Self {
        let object = kind.name();
        Self {
            context,
            record,
            object,
            failure: Error::ObjectUnavailable { object },
        }
    }

    /// Takes why a store did not give the object.
    pub(super) fn note(&mut self, failure: Error) {
        if !self.failure.is_retryable() {
            self.failure = failure;
        }
    }

    /// Asks the stores for their markers: one without is not mounted, and has lost nothing.
    pub(super) async fn told(self) -> Error {
        if self.failure.is_retryable() {
            return self.failure;
        }
        for store in stores_of(self.context, self.record) {
            if let Err(error) = store.check_marker().await {
                return error.into();
            }
        }
        let stores = self.record.stores.iter();
        let absent = stores.filter(|id| !self.context.stores.contains_key(*id));
        let organisations: Vec<_> = absent.map(|id| self.context.name_of(id)).collect();
        if organisations.is_empty() {
            return self.failure;
        }
        Error::StoreNotConnected {
            object: self.object,
            organisations,
        }
    }
}
