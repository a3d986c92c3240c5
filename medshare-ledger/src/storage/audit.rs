//! Verification of the whole file, from the genesis on.

use std::collections::BTreeMap;

use medshare_types::wire::from_borsh;
use medshare_types::{BlockHeader, Digest, ExecutedRoots, Height};
use redb::{ReadableTable, ReadableTableMetadata};

use super::LedgerStore;
use super::apply::check_receipts;
use super::error::StoreError;
use super::nodes::Nodes;
use super::tables::{
    BOUNDARIES, NAMED, NODES, TRANSACTIONS, VALUES, corrupt, failed, locate, open, undecodable,
};
use crate::block::CertifiedHeader;
use crate::light::Term;
use crate::list::receipts_root;
use crate::state::state_root;

impl LedgerStore {
    /// Replays the stored chain and returns the height it holds up to.
    ///
    /// Checks that every header is certified by the committee of its epoch, follows its parent, matches
    /// its transactions and names the stored roots; that the boundaries are those of the headers; that
    /// every receipt belongs to its transaction and is under its block's
    /// receipts root; that the index finds every transaction; and that the newest values make the
    /// state root of the newest block, through exactly the stored nodes. It does not execute
    /// transactions again, nor check nodes that only older versions of the state use. Cost: one batch
    /// of signatures a block, every node once; memory for the newest state.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first height that does not hold.
    pub fn verify_from_genesis(&self) -> Result<Height, StoreError> {
        let tip = self.height()?;
        let genesis = self.roots(Height(0))?;
        if genesis.height != Height(0) || genesis.receipts != receipts_root(&[]) {
            return Err(corrupt("the genesis roots are not those of a genesis"));
        }
        let mut parent = None;
        let mut term = self.genesis.clone();
        for height in (1..=tip.0).map(Height) {
            let checked = self.verify_height(height, parent.as_ref(), &term);
            let (header, next) = checked.map_err(|error| at_height(height, error))?;
            parent = Some(header);
            term = next.unwrap_or(term);
        }
        let stored = open(&self.read()?, BOUNDARIES)?.len().map_err(failed)?;
        if stored != term.epoch().0 {
            return Err(corrupt(format!(
                "{stored} boundaries of {} epochs",
                term.epoch()
            )));
        }
        self.verify_state_at(tip)
            .map_err(|error| at_height(tip, error))?;
        Ok(tip)
    }

    fn verify_state_at(&self, tip: Height) -> Result<(), StoreError> {
        let root = self.roots(tip)?.state;
        let read = self.read()?;
        let nodes = open(&read, NODES)?;
        let values = open(&read, VALUES)?;
        let content = newest_values(&values)?;
        if state_root(&content) != root {
            return Err(corrupt("the state has another root"));
        }
        Nodes::new(&nodes, &values).audit(tip.0, &root, &content)
    }

    fn verify_height(
        &self,
        height: Height,
        parent: Option<&BlockHeader>,
        term: &Term,
    ) -> Result<(BlockHeader, Option<Term>), StoreError> {
        let certified = self.certified_header(height)?;
        term.verify(self.chain(), &certified)?;
        let next = self.verify_boundary(&certified, term)?;
        let block = self.block(height)?;
        block.check_follows(self.chain(), parent)?;

        let named = &block.header.executed;
        if self.roots(named.height)? != *named {
            let height = named.height;
            return Err(StoreError::RootsMismatch { height });
        }
        let read = self.read()?;
        let naming = open(&read, NAMED)?.get(named.height.0).map_err(failed)?;
        if naming.is_none_or(|naming| naming.value() > height.0) {
            return Err(corrupt("its executed height is not indexed"));
        }

        let receipts = self.receipts(height)?;
        check_receipts(&block, &receipts)?;
        let ExecutedRoots {
            height: executed,
            receipts: root,
            ..
        } = self.roots(height)?;
        if executed != height || root != receipts_root(&receipts) {
            return Err(corrupt("its receipts have another root"));
        }
        let indices = open(&read, TRANSACTIONS)?;
        for (index, receipt) in receipts.iter().enumerate() {
            if locate(&indices, &receipt.transaction)?.is_none_or(|found| found > (height, index)) {
                return Err(corrupt("one of its transactions is not indexed"));
            }
        }
        Ok((block.header, next))
    }

    /// The term after a header that ends its own, from the boundary that is stored of it.
    fn verify_boundary(
        &self,
        certified: &CertifiedHeader,
        term: &Term,
    ) -> Result<Option<Term>, StoreError> {
        if certified.header.next_committee == term.committee().digest() {
            return Ok(None);
        }
        let boundary = self.boundary(term.epoch())?;
        let Some(boundary) = boundary.filter(|boundary| boundary.certified == *certified) else {
            return Err(corrupt("it ends its epoch, and its boundary is not stored"));
        };
        Ok(Some(Term::after(&certified.header, &boundary.committee)?))
    }
}

fn newest_values(
    values: &impl ReadableTable<&'static [u8], &'static [u8]>,
) -> Result<BTreeMap<Digest, Vec<u8>>, StoreError> {
    let mut content = BTreeMap::new();
    for entry in values.iter().map_err(failed)? {
        let (key, value) = entry.map_err(failed)?;
        let Some(key) = key.value().first_chunk::<32>() else {
            return Err(corrupt("a state key is too short"));
        };
        let key = Digest::from_bytes(*key);
        // The versions of one key are adjacent, the newest last.
        match from_borsh(value.value()).map_err(undecodable)? {
            Some(value) => content.insert(key, value),
            None => content.remove(&key),
        };
    }
    Ok(content)
}

fn at_height(height: Height, error: StoreError) -> StoreError {
    match error {
        StoreError::Io { .. } | StoreError::Backend { .. } => error,
        error => corrupt(format!("height {height}: {error}")),
    }
}
