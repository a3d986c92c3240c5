use medshare_types::Height;

use super::*;

/// n − q of four members.
const SPARE: usize = 1;

fn chain(n: u8) -> ChainId {
    ChainId::from_digest(Digest::from_bytes([n; 32]))
}

/// Four members' logs of one record each, copied or their own.
struct Folder {
    folder: tempfile::TempDir,
    logs: Vec<PathBuf>,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = (0..4).map(|seat| folder.path().join(format!("{seat}.log")));
        let logs: Vec<_> = logs.collect();
        for (seat, path) in (0..).zip(&logs) {
            let (mut log, _) = ConsensusLog::open(path, chain(1)).unwrap();
            log.append(Height(1), &[seat; 10]);
            log.sync().unwrap();
        }
        Self { folder, logs }
    }

    /// The same bytes in another file, as a copied backup is.
    fn copy(&self, seat: usize) {
        let copy = self.folder.path().join("copy");
        std::fs::copy(&self.logs[seat], &copy).unwrap();
        std::fs::rename(&copy, &self.logs[seat]).unwrap();
    }

    fn restored() -> Self {
        let this = Self::new();
        (0..4).for_each(|seat| this.copy(seat));
        this
    }

    fn record(&self) -> PathBuf {
        self.folder.path().join("restoring")
    }

    fn plan(&self, together: bool) -> Plan {
        plan(&self.record(), chain(1), &self.logs, SPARE, together).unwrap()
    }

    /// The seats that may take their copy for the original; the others may not.
    fn covered(&self) -> Vec<usize> {
        let Plan::Start(recoveries) = self.plan(true) else {
            panic!("refused");
        };
        let together = |seat: &usize| recoveries[*seat].0 == Recovery::RestoredTogether;
        (0..4).filter(together).collect()
    }

    /// What a member does that may take its copy for the original.
    fn take_over(&self, seat: usize) {
        let (mut log, frames) = ConsensusLog::open(&self.logs[seat], chain(1)).unwrap();
        assert_eq!(frames.len(), 1);
        log.end_loss().unwrap();
    }

    fn settle(&self) {
        settle(&self.record(), chain(1), &self.logs);
    }
}

fn refused(copied: &[u16], lost: &[u16]) -> Plan {
    let seats = |seats: &[u16]| seats.iter().copied().map(ReplicaId).collect();
    Plan::Refuse {
        copied: seats(copied),
        lost: seats(lost),
    }
}

#[test]
fn a_restoration_that_died_half_way_goes_on_until_every_log_is_taken_over() {
    let folder = Folder::restored();
    assert_eq!(folder.plan(false), refused(&[0, 1, 2, 3], &[]));
    assert!(!folder.record().exists());
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
    folder.take_over(0);
    folder.take_over(1);
    folder.settle();
    // It has to be said again.
    assert_eq!(folder.plan(false), refused(&[2, 3], &[]));
    assert_eq!(folder.covered(), [2, 3]);
    // A start that died when it had dropped a torn tail.
    let mut torn = std::fs::OpenOptions::new();
    let mut torn = torn.append(true).open(&folder.logs[2]).unwrap();
    io::Write::write_all(&mut torn, b"torn").unwrap();
    assert_eq!(folder.covered(), [2, 3]);
    drop(ConsensusLog::open(&folder.logs[2], chain(1)).unwrap());
    assert_eq!(folder.covered(), [2, 3]);
    folder.take_over(2);
    folder.settle();
    assert!(folder.record().exists());
    assert_eq!(folder.covered(), [3]);
    folder.take_over(3);
    folder.settle();
    assert!(!folder.record().exists());
    assert_eq!(folder.covered(), [0; 0]);
}

/// The member may have voted between: neither the same bytes nor the same seat make it the file
/// that was restored.
#[test]
fn logs_that_became_copies_later_are_not_covered() {
    let folder = Folder::restored();
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
    folder.take_over(0);
    folder.take_over(1);
    folder.copy(3);
    assert_eq!(folder.covered(), [2], "one may be lost");
    folder.copy(0);
    assert_eq!(folder.plan(true), refused(&[0, 3], &[]));
    folder.copy(2);
    assert_eq!(folder.plan(true), refused(&[0, 2, 3], &[]));
    // Where every log is a copy again, what is said is said anew.
    folder.copy(1);
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
}

#[test]
fn a_record_of_a_file_that_was_written_to_since_covers_nothing() {
    let folder = Folder::restored();
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
    folder.take_over(0);
    let (mut log, _) = ConsensusLog::open(&folder.logs[2], chain(1)).unwrap();
    log.append(Height(2), b"a vote");
    log.sync().unwrap();
    drop(log);
    assert_eq!(folder.covered(), [1, 3]);
}

/// The member went on with another log, and the restored file comes back as it was.
#[test]
fn a_restored_log_that_was_replaced_for_a_while_is_not_covered() {
    let folder = Folder::restored();
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
    folder.take_over(0);
    let aside = folder.folder.path().join("aside");
    std::fs::rename(&folder.logs[2], &aside).unwrap();
    folder.settle();
    assert_eq!(folder.covered(), [1, 3], "a disk that was away");
    std::fs::rename(&aside, &folder.logs[2]).unwrap();
    assert_eq!(folder.covered(), [1, 2, 3], "is back");
    std::fs::rename(&folder.logs[2], &aside).unwrap();
    ConsensusLog::create_lost(&folder.logs[2], chain(1)).unwrap();
    folder.settle();
    std::fs::rename(&aside, &folder.logs[2]).unwrap();
    assert_eq!(folder.covered(), [1, 3]);
    folder.take_over(1);
    folder.take_over(2);
    folder.take_over(3);
    assert_eq!(folder.covered(), [0; 0]);
    assert!(!folder.record().exists());
}

#[test]
fn lost_members_count_beside_copies() {
    let folder = Folder::restored();
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
    let (mut log, _) = ConsensusLog::open(&folder.logs[0], chain(1)).unwrap();
    log.begin_loss().unwrap();
    drop(log);
    folder.take_over(1);
    assert_eq!(folder.covered(), [2, 3]);
    folder.copy(3);
    assert_eq!(folder.plan(true), refused(&[3], &[0]));
}

/// Also where no log is a copy: none of them would ever know its votes again.
#[test]
fn more_lost_members_than_the_others_can_do_without() {
    let folder = Folder::new();
    for seat in [1, 2] {
        let Plan::Start(members) = folder.plan(false) else {
            panic!("refused");
        };
        let lost =
            |(_, state): &&(Recovery, Option<LogState>)| matches!(state, Some(LogState::Lost(_)));
        assert_eq!(members.iter().filter(lost).count(), seat - 1);
        std::fs::remove_file(&folder.logs[seat]).unwrap();
        ConsensusLog::create_lost(&folder.logs[seat], chain(1)).unwrap();
    }
    for together in [false, true] {
        assert_eq!(folder.plan(together), refused(&[], &[1, 2]));
    }
    folder.copy(3);
    assert_eq!(folder.plan(true), refused(&[3], &[1, 2]));
}

#[test]
fn foreign_and_garbled_records_cover_nothing() {
    let folder = Folder::restored();
    assert_eq!(folder.covered(), [0, 1, 2, 3]);
    folder.take_over(0);
    folder.take_over(1);
    let own = std::fs::read(folder.record()).unwrap();
    let mut foreign = Restoration::from_wire(&own).unwrap();
    foreign.chain = chain(2);
    let mut long = own.clone();
    long.push(0);
    for bytes in [
        foreign.to_wire(),
        long,
        own[..own.len() - 1].to_vec(),
        Vec::new(),
    ] {
        std::fs::write(folder.record(), bytes).unwrap();
        assert_eq!(folder.plan(true), refused(&[2, 3], &[]));
    }
    for at in 0..own.len() {
        let mut altered = own.clone();
        altered[at] ^= 1;
        std::fs::write(folder.record(), altered).unwrap();
        match folder.plan(true) {
            Plan::Refuse { .. } => {}
            // An altered entry of a seat that no longer needs it, or of one that may be lost.
            Plan::Start(recoveries) => {
                let covered = recoveries.iter().enumerate();
                let covered = covered.filter(|(_, (r, _))| *r == Recovery::RestoredTogether);
                assert!(
                    covered.map(|(seat, _)| seat).all(|seat| seat >= 2),
                    "byte {at}"
                );
            }
        }
    }
    std::fs::write(folder.record(), own).unwrap();
    assert_eq!(folder.covered(), [2, 3]);
}

#[test]
fn a_record_that_cannot_be_used_is_told() {
    let folder = Folder::restored();
    std::fs::create_dir(folder.record()).unwrap();
    plan(&folder.record(), chain(1), &folder.logs, SPARE, true).unwrap_err();
    let own = Folder::new();
    std::fs::create_dir(own.record()).unwrap();
    plan(&own.record(), chain(1), &own.logs, SPARE, false).unwrap_err();
}
