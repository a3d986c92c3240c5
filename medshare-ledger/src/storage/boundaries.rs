//! The ends of epochs.

use std::sync::PoisonError;

use medshare_types::wire::from_borsh;
use medshare_types::{Committee, Epoch};

use super::LedgerStore;
use super::error::StoreError;
use super::tables::{BOUNDARIES, corrupt, failed, last, load, open, undecodable};
use crate::light::{Boundary, Term};

/// Bytes of boundaries that one read returns, unless the first alone is longer.
const MOST_BYTES: usize = 1 << 20;

impl LedgerStore {
    /// The newest epoch whose committee is known: that of the next block.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        let current = self.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).epoch()
    }

    /// The boundary that ends an epoch; `None` for one that has not ended.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn boundary(&self, epoch: Epoch) -> Result<Option<Boundary>, StoreError> {
        load(&open(&self.read()?, BOUNDARIES)?, epoch.0)
    }

    /// The committee of an epoch up to that of the next block; `None` for a later one.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn committee(&self, epoch: Epoch) -> Result<Option<Committee>, StoreError> {
        let Some(before) = epoch.0.checked_sub(1) else {
            return Ok(Some(self.genesis.committee().clone()));
        };
        let boundary = self.boundary(Epoch(before))?;
        Ok(boundary.map(|boundary| boundary.committee))
    }

    /// The boundaries that end `from` and the epochs after, at most `count`, and at most 1 MiB of them
    /// unless the first alone is longer.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn boundaries(&self, from: Epoch, count: usize) -> Result<Vec<Boundary>, StoreError> {
        let table = open(&self.read()?, BOUNDARIES)?;
        let mut boundaries = Vec::new();
        let mut bytes = 0;
        for entry in table.range(from.0..).map_err(failed)?.take(count) {
            let (_, value) = entry.map_err(failed)?;
            bytes += value.value().len();
            if bytes > MOST_BYTES && !boundaries.is_empty() {
                break;
            }
            boundaries.push(from_borsh(value.value()).map_err(undecodable)?);
        }
        Ok(boundaries)
    }

    /// The epoch after the newest boundary, as the file has it.
    pub(super) fn newest_term(&self) -> Result<Term, StoreError> {
        let newest: Option<Boundary> = last(&open(&self.read()?, BOUNDARIES)?)?;
        Ok(match newest {
            Some(Boundary {
                certified,
                committee,
            }) => Term::after(&certified.header, &committee)
                .map_err(|error| corrupt(format!("its newest boundary: {error}")))?,
            None => self.genesis.clone(),
        })
    }
}
