//! Warnings about a record that is sealed and may never be read.
//!
//! Two sources: the members' names in the genesis, and the people whose enrolments the consortium
//! took from this application since it started. Lists of all people come from a contract that
//! proves them; until then [`KnownPeople`] is where they will be read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use medshare_abe::policy::PolicyNode;
use medshare_abe::{AccessPolicy, AttributeSet};
use medshare_contract::VOUCHER_PREFIX;
use medshare_types::{Genesis, OrganisationId, PersonId};

use crate::issuer::vouched_for;
use crate::record::RecordRef;
use medshare_store::placement::MAX_COPIES;

/// Room for each warning once.
pub(crate) type Warnings = [Option<SealWarning>; 3];

/// A reason why a record may have no reader but its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SealWarning {
    /// The policy demands the word of an organisation that the consortium does not have.
    UnknownVoucher,
    /// This application has enrolled people since it started, and none of them meets the policy.
    /// People that were enrolled earlier or elsewhere may.
    NoKnownReader,
    /// No attributes meet the policy: it contradicts itself, as `n > 5 and n < 3`.
    Contradiction,
}

impl fmt::Display for SealWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownVoucher => {
                "the policy demands the word of an organisation that is not a member; \
                 compare it with the members' names"
            }
            Self::NoKnownReader => {
                "none of the people enrolled by this application meets the policy; \
                 check its spelling, or enrol a reader"
            }
            Self::Contradiction => {
                "the policy contradicts itself, and no attributes meet it; correct its comparisons"
            }
        })
    }
}

/// A record that was just sealed, the stores that have it, and what is doubtful about it. Takes the place of its
/// [`RecordRef`] in every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedRecord {
    record: RecordRef,
    readable_by_subject: bool,
    warnings: Warnings,
    copies: [Option<OrganisationId>; MAX_COPIES],
}

impl SealedRecord {
    pub(crate) fn new(
        record: RecordRef,
        readable_by_subject: bool,
        warnings: Warnings,
        stores: &[OrganisationId],
    ) -> Self {
        let mut stores = stores.iter().copied();
        Self {
            record,
            readable_by_subject,
            warnings,
            copies: std::array::from_fn(|_| stores.next()),
        }
    }

    /// The reference to keep.
    #[must_use]
    pub const fn record(&self) -> RecordRef {
        self.record
    }

    /// The organisations whose stores have the record, each of its objects, as it was registered.
    pub fn copies(&self) -> impl Iterator<Item = OrganisationId> {
        self.copies.into_iter().flatten()
    }

    /// Returns true unless the record was sealed by
    /// [`Seal::withheld_from_subject`](crate::Seal::withheld_from_subject). Of any record,
    /// [`AccessRule`](crate::AccessRule) tells it.
    #[must_use]
    pub const fn is_readable_by_subject(&self) -> bool {
        self.readable_by_subject
    }

    /// Reasons why the record may never be read, but by its subject.
    pub fn warnings(&self) -> impl Iterator<Item = SealWarning> {
        self.warnings.into_iter().flatten()
    }
}

impl std::ops::Deref for SealedRecord {
    type Target = RecordRef;

    fn deref(&self) -> &RecordRef {
        &self.record
    }
}

impl PartialEq<RecordRef> for SealedRecord {
    fn eq(&self, record: &RecordRef) -> bool {
        self.record == *record
    }
}

impl From<SealedRecord> for RecordRef {
    fn from(sealed: SealedRecord) -> Self {
        sealed.record
    }
}

impl fmt::Display for SealedRecord {
    /// As the [`RecordRef`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

/// The attributes of people, with their vouchers, as far as this application knows them.
#[derive(Default)]
pub(crate) struct KnownPeople(Mutex<BTreeMap<PersonId, AttributeSet>>);

impl KnownPeople {
    /// Adds a person's attributes, which include the voucher.
    pub(crate) fn learn(&self, person: PersonId, attributes: AttributeSet) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(person, attributes);
    }

    /// The warnings that a record under this policy deserves, worst first.
    pub(crate) fn warnings(&self, policy: &AccessPolicy, genesis: &Genesis) -> Warnings {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sets = known.values();
        let unread = !known.is_empty() && !sets.any(|set| policy.is_satisfied_by(set));
        let vouchers = genesis
            .members
            .iter()
            .try_fold(AttributeSet::default(), |set, member| {
                vouched_for(&set, &member.name)
            });
        // Names that cannot be vouched for are no reason to suspect a policy.
        let vouched = vouchers.map_or(true, |set| can_be_vouched_for(policy.node(), &set));
        [
            policy
                .is_contradictory()
                .then_some(SealWarning::Contradiction),
            (!vouched).then_some(SealWarning::UnknownVoucher),
            unread.then_some(SealWarning::NoKnownReader),
        ]
    }
}

/// False where every way to meet the policy needs a voucher that is none of the members'.
fn can_be_vouched_for(node: PolicyNode<'_>, vouchers: &AttributeSet) -> bool {
    let can = |node| can_be_vouched_for(node, vouchers);
    match node {
        PolicyNode::Condition(condition) => {
            let mut name = condition.name().into_iter();
            let demands_voucher = name.any(|name| name.as_str().starts_with(VOUCHER_PREFIX));
            !demands_voucher || condition.is_met_by(vouchers)
        }
        PolicyNode::All(mut operands) => operands.all(can),
        PolicyNode::Any(mut operands) => operands.any(can),
        PolicyNode::AtLeast { needed, operands } => {
            operands.filter(|node| can(node.clone())).count() >= needed
        }
    }
}
