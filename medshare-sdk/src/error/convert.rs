//! Errors made of what failed below.

use medshare_abe::{AccessPolicy, Condition};
use medshare_host::TaskError;
use medshare_host::files::is_disk_full;
use medshare_store::StoreError;
use medshare_types::{Genesis, GrantId};

use super::{ContactFault, Error, KeyStoreError, Source, VerifyError};

impl Error {
    /// Names the grant that a transaction which was not ordered in time gives.
    pub(crate) fn with_grant(self) -> Self {
        match self {
            Self::TimedOut {
                what,
                timeout_ms,
                causes,
                transaction,
                ..
            } => Self::TimedOut {
                what,
                timeout_ms,
                causes,
                transaction,
                grant: transaction.as_ref().map(GrantId::of_transaction),
            },
            other => other,
        }
    }

    pub(crate) fn policy_unsatisfied(policy: &AccessPolicy, missing: &[Condition]) -> Self {
        Self::PolicyUnsatisfied {
            policy: policy.to_string(),
            missing: missing.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) const fn invalid_contact(fault: ContactFault) -> Self {
        Self::InvalidContact {
            fault,
            source: None,
        }
    }

    #[cfg(feature = "in-process")]
    pub(crate) fn io(file: impl Into<std::path::PathBuf>, error: std::io::Error) -> Self {
        let file = file.into();
        let at = file.display().to_string();
        Self::of_disk(&at, error, |source| Self::Io {
            file: Some(file),
            source,
        })
    }

    pub(crate) fn invalid_answer(source: impl Into<Source>) -> Self {
        Self::InvalidAnswer {
            source: source.into(),
        }
    }

    pub(crate) fn unknown_organisation<'a>(
        name: impl ToString,
        reason: &'static str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::UnknownOrganisation {
            name: name.to_string(),
            reason,
            known: known.into_iter().map(str::to_owned).collect(),
        }
    }

    /// For a name or an identifier that no member has.
    pub(crate) fn no_member(name: impl ToString, genesis: &Genesis) -> Self {
        let members = genesis.members.iter().map(|member| member.name.as_str());
        Self::unknown_organisation(name, "the members are", members)
    }

    pub(crate) fn invalid_genesis(source: impl Into<Source>) -> Self {
        Self::InvalidGenesis {
            source: source.into(),
        }
    }

    pub(crate) fn out_of_memory(bytes: u64, source: impl Into<Source>) -> Self {
        Self::OutOfMemory {
            bytes,
            source: source.into(),
        }
    }

    pub(crate) fn internal(source: impl Into<Source>) -> Self {
        Self::Internal {
            source: source.into(),
        }
    }

    /// Turns a failure for want of room into [`Error::DiskFull`], and any other by `otherwise`.
    pub(crate) fn of_disk<E>(at: &str, source: E, otherwise: impl FnOnce(E) -> Self) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        if is_disk_full(&source) {
            Self::DiskFull {
                at: at.to_owned(),
                source: Box::new(source),
            }
        } else {
            otherwise(source)
        }
    }
}

/// Of an answer; a receipt is named by its own check.
impl From<VerifyError> for Error {
    fn from(source: VerifyError) -> Self {
        Self::InvalidProof {
            what: "a member's answer",
            source,
        }
    }
}

/// Of content or a writer, whose name the error has if it is a file.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::of_disk("this process", error, |source| Self::Io {
            file: None,
            source,
        })
    }
}

impl From<KeyStoreError> for Error {
    fn from(error: KeyStoreError) -> Self {
        Self::of_disk("the key store", error, Self::KeyStore)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed {
                organisation,
                source,
            } => Self::ObjectStore {
                organisation,
                source,
            },
            StoreError::DiskFull {
                organisation,
                source,
            } => Self::DiskFull {
                at: format!("the object store of {organisation}"),
                source,
            },
            StoreError::Missing { organisation } => Self::MissingStore { organisation },
            StoreError::Foreign { organisation } => Self::ForeignStore { organisation },
            StoreError::TooFewCopies {
                wanted,
                needed,
                got,
                stores,
            } => Self::TooFewCopies {
                wanted,
                needed,
                got,
                stores: stores.into_iter().map(Self::from).collect(),
            },
            StoreError::InvalidCopies {
                wanted,
                needed,
                stores,
            } => Self::InvalidCopies {
                wanted,
                needed,
                stores,
            },
            StoreError::ContentTooLong { limit } => Self::ContentTooLong { limit },
            StoreError::SegmentMismatch { index } => Self::SegmentMismatch { index },
            StoreError::Task { source } => source.into(),
            other => Self::internal(other),
        }
    }
}

impl From<TaskError> for Error {
    fn from(error: TaskError) -> Self {
        Self::internal(error)
    }
}
