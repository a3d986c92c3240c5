//! The seam between an application and its consortium: encoded bytes to one member and back.

use std::sync::Arc;

use medshare_types::ReplicaId;
use medshare_types::keystore::BoxFuture;

use crate::damage::Damage;

pub use medshare_ledger::{RpcRequest, RpcResponse};

/// A member gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The member gave no answer, for example because it hung up. It is asked again, and may have
    /// handled the request: a transaction that all members failed in this way is `timed_out`, with
    /// its identifier, for it may be ordered yet.
    #[error("member {member} could not be reached")]
    Unreachable {
        /// The seat of the member.
        member: ReplicaId,
    },
    /// The member was stopped, and cannot be reached by this client any more.
    #[error("it was stopped")]
    Stopped {
        /// The seat of the member.
        member: ReplicaId,
    },
    /// The member failed and ended, and cannot be reached by this client any more.
    #[error("it ended: {source}")]
    Ended {
        /// The seat of the member.
        member: ReplicaId,
        /// The failure that it ended with.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The member did not start, or ended: one of its files is damaged. Where it is rebuilt, it answers
    /// again.
    #[error("it does not run: {damage}")]
    Damaged {
        /// The seat of the member.
        member: ReplicaId,
        /// The file, and the way back.
        damage: Box<Damage>,
        /// What was found.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// There was no connection to the member, which got no byte of the request. It is asked again. A
    /// call that no member got is `unreachable`: nothing came of it.
    #[error("there is no connection to member {member}")]
    NoConnection {
        /// The seat of the member.
        member: ReplicaId,
    },
}

impl ExchangeError {
    #[cfg(feature = "in-process")]
    pub(crate) fn damaged(member: ReplicaId, damage: Damage) -> Self {
        Self::Damaged {
            member,
            source: Arc::clone(&damage.source),
            damage: Box::new(damage),
        }
    }

    #[cfg(feature = "in-process")]
    pub(crate) fn into_damage(self) -> Option<Damage> {
        match self {
            Self::Damaged { damage, .. } => Some(*damage),
            _ => None,
        }
    }

    /// Whether the member does not come back by itself while this client lives. Calls that need it then fail
    /// at once, and not at their deadline.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Stopped { .. } | Self::Ended { .. } | Self::Damaged { .. }
        )
    }
}

/// Carries an application's requests to the members of its consortium.
///
/// A request is an encoded [`RpcRequest`], an answer an encoded [`RpcResponse`]: submit a
/// transaction, ask for its receipt, read the state with a proof, follow the newest header, ask for
/// a release share. The SDK decodes answers strictly and verifies them against the trust anchor, so
/// an implementation carries bytes and decides nothing: in this process, over a network, or through
/// a proxy.
pub trait ConsortiumClient: Send + Sync {
    /// Sends `request` to a member and returns its answer.
    ///
    /// A member may delay an answer by [`RpcRequest::LONGEST_DELAY_MS`]; the caller bounds the rest
    /// and sends a bounded number of requests at the same time. Dropping the future drops the
    /// request, or its answer.
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>>;
}
