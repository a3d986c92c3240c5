//! The hash over every event of a run.

use medshare_types::hash::{Digest, digest};

/// Bytes that are hashed at a time: events are short, and a hash for each would cost more than all
/// else in a run.
const CHUNK: usize = 1 << 16;

/// Events so far, the last of them not hashed yet.
#[derive(Debug)]
pub(super) struct Trace {
    hashed: Digest,
    pending: Vec<u8>,
}

impl Trace {
    pub(super) const fn new() -> Self {
        Self {
            hashed: Digest::ZERO,
            pending: Vec::new(),
        }
    }

    /// Adds an event: its time, its member, and its bytes.
    pub(super) fn add(&mut self, at_ms: u64, index: usize, what: &[&[u8]]) {
        let length = what.iter().map(|part| part.len()).sum::<usize>();
        for number in [at_ms, index as u64, length as u64] {
            self.pending.extend_from_slice(&number.to_le_bytes());
        }
        for part in what {
            self.pending.extend_from_slice(part);
        }
        if self.pending.len() > CHUNK {
            self.hash();
        }
    }

    fn hash(&mut self) {
        let chained: [&[u8]; 2] = [self.hashed.as_ref(), &self.pending];
        self.hashed = digest("medshare/testkit/trace/v1", &chained);
        self.pending.clear();
    }

    /// Equal for equal events in equal order.
    pub(super) fn finish(&mut self) -> Digest {
        self.hash();
        self.hashed
    }
}
