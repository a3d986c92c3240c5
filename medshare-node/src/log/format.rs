//! The bytes of a log.
//!
//! ```text
//! file  = "mLOG" ‖ version (1) ‖ suite (1) ‖ chain id (32) ‖ marker (16) ‖ lost (1)
//!         ‖ inode u64le ‖ born u64le ‖ check (16) ‖ frame*
//! frame = marker (16) ‖ length u32le ‖ height u64le ‖ synced u64le ‖ check (16) ‖ body (length)
//! check = the first 16 bytes of SHA3-256(tag, the bytes before it, body)
//! ```
//!
//! `lost` is 1 while the votes of an earlier log may be forgotten, 0 otherwise; the marker then names
//! the loss. Inode and time of birth are the file's own ([`FileMark`]): in a copy they are another's.
//!
//! `synced` is how much of the file was durable when the frame was written. A disk writes the sectors
//! of one write in any order, so a power cut may leave a whole frame behind one that it tore. Such a
//! frame tells that nothing was synced behind the tear; one that tells more shows damage.
//!
//! The marker is drawn when the log or a loss begins, and never leaves the file. Bodies hold bytes that clients
//! chose; since clients do not know the marker, none of these look like the start of a frame.
//! Looking for one behind a torn tail therefore compares 16 bytes at each offset and hashes none.

use std::path::Path;

use medshare_host::files::FileMark;
use medshare_types::{ChainId, Height, hash};

use super::Frame;
use crate::error::NodeError;

const MAGIC: &[u8; 4] = b"mLOG";
const VERSION: u8 = 2;
const SUITE: u8 = 1;
const CHECK_LEN: usize = 16;
const MARKER_LEN: usize = 16;
const CHAIN_AT: usize = 6;
const MARKER_AT: usize = CHAIN_AT + 32;
const LOST_AT: usize = MARKER_AT + MARKER_LEN;
const INODE_AT: usize = LOST_AT + 1;
const BORN_AT: usize = INODE_AT + 8;
pub(super) const HEADER_LEN: usize = BORN_AT + 8 + CHECK_LEN;
const LENGTH_AT: usize = MARKER_LEN;
const HEIGHT_AT: usize = LENGTH_AT + 4;
const SYNCED_AT: usize = HEIGHT_AT + 8;
const CHECK_AT: usize = SYNCED_AT + 8;
pub(super) const FRAME_HEADER_LEN: usize = CHECK_AT + CHECK_LEN;
/// Longest record that a frame may carry, bytes.
pub const MAX_BODY_LEN: usize = 16 << 20;

/// The parameters of one file, common to its frames.
#[derive(Clone, Debug)]
pub(super) struct Format {
    chain: ChainId,
    pub(super) marker: [u8; MARKER_LEN],
    pub(super) lost: bool,
}

impl Format {
    pub(super) const fn new(chain: ChainId, marker: [u8; MARKER_LEN], lost: bool) -> Self {
        Self {
            chain,
            marker,
            lost,
        }
    }

    pub(super) const fn chain(&self) -> ChainId {
        self.chain
    }

    /// Reads the header of a file, which has to be a log of `chain`, and the mark of the file that
    /// it was written to.
    pub(super) fn of_file(
        path: &Path,
        chain: ChainId,
        bytes: &[u8],
    ) -> Result<(Self, FileMark), NodeError> {
        let magic = [&MAGIC[..], &[VERSION, SUITE]].concat();
        let header = bytes
            .get(..HEADER_LEN)
            .filter(|header| header.starts_with(&magic))
            .ok_or_else(|| NodeError::NotALog {
                path: path.to_owned(),
            })?;
        let (named, checked) = header.split_at(HEADER_LEN - CHECK_LEN);
        if check(named, &[]) != checked {
            return Err(damaged(path, 0));
        }
        if named[CHAIN_AT..MARKER_AT] != *chain.as_ref() {
            return Err(NodeError::ForeignLog {
                path: path.to_owned(),
            });
        }
        let mut marker = [0; MARKER_LEN];
        marker.copy_from_slice(&named[MARKER_AT..LOST_AT]);
        let lost = named[LOST_AT] != 0;
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&named[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let mark = FileMark {
            inode: number(INODE_AT),
            born_ns: number(BORN_AT),
        };
        Ok((Self::new(chain, marker, lost), mark))
    }

    /// The header of the file with this mark.
    pub(super) fn header(&self, mark: FileMark) -> Vec<u8> {
        let mut bytes = [
            &MAGIC[..],
            &[VERSION, SUITE],
            self.chain.as_ref(),
            &self.marker,
            &[u8::from(self.lost)],
            &mark.inode.to_le_bytes(),
            &mark.born_ns.to_le_bytes(),
        ]
        .concat();
        let check = check(&bytes, &[]);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// Adds a frame, written while the first `synced` bytes of the file are durable.
    pub(super) fn write_frame(&self, out: &mut Vec<u8>, synced: usize, frame: (Height, &[u8])) {
        let (height, body) = frame;
        #[expect(
            clippy::expect_used,
            reason = "records are bounded by their wire format"
        )]
        let length = u32::try_from(body.len())
            .ok()
            .filter(|_| body.len() <= MAX_BODY_LEN)
            .expect("a record is at most MAX_BODY_LEN bytes long");
        let head = [
            &self.marker[..],
            &length.to_le_bytes(),
            &height.0.to_le_bytes(),
            &(synced as u64).to_le_bytes(),
        ]
        .concat();
        out.extend_from_slice(&head);
        out.extend_from_slice(&check(&head, body));
        out.extend_from_slice(body);
    }

    /// The frames of a file that is durable as a whole, which follow its header.
    pub(super) fn whole_frames<'a>(&self, frames: impl Iterator<Item = &'a Frame>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for frame in frames {
            let synced = HEADER_LEN + bytes.len();
            self.write_frame(&mut bytes, synced, (frame.height, &frame.body));
        }
        bytes
    }

    /// Returns the whole frames before the first tear, and the offset at which they end.
    pub(super) fn parse(
        &self,
        path: &Path,
        bytes: &[u8],
    ) -> Result<(Vec<Frame>, usize), NodeError> {
        let mut frames = Vec::new();
        let mut at = HEADER_LEN;
        while at < bytes.len() {
            let Some(parsed) = self.parse_frame(bytes, at) else {
                let mut later = (at + 1..bytes.len()).filter_map(|at| self.parse_frame(bytes, at));
                if later.any(|later| later.synced > at as u64) {
                    return Err(damaged(path, at));
                }
                break;
            };
            frames.push(parsed.frame);
            at = parsed.end;
        }
        Ok((frames, at))
    }

    fn parse_frame(&self, bytes: &[u8], at: usize) -> Option<Parsed> {
        let head = bytes.get(at..at + FRAME_HEADER_LEN)?;
        if head[..MARKER_LEN] != self.marker {
            return None;
        }
        let number = |at: usize| Some(u64::from_le_bytes(*head.get(at..)?.first_chunk()?));
        let length = u32::from_le_bytes(*head.get(LENGTH_AT..)?.first_chunk()?) as usize;
        if length > MAX_BODY_LEN {
            return None;
        }
        let start = at + FRAME_HEADER_LEN;
        let body = bytes.get(start..start + length)?;
        if head[CHECK_AT..] != check(&head[..CHECK_AT], body) {
            return None;
        }
        Some(Parsed {
            frame: Frame {
                height: Height(number(HEIGHT_AT)?),
                body: body.to_owned(),
            },
            synced: number(SYNCED_AT)?,
            end: start + length,
        })
    }
}

/// A whole frame, as it is in the file.
struct Parsed {
    frame: Frame,
    /// Bytes of the file that were durable when it was written.
    synced: u64,
    end: usize,
}

fn damaged(path: &Path, offset: usize) -> NodeError {
    NodeError::DamagedLog {
        path: path.to_owned(),
        offset,
    }
}

fn check(head: &[u8], body: &[u8]) -> [u8; CHECK_LEN] {
    let digest = hash::digest("medshare/node/log-frame/v1", &[head, body]);
    let mut out = [0; CHECK_LEN];
    out.copy_from_slice(&digest.as_bytes()[..CHECK_LEN]);
    out
}
