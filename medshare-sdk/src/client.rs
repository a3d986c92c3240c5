//! The seam between an application and its consortium: encoded bytes to one member and back.

use medshare_types::ReplicaId;
use medshare_types::keystore::BoxFuture;

pub use medshare_ledger::{RpcRequest, RpcResponse};

/// A member could not be reached, or hung up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("member {member} could not be reached")]
pub struct Unreachable {
    /// The seat of the member.
    pub member: ReplicaId,
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
    /// The answer may take as long as the member lets a request wait (half a minute); the caller
    /// bounds it. Dropping the future drops the request, or its answer.
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, Unreachable>>;
}
