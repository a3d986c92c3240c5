//! The policy of a record's header: the sealer's, and with it whether the subject reads the record.

use medshare_abe::{AccessPolicy, AttributeSet};
use medshare_types::RecordId;

use crate::error::{Error, Result};
use crate::issuer::subject_attribute;

/// The attribute keys that open a record, as its access header says, which the chain names by its
/// digest. The gate demands a grant as well, of the subject too.
///
/// Get it by [`Consortium::access_rule`](crate::Consortium::access_rule).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRule {
    policy: AccessPolicy,
    readable_by_subject: bool,
}

impl AccessRule {
    /// The rule of a header's policy: `<policy> or subject-of:<record>`, or without the latter.
    pub(crate) fn of(header: &AccessPolicy, record: &RecordId) -> Self {
        let subject = AccessPolicy::from(subject_attribute(record));
        let others = header.alternatives().into_iter();
        let others = AccessPolicy::any(others.filter(|operand| *operand != subject));
        let key: AttributeSet = [subject_attribute(record)].into_iter().collect();
        Self {
            // A header for the subject alone is a policy too.
            policy: others.unwrap_or(subject),
            readable_by_subject: header.is_satisfied_by(&key),
        }
    }

    /// The policy for readers other than the subject.
    #[must_use]
    pub const fn policy(&self) -> &AccessPolicy {
        &self.policy
    }

    /// Returns true if the authority can issue the record's subject a key that opens it.
    #[must_use]
    pub const fn is_readable_by_subject(&self) -> bool {
        self.readable_by_subject
    }
}

/// The policy of a header that the record's subject satisfies as well. One row longer.
///
/// # Errors
/// [`Error::InvalidPolicy`] for a policy at its limits.
pub(crate) fn with_subject(policy: &AccessPolicy, record: &RecordId) -> Result<AccessPolicy> {
    let subject = AccessPolicy::from(subject_attribute(record));
    AccessPolicy::any([policy.clone(), subject]).map_err(|source| Error::InvalidPolicy {
        policy: policy.to_string(),
        source: Box::new(source),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use medshare_types::Digest;

    fn record(byte: u8) -> RecordId {
        RecordId::from_digest(Digest::from_bytes([byte; 32]))
    }

    #[test]
    fn a_header_gives_back_the_policy_and_the_choice() {
        for text in [
            "a",
            "a and b",
            "a or b",
            "2 of (a, b, c)",
            "(a or b) and n >= 3",
            "a or (b and (c or d))",
        ] {
            let policy: AccessPolicy = text.parse().unwrap();
            let header = with_subject(&policy, &record(1)).unwrap();
            let rule = AccessRule::of(&header, &record(1));
            assert_eq!(*rule.policy(), policy, "{text}");
            assert!(rule.is_readable_by_subject());

            let withheld = AccessRule::of(&policy, &record(1));
            assert_eq!(*withheld.policy(), policy, "{text}");
            assert!(!withheld.is_readable_by_subject());
            let other = AccessRule::of(&header, &record(2));
            assert!(!other.is_readable_by_subject(), "of another record");
        }
    }

    #[test]
    fn a_header_for_the_subject_alone_has_a_policy() {
        let header = AccessPolicy::from(subject_attribute(&record(1)));
        let rule = AccessRule::of(&header, &record(1));
        assert_eq!(*rule.policy(), header);
        assert!(rule.is_readable_by_subject());
    }
}
