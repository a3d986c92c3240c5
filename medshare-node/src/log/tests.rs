use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::format::{FRAME_HEADER_LEN, HEADER_LEN};
use super::*;

fn chain(n: u8) -> ChainId {
    ChainId::from_digest(Digest::from_bytes([n; 32]))
}

fn filled(path: &Path) -> Vec<Frame> {
    let frames: Vec<_> = (1..=3)
        .map(|n| Frame {
            height: Height(n),
            body: vec![n as u8; 10],
        })
        .collect();
    let (mut log, found) = ConsensusLog::open(path, chain(1)).unwrap();
    assert!(found.is_empty());
    for frame in &frames {
        log.append(frame.height, &frame.body);
        log.sync().unwrap();
    }
    frames
}

#[test]
fn synced_records_are_read_back_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let frames = filled(&path);
    let (mut log, found) = ConsensusLog::open(&path, chain(1)).unwrap();
    assert_eq!(found, frames);
    log.append(Height(4), b"lost");
    drop(log);
    assert_eq!(ConsensusLog::open(&path, chain(1)).unwrap().1, frames);
}

#[test]
fn a_tear_at_any_byte_loses_only_the_torn_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let frames = filled(&path);
    let whole = std::fs::read(&path).unwrap();
    let last = whole.len() - FRAME_HEADER_LEN - 10;
    for end in last..whole.len() {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(
            ConsensusLog::open(&path, chain(1)).unwrap().1,
            frames[..2],
            "cut at {end}"
        );
    }
}

#[test]
fn damage_before_the_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    filled(&path);
    let whole = std::fs::read(&path).unwrap();
    for at in HEADER_LEN..HEADER_LEN + FRAME_HEADER_LEN + 10 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = ConsensusLog::open(&path, chain(1)).unwrap_err();
        assert!(
            matches!(
                error,
                NodeError::DamagedLog {
                    offset: HEADER_LEN,
                    ..
                }
            ),
            "{error}"
        );
    }
}

/// The disk writes the sectors of one write in any order.
#[test]
fn a_tear_before_whole_frames_of_the_same_write_is_a_tear() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let frames = filled(&path);
    let synced = std::fs::read(&path).unwrap();
    let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
    for height in 4..=6 {
        log.append(Height(height), &[7; 600]);
    }
    log.sync().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let frame_len = FRAME_HEADER_LEN + 600;
    for begin in (synced.len()..synced.len() + 2 * frame_len).step_by(100) {
        let mut torn = whole.clone();
        torn[begin..begin + 512].fill(0);
        std::fs::write(&path, &torn).unwrap();
        let (_, found) = ConsensusLog::open(&path, chain(1)).unwrap();
        let kept = 3 + (begin - synced.len()) / frame_len;
        assert_eq!(found.len(), kept, "torn at {begin}");
        assert_eq!(found[..3], frames);
    }
    // A later sync tells that they were durable: a new file, or one more record.
    std::fs::write(&path, &whole).unwrap();
    let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
    log.append(Height(7), b"later");
    log.sync().unwrap();
    let whole = std::fs::read(&path).unwrap();
    for begin in (synced.len()..synced.len() + 3 * frame_len).step_by(100) {
        let mut damaged = whole.clone();
        damaged[begin..begin + 20].fill(0);
        std::fs::write(&path, &damaged).unwrap();
        let error = ConsensusLog::open(&path, chain(1)).unwrap_err();
        assert!(matches!(error, NodeError::DamagedLog { .. }), "{error}");
    }
}

#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    filled(&path);
    let error = ConsensusLog::open(&path, chain(2)).unwrap_err();
    assert!(matches!(error, NodeError::ForeignLog { .. }), "{error}");
    std::fs::write(&path, b"something else").unwrap();
    let error = ConsensusLog::open(&path, chain(1)).unwrap_err();
    assert!(matches!(error, NodeError::NotALog { .. }), "{error}");
}

#[test]
fn a_cut_keeps_what_is_above_it_and_appends_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    filled(&path);
    let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
    log.cut(Height(2)).unwrap();
    log.append(Height(4), b"next");
    log.sync().unwrap();
    let (_, found) = ConsensusLog::open(&path, chain(1)).unwrap();
    let heights: Vec<_> = found.iter().map(|frame| frame.height.0).collect();
    assert_eq!(heights, [3, 4]);
}

#[test]
fn a_damaged_header_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    filled(&path);
    let whole = std::fs::read(&path).unwrap();
    for at in 0..HEADER_LEN {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = ConsensusLog::open(&path, chain(1)).unwrap_err();
        assert!(
            matches!(
                error,
                NodeError::NotALog { .. } | NodeError::DamagedLog { offset: 0, .. }
            ),
            "byte {at}: {error}"
        );
    }
}

/// A client puts into a call what would be a whole frame in another log.
#[test]
fn a_tear_behind_an_embedded_frame_is_a_tear() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let other = folder.path().join("other");
    filled(&other);
    let embedded = std::fs::read(&other).unwrap()[HEADER_LEN..].to_vec();
    let frames = filled(&path);
    let whole = std::fs::read(&path).unwrap().len();
    let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
    log.append(Height(4), &[&embedded[..], b"and more"].concat());
    log.sync().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(ConsensusLog::open(&path, chain(1)).unwrap().1, frames);
    let left = std::fs::read(&path).unwrap();
    assert_eq!(left[HEADER_LEN..], bytes[HEADER_LEN..whole]);
}

/// Every fourth byte of the torn body begins what could be a frame of a megabyte.
#[test]
fn a_torn_tail_made_to_be_slow_is_dropped_quickly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let frames = filled(&path);
    let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
    log.append(Height(4), &[0, 0, 16, 0].repeat(1 << 20));
    log.sync().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(ConsensusLog::open(&path, chain(1)).unwrap().1, frames);
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}

/// A medium in memory. Crashing loses what was not synced, but for any number of its first bytes.
#[derive(Clone, Default)]
struct Medium(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    live: Option<Vec<u8>>,
    durable: Option<Vec<u8>>,
    /// Operations that still succeed before one fails.
    until_failure: Option<usize>,
    /// Syncs do nothing until the file is replaced, since its pages count as clean.
    clean: bool,
}

impl Medium {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    fn open(&self) -> Result<(ConsensusLog, Vec<Frame>), NodeError> {
        ConsensusLog::open_on(Box::new(self.clone()), Path::new("log"), chain(1))
    }

    /// The kernel forgets that what is written and not synced is dirty.
    fn clean_pages(&self) {
        self.lock().clean = true;
    }

    fn fail_after(&self, operations: usize) {
        self.lock().until_failure = Some(operations);
    }

    /// Loses all but the first `kept` of the bytes that were not synced; nothing fails any more.
    fn crash(&self, kept: usize) {
        let mut content = self.lock();
        content.until_failure = None;
        let synced = content.durable.as_ref().map_or(0, Vec::len);
        let torn = content.live.take().unwrap_or_default();
        content.live = content.durable.clone();
        if let (Some(live), Some(tail)) = (&mut content.live, torn.get(synced..)) {
            live.extend_from_slice(&tail[..kept.min(tail.len())]);
        }
    }

    /// Carries out an operation, or fails it.
    fn operate<T>(&self, act: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let mut content = self.lock();
        match &mut content.until_failure {
            Some(0) => return Err(io::ErrorKind::StorageFull.into()),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(act(&mut content))
    }

    fn put_durably(content: &mut Content, bytes: Vec<u8>) {
        content.live = Some(bytes.clone());
        content.durable = Some(bytes);
        content.clean = false;
    }
}

impl Storage for Medium {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.operate(|content| content.live.clone())
    }

    fn mark(&mut self) -> io::Result<FileMark> {
        Ok(FileMark::default())
    }

    fn create(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.operate(|content| {
            assert!(content.live.is_none());
            Self::put_durably(content, bytes(FileMark::default()));
        })
    }

    fn replace(&mut self, bytes: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        self.operate(|content| Self::put_durably(content, bytes(FileMark::default())))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.operate(|content| {
            let mut bytes = content.live.clone().unwrap();
            bytes.truncate(usize::try_from(length).unwrap());
            Self::put_durably(content, bytes);
        })
    }

    /// A disk that becomes full takes some of the bytes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let full = self.lock().until_failure == Some(0);
        if full {
            let part = &bytes[..bytes.len() / 2];
            let mut content = self.lock();
            content.live.as_mut().unwrap().extend_from_slice(part);
        }
        self.operate(|content| content.live.as_mut().unwrap().extend_from_slice(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.operate(|content| {
            if !content.clean {
                content.durable = content.live.clone();
            }
        })
    }
}

fn heights(frames: &[Frame]) -> Vec<u64> {
    frames.iter().map(|frame| frame.height.0).collect()
}

#[test]
fn a_crash_loses_no_synced_record_and_tears_none() {
    for kept in 0..200 {
        let medium = Medium::default();
        let (mut log, _) = medium.open().unwrap();
        log.append(Height(1), b"synced");
        log.sync().unwrap();
        log.append(Height(2), b"written");
        log.append(Height(3), b"and not synced");
        // The write succeeds, its sync does not.
        medium.fail_after(1);
        let error = log.sync().unwrap_err();
        assert!(matches!(error, NodeError::LogMedium { .. }), "{error}");
        drop(log);
        medium.crash(kept);
        let (mut log, frames) = medium.open().unwrap();
        let found = heights(&frames);
        assert!(
            [1, 2, 3].starts_with(&found) && !found.is_empty(),
            "{found:?}"
        );
        log.append(Height(4), b"after");
        log.sync().unwrap();
        medium.crash(0);
        let (_, frames) = medium.open().unwrap();
        assert_eq!(heights(&frames), [found, vec![4]].concat());
    }
}

#[test]
fn a_cut_that_fails_leaves_the_log_as_it_was() {
    // Cutting reads, then replaces.
    for succeeding in 0..2 {
        let medium = Medium::default();
        let (mut log, _) = medium.open().unwrap();
        for height in 1..=3 {
            log.append(Height(height), b"record");
        }
        log.sync().unwrap();
        medium.fail_after(succeeding);
        let error = log.cut(Height(2)).unwrap_err();
        assert!(matches!(error, NodeError::LogMedium { .. }), "{error}");
        medium.crash(0);
        let (mut log, frames) = medium.open().unwrap();
        assert_eq!(heights(&frames), [1, 2, 3]);
        log.cut(Height(2)).unwrap();
        medium.crash(0);
        assert_eq!(heights(&medium.open().unwrap().1), [3]);
    }
}

/// The disk is full at every operation in turn, of writes, syncs, cuts and recoveries; then there is
/// room again. Every record whose sync completed is there, in order, once; the log goes on without
/// being opened again; and so it does after a crash, although the pages of failed syncs look clean.
#[test]
fn a_log_whose_disk_was_full_goes_on_with_what_was_synced() {
    for succeeding in 0..24 {
        let medium = Medium::default();
        let (mut log, _) = medium.open().unwrap();
        medium.fail_after(succeeding);
        let mut durable = Vec::new();
        let mut failures = 0;
        for height in 1..=8 {
            log.append(Height(height), b"record");
            let synced = log.sync();
            if synced.is_ok() {
                durable.push(height);
            }
            let cut = match &synced {
                Ok(()) if height % 3 == 0 => log.cut(Height(height - 2)),
                _ => Ok(()),
            };
            if height % 3 == 0 && synced.is_ok() && cut.is_ok() {
                durable.retain(|kept| *kept > height - 2);
            }
            if synced.is_ok() && cut.is_ok() {
                continue;
            }
            failures += 1;
            let refused = log.sync().unwrap_err();
            assert!(matches!(refused, NodeError::UnsoundLog { .. }), "{refused}");
            // Still full: it reads and does not write.
            medium.fail_after(1);
            let error = log.recover().unwrap_err();
            assert!(error.is_disk_full(), "{error}");
            medium.clean_pages();
            medium.lock().until_failure = None;
            assert_eq!(heights(&log.recover().unwrap()), durable, "{succeeding}");
        }
        assert_eq!(failures, usize::from(succeeding < 20), "{succeeding}");
        medium.crash(0);
        assert_eq!(heights(&medium.open().unwrap().1), durable, "{succeeding}");
    }
}

/// A process ends after a failed sync, and the next one finds the frames in the kernel's pages. What
/// it takes up is on the disk: its replica acts on these votes at once.
#[test]
fn what_a_new_process_takes_up_is_on_the_disk() {
    let medium = Medium::default();
    let (mut log, _) = medium.open().unwrap();
    log.append(Height(1), b"vote");
    medium.fail_after(1);
    log.sync().unwrap_err();
    medium.clean_pages();
    drop(log);
    medium.lock().until_failure = None;
    let taken_up = medium.open().unwrap().1;
    assert_eq!(heights(&taken_up), [1]);
    medium.crash(0);
    assert_eq!(medium.open().unwrap().1, taken_up);
}

/// As after a start that went on while its caller began another.
#[test]
fn a_log_does_not_write_over_another_of_its_name() {
    type Rewrite = fn(&mut ConsensusLog) -> Result<(), NodeError>;
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("log"), folder.path().join("other"));
    filled(&other);
    let second = std::fs::read(&other).unwrap();
    let rewrites: [Rewrite; 3] = [
        |log| log.cut(Height(1)),
        ConsensusLog::begin_loss,
        ConsensusLog::end_loss,
    ];
    for rewrite in rewrites {
        let _ = std::fs::remove_file(&path);
        filled(&path);
        let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
        std::fs::write(&other, &second).unwrap();
        std::fs::rename(&other, &path).unwrap();
        let error = rewrite(&mut log).unwrap_err();
        assert!(matches!(error, NodeError::DamagedLog { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), second);
    }
}

#[test]
fn a_log_that_cannot_be_created_or_read_is_an_error() {
    // Opening a new log reads and creates.
    for succeeding in 0..2 {
        let medium = Medium::default();
        medium.fail_after(succeeding);
        let error = medium.open().map(drop).unwrap_err();
        assert!(matches!(error, NodeError::LogMedium { .. }), "{error}");
        medium.crash(0);
        assert!(medium.open().unwrap().1.is_empty());
    }
}

#[test]
fn a_copy_is_known_and_the_log_itself_is_not_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let copy = folder.path().join("copy");
    let state = |path: &Path| ConsensusLog::inspect(path, chain(1)).unwrap();
    assert_eq!(state(&path), None);
    let frames = filled(&path);
    std::fs::copy(&path, &copy).unwrap();
    let before = std::fs::read(&copy).unwrap();
    assert_eq!(state(&path), Some(LogState::Own));
    assert_eq!(state(&copy), Some(LogState::Copied));
    assert_eq!(
        std::fs::read(&copy).unwrap(),
        before,
        "looking changes nothing"
    );
    // Each cut makes a new file with a mark of its own; a move within the disk is no copy.
    let (mut log, _) = ConsensusLog::open(&path, chain(1)).unwrap();
    log.cut(Height(1)).unwrap();
    let moved = folder.path().join("moved");
    std::fs::rename(&path, &moved).unwrap();
    assert_eq!(state(&moved), Some(LogState::Own));

    let (mut log, found) = ConsensusLog::open(&copy, chain(1)).unwrap();
    assert_eq!((log.state(), found), (LogState::Copied, frames.clone()));
    log.begin_loss().unwrap();
    let LogState::Lost(loss) = log.state() else {
        panic!("{:?}", log.state());
    };
    drop(log);
    let (mut log, found) = ConsensusLog::open(&copy, chain(1)).unwrap();
    assert_eq!((log.state(), found), (LogState::Lost(loss), frames.clone()));
    log.append(Height(9), b"since");
    log.cut(Height(1)).unwrap();
    assert_eq!(
        state(&copy),
        Some(LogState::Lost(loss)),
        "a cut ends no loss"
    );
    log.end_loss().unwrap();
    let (log, found) = ConsensusLog::open(&copy, chain(1)).unwrap();
    assert_eq!(
        (log.state(), heights(&found)),
        (LogState::Own, vec![2, 3, 9])
    );
}

#[test]
fn a_log_begun_after_a_loss_tells_it_from_its_first_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    ConsensusLog::create_lost(&path, chain(1)).unwrap();
    let state = ConsensusLog::inspect(&path, chain(1)).unwrap();
    assert!(matches!(state, Some(LogState::Lost(_))), "{state:?}");
    let error = ConsensusLog::create_lost(&path, chain(1)).unwrap_err();
    assert!(matches!(error, NodeError::LogMedium { .. }), "{error}");
}

#[test]
#[should_panic(expected = "MAX_BODY_LEN")]
fn a_record_that_could_not_be_read_again_is_not_written() {
    let (mut log, _) = Medium::default().open().unwrap();
    log.append(Height(1), &vec![0; MAX_BODY_LEN + 1]);
}
