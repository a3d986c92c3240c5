use super::format::{FRAME_HEADER_LEN, HEADER_LEN};
use super::*;
use medshare_types::Digest;

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
    }
    log.sync().unwrap();
    frames
}

#[test]
fn what_was_synced_is_read_back_and_the_rest_is_not() {
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
                LogError::Damaged {
                    offset: HEADER_LEN,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    filled(&path);
    let error = ConsensusLog::open(&path, chain(2)).unwrap_err();
    assert!(matches!(error, LogError::WrongChain { .. }), "{error}");
    std::fs::write(&path, b"something else").unwrap();
    let error = ConsensusLog::open(&path, chain(1)).unwrap_err();
    assert!(matches!(error, LogError::NotALog { .. }), "{error}");
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
                LogError::NotALog { .. } | LogError::Damaged { offset: 0, .. }
            ),
            "byte {at}: {error}"
        );
    }
}

/// A client puts into a call what would be a whole frame in another log.
#[test]
fn a_tear_behind_an_embedded_frame_is_a_tear() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("log"), folder.path().join("other"));
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
    assert_eq!(std::fs::read(&path).unwrap(), bytes[..whole]);
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
