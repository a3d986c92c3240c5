//! Reading what the chain names out of stores that nobody trusts.

use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::DecapsulateError;
use medshare_abe::access::{AccessHeader, VerifiedAccess};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{ContentTree, Preamble};
use medshare_abe::{AccessPolicy, AttributeSet, Condition, Date, SharedSecret, UserSecretKey};
use medshare_contract::keys;
use medshare_contract::state::{RecordState, SealedLabel};
use medshare_types::{Denial, Wire};

use crate::error::{Error, Result};
use crate::person::Person;
use crate::record::{Descriptor, Record, SegmentsObject};
use crate::store::objects::{Part, PayloadName, Store};
use medshare_host::blocking;

/// The longest access header or descriptor that is fetched, bytes.
const MAX_SMALL_OBJECT: u64 = 1 << 20;

/// A record as the chain has it, and the parts of it that were fetched and fit.
pub(crate) struct Located {
    pub(crate) record: RecordState,
    pub(crate) sealed: SealedLabel,
    pub(crate) header: AccessHeader,
    pub(crate) preamble: Preamble,
    pub(crate) tree: ContentTree,
}

impl Located {
    /// Reads the record by proof, then its header, preamble and content tree, each from the first
    /// store that has it as it was registered.
    pub(crate) async fn fetch(person: &Person, record: Record) -> Result<Self> {
        let chain = &person.consortium.inner.chain;
        let key = keys::record(&record.id, record.version);
        let record: Option<RecordState> = chain.read(person.home, key).await?;
        let record = record.ok_or(Error::Denied(Denial::UnknownRecord))?;
        let sealed = record.labels.first().cloned();
        let sealed = sealed.ok_or(Error::Denied(Denial::UnknownRecord))?;

        let count = SegmentsObject::checked_count(record.segment_count)?;

        let expected = sealed.header;
        let header = first_fitting(
            person,
            &record,
            Part::Access,
            MAX_SMALL_OBJECT,
            move |bytes| {
                let header = AccessHeader::from_wire(&bytes).ok()?;
                (header.digest() == expected).then_some(header)
            },
        );
        let header = header.await?;
        let (expected, root) = (record.preamble, record.content_root);
        let limit = SegmentsObject::len_with(count);
        let segments = first_fitting(person, &record, Part::Segments, limit, move |bytes| {
            let object = SegmentsObject::from_wire(&bytes).ok()?;
            drop(bytes);
            // Nothing is hashed for a tree of another size than the chain says.
            if object.tree.len() as u64 != ContentTree::encoded_len(count) {
                return None;
            }
            let preamble = Preamble::from_bytes(&object.preamble).ok()?;
            let tree = ContentTree::from_bytes(&object.tree, &root).ok()?;
            let fits = preamble.digest() == expected && tree.layout().segment_count() == count;
            fits.then_some((preamble, tree))
        });
        let (preamble, tree) = segments.await?;
        Ok(Self {
            record,
            sealed,
            header,
            preamble,
            tree,
        })
    }

    /// The person's attribute key, which opens the record: that it does is found out before
    /// anything is asked of the consortium. One that does not is renewed, once, if a new one may.
    pub(crate) async fn key_of(&self, person: &Person) -> Result<UserSecretKey> {
        let mut old = person.attribute_key().await?;
        match &old {
            Some(key) if self.policy().is_satisfied_by(key.attributes()) => {}
            // The chain says what a new key would be for, so nobody is asked in vain.
            _ => self.check_policy(&person.vouched_attributes().await?)?,
        }
        let sealed_on = Date::from(self.sealed.label.context.sealed_on);
        let opens = |key: &UserSecretKey| {
            key.validity().contains(sealed_on) && self.policy().is_satisfied_by(key.attributes())
        };
        if let Some(key) = old.take_if(|key| opens(key)) {
            return Ok(key);
        }
        let key = person.renew_attribute_key(old.as_ref()).await?;
        self.check_policy(key.attributes())?;
        let validity = key.validity();
        if validity.contains(sealed_on) {
            Ok(key)
        } else {
            Err(Error::KeyLapsed {
                sealed_on,
                validity,
            })
        }
    }

    fn policy(&self) -> &AccessPolicy {
        self.header.abe().policy()
    }

    fn check_policy(&self, attributes: &AttributeSet) -> Result<()> {
        let missing = self.policy().missing(attributes);
        if missing.is_empty() {
            Ok(())
        } else {
            Err(self.unsatisfied(&missing))
        }
    }

    fn unsatisfied(&self, missing: &[Condition]) -> Error {
        Error::PolicyUnsatisfied {
            policy: self.policy().to_string(),
            missing: missing.iter().map(ToString::to_string).collect(),
        }
    }

    /// The access header, checked against the chain's digest and label.
    pub(crate) fn access(&self) -> Result<VerifiedAccess<'_>> {
        self.header
            .verify(&self.sealed.header, &self.sealed.label, &self.preamble)
            .map_err(|_| Error::ObjectUnavailable {
                object: Part::Access.name(),
            })
    }

    /// K_abe by the person's key.
    pub(crate) fn decapsulate(&self, person: &Person, key: &UserSecretKey) -> Result<SharedSecret> {
        let parameters = &person.consortium.inner.parameters;
        self.access()?
            .decapsulate(parameters, key)
            .map_err(|error| match error {
                DecapsulateError::PolicyUnsatisfied { missing } => self.unsatisfied(&missing),
                _ => Error::Undecipherable,
            })
    }
}

/// The stores that should hold a record, in the order in which they are asked.
pub(crate) fn stores_of<'a>(
    person: &'a Person,
    record: &'a RecordState,
) -> impl Iterator<Item = &'a Store> {
    let inner = &person.consortium.inner;
    record.stores.iter().filter_map(|id| inner.stores.get(id))
}

/// The first copy of an object that fits what the chain says. Copies are looked at on a blocking
/// thread; one of more than `limit` bytes is not fetched.
async fn first_fitting<T: Send + 'static>(
    person: &Person,
    record: &RecordState,
    part: Part,
    limit: u64,
    fits: impl Fn(Bytes) -> Option<T> + Send + Sync + 'static,
) -> Result<T> {
    let name = PayloadName::of(record).object(part);
    let fits = Arc::new(fits);
    let mut failure = None;
    for store in stores_of(person, record) {
        match store.read_whole(name, limit).await {
            Ok(Some(bytes)) => {
                let fits = Arc::clone(&fits);
                match blocking(move || fits(bytes)).await? {
                    Some(value) => return Ok(value),
                    None => tracing::warn!(object = part.name(), "a store holds an altered object"),
                }
            }
            Ok(None) => tracing::warn!(
                object = part.name(),
                "a store lacks an object, or has a longer one"
            ),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or(Error::ObjectUnavailable {
        object: part.name(),
    }))
}

/// Opens a record's descriptor by attributes alone.
pub(crate) async fn describe(person: &Person, record: Record) -> Result<Descriptor> {
    let located = Located::fetch(person, record).await?;
    let key = located.key_of(person).await?;
    let expected = located.record.descriptor;
    let descriptor = first_fitting(
        person,
        &located.record,
        Part::Descriptor,
        MAX_SMALL_OBJECT,
        move |bytes| {
            let descriptor = SealedDescriptor::from_wire(&bytes).ok()?;
            (Some(descriptor.digest()) == expected).then_some(descriptor)
        },
    );
    let descriptor = descriptor.await?;
    let person = person.clone();
    let work = move || {
        let secret = located.decapsulate(&person, &key)?;
        let message = descriptor
            .open(&secret, &located.record.preamble)
            .map_err(|_| Error::Undecipherable)?;
        Descriptor::from_wire(&message).map_err(Error::from)
    };
    blocking(work).await?
}
