//! Why an organisation has its role and credit, derived from the ledger.

use medshare_consensus::credit::CreditEvent;
use medshare_consensus::{ChainRecord, Mode};
use medshare_ledger::{LedgerStore, StoreError};
use medshare_types::{Genesis, Height, Outcome, ReplicaId};

use crate::executor::facts_of;

/// Changes that one answer holds: the newest.
const MOST_EVENTS: usize = 4_096;

/// The changes of an organisation, in order. Cost: reads every header, its attestations and receipts.
pub(crate) fn explain(
    ledger: &LedgerStore,
    genesis: &Genesis,
    replica: ReplicaId,
) -> Result<Vec<CreditEvent>, StoreError> {
    let Ok(mut record) = ChainRecord::genesis(genesis, Mode::Credit) else {
        return Ok(Vec::new());
    };
    let mut events = Vec::new();
    for height in (1..=ledger.height()?.0).map(Height) {
        let header = ledger.certified_header(height)?.header;
        let attestations = ledger.attestations(height)?;
        let mut facts = Vec::new();
        for receipt in ledger.receipts(height)? {
            if let Outcome::Applied(applied) = &receipt.outcome {
                facts.extend(applied.iter().flat_map(|event| facts_of(event, &record)));
            }
        }
        let changed = record.follow(&header, &attestations, &facts);
        events.extend(changed.into_iter().filter(|event| event.seat() == replica));
    }
    let surplus = events.len().saturating_sub(MOST_EVENTS);
    events.drain(..surplus);
    Ok(events)
}
