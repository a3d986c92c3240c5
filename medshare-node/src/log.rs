//! The consensus log: what a replica must not forget, in one append-only file.
//!
//! ```text
//! file  = "mLOG" ‖ version (1) ‖ suite (1) ‖ chain id (32) ‖ frame*
//! frame = length u32le ‖ height u64le ‖ check (16) ‖ body (length)
//! check = the first 16 bytes of SHA3-256(tag, length, height, body)
//! ```
//!
//! A tail that a crash tore is dropped: the frame at the end that does not check, when no whole
//! frame follows it. Anything else that does not check is damage and is refused. What is assumed
//! of the medium: a completed sync survives a crash, a rename within a folder is atomic.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use medshare_types::{ChainId, Height, hash};

const MAGIC: &[u8; 4] = b"mLOG";
const VERSION: u8 = 0;
const SUITE: u8 = 1;
const HEADER_LEN: usize = 38;
const FRAME_HEADER_LEN: usize = 28;
const MAX_BODY_LEN: usize = 16 << 20;

/// Why a log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file is no consensus log of this version.
    #[error("{} is not a consensus log of this version", path.display())]
    NotALog {
        /// Which file.
        path: PathBuf,
    },
    /// The log belongs to another chain.
    #[error("{} belongs to another consortium", path.display())]
    WrongChain {
        /// Which file.
        path: PathBuf,
    },
    /// The log is damaged before its end; it is never repaired in silence.
    #[error("{} is damaged at byte {offset}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where.
        offset: usize,
    },
    /// The medium failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// One recorded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The height that the record is about; the log is cut by it.
    pub height: Height,
    /// The encoded record.
    pub body: Vec<u8>,
}

/// An open log. Appends gather in memory until [`ConsensusLog::sync`] makes them durable at once.
#[derive(Debug)]
pub struct ConsensusLog {
    path: PathBuf,
    chain: ChainId,
    file: File,
    pending: Vec<u8>,
}

impl ConsensusLog {
    /// Opens the log at `path`, or creates it, and reads its frames in order.
    ///
    /// # Errors
    /// [`LogError`] for a foreign or damaged file and for failures of the medium.
    pub fn open(path: &Path, chain: ChainId) -> Result<(Self, Vec<Frame>), LogError> {
        let io = |source| LogError::Io {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            write_whole(path, &header(&chain)).map_err(io)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        check_header(path, &chain, &bytes)?;
        let (frames, whole) = parse_frames(path, &bytes)?;
        if whole < bytes.len() {
            tracing::warn!(
                dropped = bytes.len() - whole,
                "dropped a torn tail of the log"
            );
            file.set_len(whole as u64).map_err(io)?;
        }
        // What was read may have been written but not synced before a crash.
        file.sync_all().map_err(io)?;
        Ok((
            Self {
                path: path.to_owned(),
                chain,
                file,
                pending: Vec::new(),
            },
            frames,
        ))
    }

    /// Adds a record; it is durable after the next [`ConsensusLog::sync`].
    pub fn append(&mut self, height: Height, body: &[u8]) {
        write_frame(&mut self.pending, height, body);
    }

    /// Makes everything appended durable: one write, one sync.
    ///
    /// # Errors
    /// [`LogError::Io`]. After a failed sync nothing is known of the medium: stop the process.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self
            .file
            .write_all(&self.pending)
            .and_then(|()| self.file.sync_data());
        self.pending.clear();
        written.map_err(|source| LogError::Io {
            path: self.path.clone(),
            source,
        })
    }

    /// Drops every record at or below `height`; the rest stays, whole or not at all.
    ///
    /// # Errors
    /// [`LogError`]; the log is then as it was.
    pub fn cut(&mut self, height: Height) -> Result<(), LogError> {
        self.sync()?;
        let io = |source| LogError::Io {
            path: self.path.clone(),
            source,
        };
        let bytes = std::fs::read(&self.path).map_err(io)?;
        let (frames, _) = parse_frames(&self.path, &bytes)?;
        let mut kept = header(&self.chain);
        for frame in frames.iter().filter(|frame| frame.height > height) {
            write_frame(&mut kept, frame.height, &frame.body);
        }
        write_whole(&self.path, &kept).map_err(io)?;
        self.file = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .map_err(io)?;
        Ok(())
    }
}

fn header(chain: &ChainId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, SUITE]);
    bytes.extend_from_slice(chain.as_ref());
    bytes
}

fn check_header(path: &Path, chain: &ChainId, bytes: &[u8]) -> Result<(), LogError> {
    let expected = header(chain);
    if bytes.len() < HEADER_LEN || bytes[..6] != expected[..6] {
        return Err(LogError::NotALog {
            path: path.to_owned(),
        });
    }
    if bytes[6..HEADER_LEN] != expected[6..] {
        return Err(LogError::WrongChain {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn write_frame(out: &mut Vec<u8>, height: Height, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&height.0.to_le_bytes());
    out.extend_from_slice(&check(length, height, body));
    out.extend_from_slice(body);
}

fn check(length: u32, height: Height, body: &[u8]) -> [u8; 16] {
    let fields: [&[u8]; 3] = [&length.to_le_bytes(), &height.0.to_le_bytes(), body];
    let digest = hash::digest("medshare/node/log-frame/v1", &fields);
    let mut out = [0; 16];
    out.copy_from_slice(&digest.as_bytes()[..16]);
    out
}

/// The whole frames and where they end.
fn parse_frames(path: &Path, bytes: &[u8]) -> Result<(Vec<Frame>, usize), LogError> {
    let (mut frames, mut at) = (Vec::new(), HEADER_LEN);
    while at < bytes.len() {
        let Some((frame, end)) = parse_frame(bytes, at) else {
            let damaged = (at + 1..bytes.len()).any(|later| parse_frame(bytes, later).is_some());
            if damaged {
                return Err(LogError::Damaged {
                    path: path.to_owned(),
                    offset: at,
                });
            }
            break;
        };
        frames.push(frame);
        at = end;
    }
    Ok((frames, at))
}

fn parse_frame(bytes: &[u8], at: usize) -> Option<(Frame, usize)> {
    let head = bytes.get(at..at + FRAME_HEADER_LEN)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?);
    let height = Height(u64::from_le_bytes(head[4..12].try_into().ok()?));
    if length as usize > MAX_BODY_LEN {
        return None;
    }
    let start = at + FRAME_HEADER_LEN;
    let body = bytes.get(start..start + length as usize)?;
    (head[12..] == check(length, height, body)).then(|| {
        (
            Frame {
                height,
                body: body.to_owned(),
            },
            start + body.len(),
        )
    })
}

/// Writes a file beside `path`, syncs it and renames it over `path`.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
}
