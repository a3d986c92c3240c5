//! The files of a simulated machine, as the seams of log and ledger.

use std::collections::BTreeMap;
use std::io;
use std::sync::MutexGuard;

use medshare_host::files::FileMark;
use medshare_ledger::{LedgerStore, Medium, StoreError};
use medshare_node::log::Storage;
use medshare_node::volume::Volume;
use medshare_testkit::SimRng;
use medshare_types::{Digest, Genesis, RandomSource as _};

use crate::disk::{Disk, LedgerImage, LogImage};
use crate::report::Point;
use crate::scratch::Scratch;
use crate::world::{Life, State};

/// The files of one life.
pub(crate) struct SimVolume(pub(crate) Life);

struct LogFile(Life);

struct LedgerFile(Life);

impl Volume for SimVolume {
    fn sweep(&self) {}

    fn has_log(&self) -> bool {
        let state = self.0.world.lock();
        state.hosts[self.0.host].disk.log.is_some()
    }

    fn log(&self) -> Box<dyn Storage> {
        Box::new(LogFile(self.0.clone()))
    }

    fn has_ledger(&self) -> bool {
        let state = self.0.world.lock();
        state.hosts[self.0.host].disk.ledger.is_some()
    }

    /// A new ledger is there once it is whole, as in a file system.
    fn open_ledger(
        &self,
        genesis: &Genesis,
        genesis_state: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<LedgerStore, StoreError> {
        if !self.has_ledger() {
            let new = Scratch::default();
            LedgerStore::open_on(new.clone(), genesis, genesis_state)?.close()?;
            let mut state = self.0.at(Point::LedgerSync, |_, _| {}).map_err(failed)?;
            let image = new.into_image();
            state.hosts[self.0.host].disk.ledger = Some(image);
        }
        LedgerStore::open_on(LedgerFile(self.0.clone()), genesis, genesis_state)
    }
}

const fn failed(source: io::Error) -> StoreError {
    StoreError::Io { source }
}

fn disk(state: &mut State, host: usize) -> &mut Disk {
    &mut state.hosts[host].disk
}

fn log(state: &mut State, host: usize) -> io::Result<&mut LogImage> {
    let log = disk(state, host).log.as_mut();
    log.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

impl LogFile {
    /// Acts as a whole or, where the machine fails here, perhaps.
    fn replaced(&self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        let host = self.0.host;
        let mut state = self.0.at(Point::LogReplace, |state, rng| {
            if rng.chance(500) {
                disk(state, host).replace_log(bytes);
            }
        })?;
        if state.is_full(host) {
            return Err(full());
        }
        disk(&mut state, host).replace_log(bytes);
        Ok(())
    }
}

impl Storage for LogFile {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let state = self.0.on()?;
        let log = state.hosts[self.0.host].disk.log.as_ref();
        Ok(log.map(LogImage::visible))
    }

    fn mark(&mut self) -> io::Result<FileMark> {
        let mut state = self.0.on()?;
        log(&mut state, self.0.host).map(|log| log.mark)
    }

    fn create(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        if self.0.on()?.hosts[self.0.host].disk.log.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.replaced(bytes)
    }

    fn replace(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.replaced(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.0.at(Point::LogReplace, |_, _| {})?;
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
        log(&mut state, self.0.host)?.truncate(length);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let host = self.0.host;
        let some = |state: &mut State, rng: &mut SimRng| {
            let written = &bytes[..rng.index(bytes.len() + 1)];
            if let Ok(log) = log(state, host) {
                log.append(written);
            }
        };
        let mut state = self.0.at(Point::LogWrite, some)?;
        if state.is_full(host) {
            let mut rng = SimRng::new(state.rng.next_u64());
            some(&mut state, &mut rng);
            return Err(full());
        }
        log(&mut state, host)?.append(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let host = self.0.host;
        let mut state = self.0.at(Point::LogSync, |state, rng| {
            if let Ok(log) = log(state, host)
                && rng.chance(500)
            {
                log.sync();
            }
        })?;
        if state.is_full(host) {
            log(&mut state, host)?.fail_sync();
            return Err(full());
        }
        log(&mut state, host)?.sync();
        Ok(())
    }

    fn draw_marker(&mut self) -> [u8; 16] {
        let mut state = self.0.world.lock();
        medshare_testkit::fixtures::rng(state.rng.next_u64()).array()
    }
}

impl LedgerFile {
    fn image<'a>(&self, state: &'a mut MutexGuard<'_, State>) -> io::Result<&'a mut LedgerImage> {
        let ledger = state.hosts[self.0.host].disk.ledger.as_mut();
        ledger.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn written(&self, write: impl FnOnce(&mut LedgerImage) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.0.at(Point::LedgerWrite, |_, _| {})?;
        if state.is_full(self.0.host) {
            return Err(full());
        }
        write(self.image(&mut state)?)
    }
}

impl std::fmt::Debug for LedgerFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LedgerFile({})", self.0.host)
    }
}

impl Medium for LedgerFile {
    fn length(&self) -> io::Result<u64> {
        let mut state = self.0.on()?;
        Ok(self.image(&mut state)?.length() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.on()?;
        self.image(&mut state)?.read(offset, out)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.written(|image| image.set_length(length))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.written(|image| image.write(offset, bytes))
    }

    fn sync(&self) -> io::Result<()> {
        let host = self.0.host;
        let mut state = self.0.at(Point::LedgerSync, |state, rng| {
            let ledger = disk(state, host).ledger.as_mut();
            if let Some(ledger) = ledger.filter(|_| rng.chance(500)) {
                ledger.sync();
            }
        })?;
        if state.is_full(host) {
            return Err(full());
        }
        self.image(&mut state)?.sync();
        Ok(())
    }
}
