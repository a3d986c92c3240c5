//! A ledger file without a machine.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medshare_ledger::Medium;

use crate::disk::LedgerImage;

/// A file in memory that no power cut reaches: a ledger that is being made, or is read after a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch(Arc<Mutex<LedgerImage>>);

impl Scratch {
    pub(crate) fn of(image: &LedgerImage) -> Self {
        Self(Arc::new(Mutex::new(image.clone())))
    }

    fn lock(&self) -> MutexGuard<'_, LedgerImage> {
        let locked = self.0.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_image(self) -> LedgerImage {
        let mut image = self.lock().clone();
        image.sync();
        image
    }
}

impl Medium for Scratch {
    fn length(&self) -> io::Result<u64> {
        Ok(self.lock().length() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.lock().read(offset, out)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.lock().set_length(length)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.lock().write(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.lock().sync();
        Ok(())
    }
}
