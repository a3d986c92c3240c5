//! The disk of a simulated machine, and what a power cut leaves of it.
//!
//! A log keeps any first part of what was not synced, that part with zeros behind it, or all of it but
//! for some sectors, which are zeros. A ledger keeps some of the writes since its last sync, and of
//! some of these only the first sectors.

use std::io;

use medshare_host::files::FileMark;
use medshare_testkit::SimRng;

/// Writes of a disk are whole up to a multiple of it, bytes.
const SECTOR: usize = 512;

/// Files of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) log: Option<LogImage>,
    pub(crate) ledger: Option<LedgerImage>,
    files: u64,
}

/// The file of a log.
#[derive(Clone, Debug)]
pub(crate) struct LogImage {
    pub(crate) mark: FileMark,
    pub(crate) durable: Vec<u8>,
    /// Visible to readers, and not durable.
    pending: Vec<u8>,
    /// A sync failed: what was pending counts as written, and is not.
    clean: bool,
}

/// The file of a ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerImage {
    durable: Vec<u8>,
    live: Vec<u8>,
    pending: Vec<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl Disk {
    /// What no other file of this disk has, nor had.
    pub(crate) fn new_mark(&mut self) -> FileMark {
        self.files += 1;
        FileMark {
            inode: self.files,
            born_ns: 1_000 + self.files,
        }
    }

    /// Puts a whole, durable log in the place of the one that is there.
    pub(crate) fn replace_log(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) {
        let mark = self.new_mark();
        self.log = Some(LogImage {
            mark,
            durable: bytes(mark),
            pending: Vec::new(),
            clean: false,
        });
    }

    /// Makes another file of the log, of the same bytes: a copy that was put there.
    pub(crate) fn copy_log(&mut self) {
        if let Some(log) = self.log.take() {
            self.replace_log(&|_| log.visible());
        }
    }

    /// The files as a backup reads them, all at one moment.
    pub(crate) fn backup(&self) -> Self {
        let mut backup = self.clone();
        if let Some(log) = &mut backup.log {
            log.durable.append(&mut log.pending);
        }
        if let Some(ledger) = &mut backup.ledger {
            ledger.durable.clone_from(&ledger.live);
            ledger.pending.clear();
        }
        backup
    }

    /// Puts the files of a backup in the place of those that are there, as new files.
    pub(crate) fn restore(&mut self, backup: &Self) {
        self.log.clone_from(&backup.log);
        self.copy_log();
        self.ledger.clone_from(&backup.ledger);
    }

    pub(crate) fn lose_power(&mut self, rng: &mut SimRng) {
        if let Some(log) = &mut self.log {
            log.lose_power(rng);
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.lose_power(rng);
        }
    }
}

impl LedgerImage {
    /// What is there for certain after a power cut.
    pub(crate) fn after_power_cut(&self) -> Self {
        Self {
            durable: self.durable.clone(),
            live: self.durable.clone(),
            pending: Vec::new(),
        }
    }
}

impl LogImage {
    /// The bytes that a reader sees.
    pub(crate) fn visible(&self) -> Vec<u8> {
        [&self.durable[..], &self.pending].concat()
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    pub(crate) fn sync(&mut self) {
        if !self.clean {
            self.durable.append(&mut self.pending);
        }
    }

    /// What is pending is never written, although later syncs succeed.
    pub(crate) const fn fail_sync(&mut self) {
        self.clean = true;
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        let mut bytes = self.visible();
        bytes.truncate(length);
        self.durable = bytes;
        self.pending.clear();
    }

    fn lose_power(&mut self, rng: &mut SimRng) {
        let written = self.pending.len();
        let kept = rng.index(written + 1);
        if rng.chance(250) {
            // The disk writes sectors in an order of its own.
            let begin = self.durable.len() + kept;
            let until = (begin / SECTOR + 1 + rng.index(3)) * SECTOR - self.durable.len();
            self.pending[kept..until.min(written)].fill(0);
        } else {
            self.pending.truncate(kept);
            if rng.chance(300) {
                self.pending.resize(written, 0);
            }
        }
        if self.clean {
            self.pending.clear();
        }
        self.durable.append(&mut self.pending);
        self.clean = false;
    }
}

impl LedgerImage {
    pub(crate) const fn length(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = position(offset)?;
        let bytes = self.live.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    pub(crate) fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.write_through(Write::Length(position(length)?));
        Ok(())
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_through(Write::Bytes(position(offset)?, bytes.to_vec()));
        Ok(())
    }

    pub(crate) fn sync(&mut self) {
        for write in self.pending.drain(..) {
            write.apply(&mut self.durable);
        }
    }

    fn write_through(&mut self, write: Write) {
        write.apply(&mut self.live);
        self.pending.push(write);
    }

    fn lose_power(&mut self, rng: &mut SimRng) {
        for write in self.pending.drain(..) {
            match (rng.below(4), write) {
                (0, _) => {}
                (1, Write::Bytes(offset, mut bytes)) => {
                    bytes.truncate(bytes.len() / 2 / SECTOR * SECTOR);
                    Write::Bytes(offset, bytes).apply(&mut self.durable);
                }
                (_, write) => write.apply(&mut self.durable),
            }
        }
        self.live.clone_from(&self.durable);
    }
}

impl Write {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Length(length) => image.resize(*length, 0),
            Self::Bytes(start, bytes) => {
                let end = start + bytes.len();
                image.resize(image.len().max(end), 0);
                image[*start..end].copy_from_slice(bytes);
            }
        }
    }
}

fn position(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_cut_keeps_what_was_synced() {
        let mut ends = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut disk = Disk::default();
            disk.replace_log(&|_| b"head".to_vec());
            let log = disk.log.as_mut().unwrap();
            log.append(b"synced");
            log.sync();
            log.append(b"pending");
            let ledger = disk.ledger.insert(LedgerImage::default());
            ledger.write(0, b"old").unwrap();
            ledger.sync();
            ledger.write(0, b"new").unwrap();
            disk.lose_power(&mut SimRng::new(seed));
            let log = disk.log.unwrap().visible();
            let ledger = disk.ledger.unwrap().live;
            assert!(log.starts_with(b"headsynced"));
            assert!(ledger == b"old" || ledger == b"new");
            ends.insert((log, ledger));
        }
        assert!(ends.len() > 10, "{ends:?}");
    }

    #[test]
    fn what_a_failed_sync_covered_is_lost() {
        let mut disk = Disk::default();
        disk.replace_log(&|_| Vec::new());
        let log = disk.log.as_mut().unwrap();
        log.append(b"x");
        log.fail_sync();
        log.sync();
        assert_eq!(log.visible(), b"x");
        disk.lose_power(&mut SimRng::new(1));
        assert_eq!(disk.log.unwrap().visible(), b"");
    }

    #[test]
    fn a_restored_log_is_another_file() {
        let mut disk = Disk::default();
        disk.replace_log(&|_| b"1".to_vec());
        let mark = disk.log.as_ref().unwrap().mark;
        disk.log.as_mut().unwrap().append(b"2");
        let backup = disk.backup();
        disk.log.as_mut().unwrap().append(b"3");
        disk.restore(&backup);
        let log = disk.log.unwrap();
        assert_eq!(log.durable, b"12");
        assert_ne!(log.mark, mark);
    }
}
