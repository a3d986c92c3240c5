//! The bytes of a log.
//!
//! ```text
//! file  = "mLOG" ‖ version (1) ‖ suite (1) ‖ chain id (32) ‖ marker (16) ‖ check (16) ‖ frame*
//! frame = marker (16) ‖ length u32le ‖ height u64le ‖ check (16) ‖ body (length)
//! check = the first 16 bytes of SHA3-256(tag, the bytes before it, body)
//! ```
//!
//! The marker is drawn when the file is made and never leaves it. Bodies hold what clients wrote;
//! since they do not know the marker, nothing that they write looks like the start of a frame.
//! Looking for one behind a torn tail therefore compares 16 bytes at each place and hashes none.

use std::path::Path;

use medshare_types::{ChainId, Height, hash};

use super::{Frame, LogError};

const MAGIC: &[u8; 4] = b"mLOG";
const VERSION: u8 = 0;
const SUITE: u8 = 1;
const CHECK_LEN: usize = 16;
const MARKER_LEN: usize = 16;
const CHAIN_AT: usize = 6;
const MARKER_AT: usize = CHAIN_AT + 32;
pub(super) const HEADER_LEN: usize = MARKER_AT + MARKER_LEN + CHECK_LEN;
const LENGTH_AT: usize = MARKER_LEN;
const HEIGHT_AT: usize = LENGTH_AT + 4;
const CHECK_AT: usize = HEIGHT_AT + 8;
pub(super) const FRAME_HEADER_LEN: usize = CHECK_AT + CHECK_LEN;
const MAX_BODY_LEN: usize = 16 << 20;

/// What one file's frames have in common.
#[derive(Debug)]
pub(super) struct Format {
    chain: ChainId,
    marker: [u8; MARKER_LEN],
}

impl Format {
    pub(super) const fn new(chain: ChainId, marker: [u8; MARKER_LEN]) -> Self {
        Self { chain, marker }
    }

    /// What the header of a file says, which has to be a log of `chain`.
    pub(super) fn of_file(path: &Path, chain: ChainId, bytes: &[u8]) -> Result<Self, LogError> {
        let path = || path.to_owned();
        let magic = [&MAGIC[..], &[VERSION, SUITE]].concat();
        let header = bytes.get(..HEADER_LEN);
        let header = header.filter(|header| header.starts_with(&magic));
        let header = header.ok_or_else(|| LogError::NotALog { path: path() })?;
        let (named, checked) = header.split_at(HEADER_LEN - CHECK_LEN);
        if check(named, &[]) != checked {
            let (path, offset) = (path(), 0);
            return Err(LogError::Damaged { path, offset });
        }
        if named[CHAIN_AT..MARKER_AT] != *chain.as_ref() {
            return Err(LogError::WrongChain { path: path() });
        }
        let mut marker = [0; MARKER_LEN];
        marker.copy_from_slice(&named[MARKER_AT..]);
        Ok(Self { chain, marker })
    }

    pub(super) fn header(&self) -> Vec<u8> {
        let chain = self.chain.as_ref();
        let mut bytes = [&MAGIC[..], &[VERSION, SUITE], chain, &self.marker].concat();
        let check = check(&bytes, &[]);
        bytes.extend_from_slice(&check);
        bytes
    }

    pub(super) fn write_frame(&self, out: &mut Vec<u8>, height: Height, body: &[u8]) {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
        let head = [&self.marker[..], &length, &height.0.to_le_bytes()].concat();
        out.extend_from_slice(&head);
        out.extend_from_slice(&check(&head, body));
        out.extend_from_slice(body);
    }

    /// The whole frames and where they end.
    pub(super) fn parse(&self, path: &Path, bytes: &[u8]) -> Result<(Vec<Frame>, usize), LogError> {
        let (mut frames, mut at) = (Vec::new(), HEADER_LEN);
        while at < bytes.len() {
            let Some((frame, end)) = self.parse_frame(bytes, at) else {
                let damaged = (at + 1..bytes.len()).any(|at| self.parse_frame(bytes, at).is_some());
                if damaged {
                    let (path, offset) = (path.to_owned(), at);
                    return Err(LogError::Damaged { path, offset });
                }
                break;
            };
            frames.push(frame);
            at = end;
        }
        Ok((frames, at))
    }

    fn parse_frame(&self, bytes: &[u8], at: usize) -> Option<(Frame, usize)> {
        let head = bytes.get(at..at + FRAME_HEADER_LEN)?;
        if head[..MARKER_LEN] != self.marker {
            return None;
        }
        let length = u32::from_le_bytes(head[LENGTH_AT..HEIGHT_AT].try_into().ok()?) as usize;
        let height = Height(u64::from_le_bytes(
            head[HEIGHT_AT..CHECK_AT].try_into().ok()?,
        ));
        if length > MAX_BODY_LEN {
            return None;
        }
        let start = at + FRAME_HEADER_LEN;
        let body = bytes.get(start..start + length)?;
        (head[CHECK_AT..] == check(&head[..CHECK_AT], body)).then(|| {
            let body = body.to_owned();
            (Frame { height, body }, start + length)
        })
    }
}

fn check(head: &[u8], body: &[u8]) -> [u8; CHECK_LEN] {
    let digest = hash::digest("medshare/node/log-frame/v1", &[head, body]);
    let mut out = [0; CHECK_LEN];
    out.copy_from_slice(&digest.as_bytes()[..CHECK_LEN]);
    out
}
