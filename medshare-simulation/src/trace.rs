//! The steps of a run: a digest of all, and words where they are asked for.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A digest over every step, equal for equal seeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    hasher: DefaultHasher,
    pub(crate) words: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(narrated: bool) -> Self {
        Self {
            hasher: DefaultHasher::new(),
            words: narrated.then(Vec::new),
        }
    }

    pub(crate) fn step(&mut self, now_ms: u64, host: usize, what: &dyn Fn() -> String) {
        let what = what();
        (now_ms, host, &what).hash(&mut self.hasher);
        if let Some(words) = &mut self.words {
            words.push(format!("{now_ms:>7} ms  {host}  {what}"));
        }
    }

    /// A frame on its way, with all its bytes.
    pub(crate) fn frame(&mut self, now_ms: u64, ends: (usize, usize), bytes: &[u8], told: &str) {
        (now_ms, ends, bytes).hash(&mut self.hasher);
        if let Some(words) = &mut self.words {
            let (from, to) = ends;
            words.push(format!("{now_ms:>7} ms  {from}  -> {to}: {told}"));
        }
    }

    pub(crate) fn digest(&self) -> u64 {
        self.hasher.finish()
    }
}
