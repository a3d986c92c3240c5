//! The ledgers at the end of a run.

use std::collections::BTreeSet;

use medshare_contract::genesis_state;
use medshare_ledger::{LedgerStore, StoreError};
use medshare_types::{Digest, Genesis, Height, ReplicaId};

use super::Invariants;
use crate::disk::LedgerImage;
use crate::report::Property;
use crate::scratch::Scratch;

/// Whether a ledger has this block.
pub(super) fn has_block(
    image: &LedgerImage,
    genesis: &Genesis,
    height: Height,
    digest: &Digest,
) -> bool {
    let state = genesis_state(genesis).unwrap_or_default();
    let ledger = LedgerStore::open_on(Scratch::of(image), genesis, &state);
    let certified = ledger.and_then(|ledger| ledger.certified_header(height));
    certified.is_ok_and(|certified| certified.header.digest() == *digest)
}

impl Invariants {
    /// Checks each ledger from its genesis and against the others, the receipts and the admissions
    /// of lives that lasted. Returns the height that all have.
    pub(crate) fn ledgers(
        &mut self,
        ledgers: &[(usize, ReplicaId, &LedgerImage)],
        lasted: &BTreeSet<(usize, u32)>,
    ) -> u64 {
        let mut common = u64::MAX;
        for (host, seat, image) in ledgers {
            match self.ledger(*seat, image, (*host, lasted)) {
                Ok(height) => common = common.min(height.0),
                Err(error) => {
                    self.broken(Property::SoundLedger, format!("member {seat}: {error}"));
                    return 0;
                }
            }
        }
        common
    }

    fn ledger(
        &mut self,
        seat: ReplicaId,
        image: &LedgerImage,
        (host, lasted): (usize, &BTreeSet<(usize, u32)>),
    ) -> Result<Height, StoreError> {
        let state = genesis_state(&self.genesis).unwrap_or_default();
        let ledger = LedgerStore::open_on(Scratch::of(image), &self.genesis, &state)?;
        let tip = ledger.verify_from_genesis()?;
        let boundaries = ledger.boundaries(self.light.epoch(), usize::MAX)?;
        self.follow(seat, &boundaries);
        let mut seen = BTreeSet::new();
        for height in (1..=tip.0).map(Height) {
            let by = format!("the ledger of {seat}");
            self.certified(&by, &ledger.certified_header(height)?);
            self.equal_roots(seat, height, ledger.roots(height)?.state);
            for receipt in ledger.receipts(height)? {
                if !seen.insert(receipt.transaction) {
                    let what = format!("{} in the ledger of {seat}", receipt.transaction);
                    self.broken(Property::OrderedOnce, what);
                }
            }
        }
        self.receipts_stay(seat, &ledger, tip)?;
        for admitted in self.admitted.clone() {
            let life = (admitted.host, admitted.life);
            let ordered = ledger.transaction_height(&admitted.id)?.is_some();
            if admitted.host == host && lasted.contains(&life) && !ordered {
                let what = format!("{} at member {seat}", admitted.id);
                self.broken(Property::AdmittedOrdered, what);
            }
        }
        Ok(tip)
    }

    fn equal_roots(&mut self, seat: ReplicaId, height: Height, state: Digest) {
        let first = *self.roots.entry(height).or_insert(state);
        if first != state {
            let what = format!("member {seat} at {height}: {state}, others {first}");
            self.broken(Property::EqualRoots, what);
        }
    }

    /// Every receipt that a client was given is in the ledger, as it was.
    fn receipts_stay(
        &mut self,
        seat: ReplicaId,
        ledger: &LedgerStore,
        tip: Height,
    ) -> Result<(), StoreError> {
        for (id, (height, index, outcome)) in self.receipts.clone() {
            if height > tip {
                continue;
            }
            let receipts = ledger.receipts(height)?;
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            let kept = receipts.get(index);
            if !kept.is_some_and(|kept| kept.transaction == id && kept.outcome == outcome) {
                let what = format!("{id} at {height} in the ledger of {seat}: {kept:?}");
                self.broken(Property::ReceiptStays, what);
            }
        }
        Ok(())
    }
}
