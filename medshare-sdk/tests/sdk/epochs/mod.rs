//! Consortia whose committee changes with short epochs.

mod lies;
mod whole;

use crate::support::{CHEAP, Fixture, in_folder};
use medshare_ledger::{CertifiedHeader, RpcRequest, RpcResponse};
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{Consortium, ReplicaId};
use medshare_types::genesis::ChainParameters;
use medshare_types::{Epoch, Wire as _};

/// Epochs of so many heights: a founding and a few calls fit into the first.
const HEIGHTS: u64 = 50;

fn parameters() -> ChainParameters {
    ChainParameters {
        epoch_min_ms: 0,
        epoch_min_heights: HEIGHTS,
        ..ChainParameters::default()
    }
}

impl Fixture {
    async fn with_short_epochs() -> Self {
        let builder = LocalBuilder::new(4).with_passphrase_cost(CHEAP);
        Self::found(builder.with_parameters(parameters())).await
    }

    async fn with_short_epochs_in(folder: &std::path::Path) -> Self {
        Self::found(in_folder(folder).with_parameters(parameters())).await
    }

    async fn epoch(&self) -> Epoch {
        tip(&self.consortium, ReplicaId(0)).await.header.epoch
    }

    /// Orders calls until the epoch has begun.
    async fn pass_into(&self, epoch: u64) {
        while self.epoch().await < Epoch(epoch) {
            self.seal(b"to pass the time").await;
        }
    }
}

/// A member's newest header, as it says.
async fn tip(consortium: &Consortium, member: ReplicaId) -> CertifiedHeader {
    let request = RpcRequest::Tip.to_wire();
    let answer = consortium.parts().client.exchange(member, request).await;
    match RpcResponse::from_wire(&answer.unwrap()).unwrap() {
        RpcResponse::Tip(tip) => *tip,
        other => panic!("{other:?}"),
    }
}
