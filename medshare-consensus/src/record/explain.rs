//! The events of one member on a chain.

use medshare_types::attestation::Attestation;
use medshare_types::header::BlockHeader;
use medshare_types::id::ReplicaId;

use super::{ChainFact, ChainRecord};
use crate::credit::CreditEvent;

/// Every event of a member on a chain, in order: each lost turn and each epoch, with its credit before
/// and after. `record` is that before the first block, `blocks` are the headers, attestations and facts
/// from height 1 on.
///
/// Cost: as [`ChainRecord::follow`] a block.
#[must_use]
pub fn explain(
    member: ReplicaId,
    mut record: ChainRecord,
    blocks: impl IntoIterator<Item = (BlockHeader, Vec<Attestation>, Vec<ChainFact>)>,
) -> Vec<CreditEvent> {
    let mut events = Vec::new();
    for (header, attestations, facts) in blocks {
        let changed = record.follow(&header, &attestations, &facts);
        events.extend(changed.into_iter().filter(|event| event.seat() == member));
    }
    events
}
