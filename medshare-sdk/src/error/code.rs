//! The stable code of each error, whether it may pass, and whose fault it is.

use medshare_types::Denial;

use super::Error;

impl Error {
    /// A stable code for programs.
    ///
    /// | code | variant |
    /// |---|---|
    /// | `policy_unsatisfied` | [`PolicyUnsatisfied`](Self::PolicyUnsatisfied) |
    /// | `withheld_from_subject` | [`WithheldFromSubject`](Self::WithheldFromSubject) |
    /// | `key_lapsed` | [`KeyLapsed`](Self::KeyLapsed) |
    /// | `issuance_refused` | [`IssuanceRefused`](Self::IssuanceRefused) |
    /// | `bad_attribute_key` | [`BadAttributeKey`](Self::BadAttributeKey) |
    /// | `clock_behind` | [`ClockBehind`](Self::ClockBehind) |
    /// | `invalid_attribute` | [`InvalidAttribute`](Self::InvalidAttribute) |
    /// | `invalid_person_name` | [`InvalidPersonName`](Self::InvalidPersonName) |
    /// | `invalid_policy` | [`InvalidPolicy`](Self::InvalidPolicy) |
    /// | `invalid_contact` | [`InvalidContact`](Self::InvalidContact) |
    /// | `segment_mismatch` | [`SegmentMismatch`](Self::SegmentMismatch) |
    /// | `object_truncated` | [`ObjectTruncated`](Self::ObjectTruncated) |
    /// | `object_extended` | [`ObjectExtended`](Self::ObjectExtended) |
    /// | `object_unavailable` | [`ObjectUnavailable`](Self::ObjectUnavailable) |
    /// | `insufficient_shares` | [`InsufficientShares`](Self::InsufficientShares) |
    /// | `ticket_expired` | [`TicketExpired`](Self::TicketExpired) |
    /// | `undecipherable` | [`Undecipherable`](Self::Undecipherable) |
    /// | `unreachable` | [`Unreachable`](Self::Unreachable) |
    /// | `stopped` | [`Stopped`](Self::Stopped) |
    /// | `busy` | [`Busy`](Self::Busy) |
    /// | `timed_out` | [`TimedOut`](Self::TimedOut) |
    /// | `invalid_proof` | [`InvalidProof`](Self::InvalidProof) |
    /// | `unknown_height` | [`UnknownHeight`](Self::UnknownHeight) |
    /// | `invalid_answer` | [`InvalidAnswer`](Self::InvalidAnswer) |
    /// | `invalid_genesis` | [`InvalidGenesis`](Self::InvalidGenesis) |
    /// | `unknown_organisation` | [`UnknownOrganisation`](Self::UnknownOrganisation) |
    /// | `unknown_person` | [`UnknownPerson`](Self::UnknownPerson) |
    /// | `already_enrolled` | [`AlreadyEnrolled`](Self::AlreadyEnrolled) |
    /// | `enrolment_conflict` | [`EnrolmentConflict`](Self::EnrolmentConflict) |
    /// | `descriptor_too_long` | [`DescriptorTooLong`](Self::DescriptorTooLong) |
    /// | `content_too_long` | [`ContentTooLong`](Self::ContentTooLong) |
    /// | `out_of_memory` | [`OutOfMemory`](Self::OutOfMemory) |
    /// | `missing_subject` | [`MissingSubject`](Self::MissingSubject) |
    /// | `invalid_times` | [`InvalidTimes`](Self::InvalidTimes) |
    /// | `idempotency_conflict` | [`IdempotencyConflict`](Self::IdempotencyConflict) |
    /// | `key_store` | [`KeyStore`](Self::KeyStore) |
    /// | `missing_secret` | [`MissingSecret`](Self::MissingSecret) |
    /// | `damaged` | [`Damaged`](Self::Damaged) |
    /// | `object_store` | [`ObjectStore`](Self::ObjectStore) |
    /// | `missing_store` | [`MissingStore`](Self::MissingStore) |
    /// | `foreign_store` | [`ForeignStore`](Self::ForeignStore) |
    /// | `store_not_connected` | [`StoreNotConnected`](Self::StoreNotConnected) |
    /// | `invalid_copies` | [`InvalidCopies`](Self::InvalidCopies) |
    /// | `too_few_copies` | [`TooFewCopies`](Self::TooFewCopies) |
    /// | `io` | [`Io`](Self::Io) |
    /// | `disk_full` | [`DiskFull`](Self::DiskFull) |
    /// | `folder_in_use` | [`FolderInUse`](Self::FolderInUse) |
    /// | `missing_trust_anchor` | [`MissingTrustAnchor`](Self::MissingTrustAnchor) |
    /// | `missing_ledgers` | [`MissingLedgers`](Self::MissingLedgers) |
    /// | `missing_key_store` | [`MissingKeyStore`](Self::MissingKeyStore) |
    /// | `foreign_master_key` | [`ForeignMasterKey`](Self::ForeignMasterKey) |
    /// | `invalid_member_name` | [`InvalidMemberName`](Self::InvalidMemberName) |
    /// | `other_members` | [`OtherMembers`](Self::OtherMembers) |
    /// | `invalid_size` | [`InvalidSize`](Self::InvalidSize) |
    /// | `missing_passphrase` | [`MissingPassphrase`](Self::MissingPassphrase) |
    /// | `too_many_damaged` | [`TooManyDamaged`](Self::TooManyDamaged) |
    /// | `copied_logs` | [`CopiedLogs`](Self::CopiedLogs) |
    /// | `member` | [`Member`](Self::Member) |
    /// | `internal` | [`Internal`](Self::Internal) |
    ///
    /// A denial by the contract ([`Denied`](Self::Denied)) has the code of its [`Denial`]:
    /// `not_yet`, `expired`, `revoked`, `uses_exhausted`, `purpose_mismatch`, `unknown_grant`,
    /// `not_grantee`, `unknown_record`, `label_mismatch`, `invalid_session_key`, `not_authorised`,
    /// `unknown_sender`, `duplicate_nonce`, `already_exists`, `invalid`, `gate_key_not_ready`,
    /// `ceremony_stopped`, `undecodable`, `wrong_chain`, `ceremony_incomplete`, `ceremony_over`,
    /// `voting_keys_exhausted`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(denial) => denial.code(),
            Self::PolicyUnsatisfied { .. } => "policy_unsatisfied",
            Self::WithheldFromSubject { .. } => "withheld_from_subject",
            Self::KeyLapsed { .. } => "key_lapsed",
            Self::IssuanceRefused => "issuance_refused",
            Self::BadAttributeKey { .. } => "bad_attribute_key",
            Self::ClockBehind { .. } => "clock_behind",
            Self::InvalidAttribute { .. } => "invalid_attribute",
            Self::InvalidPersonName { .. } => "invalid_person_name",
            Self::InvalidPolicy { .. } => "invalid_policy",
            Self::InvalidContact { .. } => "invalid_contact",
            Self::SegmentMismatch { .. } => "segment_mismatch",
            Self::ObjectTruncated { .. } => "object_truncated",
            Self::ObjectExtended { .. } => "object_extended",
            Self::ObjectUnavailable { .. } => "object_unavailable",
            Self::InsufficientShares { .. } => "insufficient_shares",
            Self::TicketExpired { .. } => "ticket_expired",
            Self::Undecipherable => "undecipherable",
            Self::Unreachable => "unreachable",
            Self::Stopped { .. } => "stopped",
            Self::Busy { .. } => "busy",
            Self::TimedOut { .. } => "timed_out",
            Self::InvalidProof { .. } => "invalid_proof",
            Self::UnknownHeight { .. } => "unknown_height",
            Self::InvalidAnswer { .. } => "invalid_answer",
            Self::InvalidGenesis { .. } => "invalid_genesis",
            Self::UnknownOrganisation { .. } => "unknown_organisation",
            Self::UnknownPerson { .. } => "unknown_person",
            Self::AlreadyEnrolled { .. } => "already_enrolled",
            Self::EnrolmentConflict { .. } => "enrolment_conflict",
            Self::DescriptorTooLong => "descriptor_too_long",
            Self::ContentTooLong { .. } => "content_too_long",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::MissingSubject => "missing_subject",
            Self::InvalidTimes { .. } => "invalid_times",
            Self::IdempotencyConflict { .. } => "idempotency_conflict",
            Self::KeyStore(_) => "key_store",
            Self::MissingSecret { .. } => "missing_secret",
            Self::Damaged { .. } => "damaged",
            Self::ObjectStore { .. } => "object_store",
            Self::MissingStore { .. } => "missing_store",
            Self::ForeignStore { .. } => "foreign_store",
            Self::StoreNotConnected { .. } => "store_not_connected",
            Self::InvalidCopies { .. } => "invalid_copies",
            Self::TooFewCopies { .. } => "too_few_copies",
            Self::Io { .. } => "io",
            Self::DiskFull { .. } => "disk_full",
            Self::FolderInUse { .. } => "folder_in_use",
            Self::MissingTrustAnchor { .. } => "missing_trust_anchor",
            Self::MissingLedgers { .. } => "missing_ledgers",
            Self::MissingKeyStore { .. } => "missing_key_store",
            Self::ForeignMasterKey => "foreign_master_key",
            Self::InvalidMemberName { .. } => "invalid_member_name",
            Self::OtherMembers { .. } => "other_members",
            Self::InvalidSize { .. } => "invalid_size",
            Self::MissingPassphrase => "missing_passphrase",
            Self::TooManyDamaged { .. } => "too_many_damaged",
            Self::CopiedLogs { .. } => "copied_logs",
            Self::Member { .. } => "member",
            Self::Internal { .. } => "internal",
        }
    }

    /// Returns true if the same call may succeed later although the caller changes nothing.
    ///
    /// After [`Self::TimedOut`] the first call may still take effect: sealing again is harmless
    /// under an idempotency key, granting again makes a second grant (the error names the first),
    /// and opening again goes on with the request for a ticket, see [`Open`](crate::Open).
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Busy { .. }
                | Self::FolderInUse { .. }
                | Self::DiskFull { .. }
                | Self::TimedOut { .. }
                | Self::InsufficientShares { .. }
                | Self::ObjectStore { .. }
                | Self::TooFewCopies { .. }
                | Self::Denied(Denial::NotYet { .. } | Denial::GateKeyNotReady)
        )
    }

    /// The names of the organisations that provably broke the protocol: holders of wrong shares.
    /// Silent or refusing holders and failed members are not among them, and of a stopped ceremony
    /// ([`Denial::CeremonyStopped`]) the chain does not tell which of the two parties is at fault.
    #[must_use]
    pub fn culprits(&self) -> &[String] {
        match self {
            Self::InsufficientShares { culprits, .. } => culprits,
            Self::Denied(_)
            | Self::PolicyUnsatisfied { .. }
            | Self::WithheldFromSubject { .. }
            | Self::KeyLapsed { .. }
            | Self::IssuanceRefused
            | Self::BadAttributeKey { .. }
            | Self::ClockBehind { .. }
            | Self::InvalidAttribute { .. }
            | Self::InvalidPersonName { .. }
            | Self::InvalidPolicy { .. }
            | Self::InvalidContact { .. }
            | Self::SegmentMismatch { .. }
            | Self::ObjectTruncated { .. }
            | Self::ObjectExtended { .. }
            | Self::ObjectUnavailable { .. }
            | Self::TicketExpired { .. }
            | Self::Undecipherable
            | Self::Unreachable
            | Self::Stopped { .. }
            | Self::Busy { .. }
            | Self::TimedOut { .. }
            | Self::InvalidProof { .. }
            | Self::UnknownHeight { .. }
            | Self::InvalidAnswer { .. }
            | Self::InvalidGenesis { .. }
            | Self::UnknownOrganisation { .. }
            | Self::UnknownPerson { .. }
            | Self::AlreadyEnrolled { .. }
            | Self::EnrolmentConflict { .. }
            | Self::DescriptorTooLong
            | Self::ContentTooLong { .. }
            | Self::OutOfMemory { .. }
            | Self::MissingSubject
            | Self::InvalidTimes { .. }
            | Self::IdempotencyConflict { .. }
            | Self::KeyStore(_)
            | Self::MissingSecret { .. }
            | Self::Damaged { .. }
            | Self::ObjectStore { .. }
            | Self::MissingStore { .. }
            | Self::ForeignStore { .. }
            | Self::StoreNotConnected { .. }
            | Self::InvalidCopies { .. }
            | Self::TooFewCopies { .. }
            | Self::Io { .. }
            | Self::DiskFull { .. }
            | Self::FolderInUse { .. }
            | Self::MissingTrustAnchor { .. }
            | Self::MissingLedgers { .. }
            | Self::MissingKeyStore { .. }
            | Self::ForeignMasterKey
            | Self::InvalidMemberName { .. }
            | Self::OtherMembers { .. }
            | Self::InvalidSize { .. }
            | Self::MissingPassphrase
            | Self::TooManyDamaged { .. }
            | Self::CopiedLogs { .. }
            | Self::Member { .. }
            | Self::Internal { .. } => &[],
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use std::collections::BTreeSet;

    const SOURCE: &str = include_str!("code.rs");

    /// The text between two marks of this file.
    fn between(start: &str, end: &str) -> &'static str {
        let (_, rest) = SOURCE.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    }

    /// The codes are listed in the documentation, differ from each other, and every variant has
    /// one.
    #[test]
    fn every_code_is_documented_and_unique() {
        let arms = between("pub fn code(&self) -> &'static str {", "\n    }\n");
        let codes: Vec<&str> = arms.split('"').skip(1).step_by(2).collect();
        let unique: BTreeSet<_> = codes.iter().copied().collect();
        assert_eq!(unique.len(), codes.len());

        let table = between("/// | code | variant |", "/// A denial by the contract");
        let documented: Vec<&str> = table.split('`').skip(1).step_by(4).collect();
        assert_eq!(documented, codes);

        // One for each variant but `Denied`, whose codes are the denial's.
        assert_eq!(arms.matches("Self::").count(), codes.len() + 1);
    }
}
