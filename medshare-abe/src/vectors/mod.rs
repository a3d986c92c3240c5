//! Test vectors: inputs, outputs and all intermediate values, as in `vectors/abe-v0.json`.
//!
//! The test below computes them again and compares; with `MEDSHARE_WRITE_VECTORS` set it writes the
//! file. `vectors/check.py` computes the same from the specification, with none of our code.

mod cases;
mod payload;
mod scheme;

use std::path::Path;

use medshare_types::RandomSource;
use medshare_types::hash::Xof;
use serde::Serialize;

/// Vectors of a released format never change: a new format gets a new file.
const FILE: &str = "vectors/abe-v0.json";

#[derive(Serialize)]
struct Vectors {
    about: &'static str,
    #[serde(flatten)]
    scheme: scheme::SchemeVectors,
    #[serde(flatten)]
    payload: payload::PayloadVectors,
}

const ABOUT: &str = "medshare-abe, version 0, suite 1. Bytes in hexadecimal; scalars 32 bytes, \
    little-endian; points compressed; dates in days since 1970-01-01. See docs/spec/abe.md.";

#[test]
fn the_committed_vectors_are_what_is_made_now() {
    let setting = scheme::Setting::new();
    let vectors = Vectors {
        about: ABOUT,
        scheme: setting.vectors(),
        payload: payload::vectors(&setting),
    };
    let mut made = serde_json::to_string_pretty(&vectors).unwrap();
    made.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("MEDSHARE_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    let differs = committed.lines().zip(made.lines()).find(|(a, b)| a != b);
    assert_eq!(differs, None, "the first line that differs");
    assert!(committed == made, "one is longer");
}

/// A reproducible random source that records its output.
struct Replay {
    stream: Xof,
    taken: Vec<Vec<u8>>,
}

impl Replay {
    fn new(label: &str) -> Self {
        Self {
            stream: Xof::new("medshare/abe/test-vectors/v0", &[label.as_bytes()]),
            taken: Vec::new(),
        }
    }

    fn first<const N: usize>(&self) -> [u8; N] {
        self.taken[0].as_slice().try_into().unwrap()
    }
}

impl RandomSource for Replay {
    fn fill(&mut self, out: &mut [u8]) {
        self.stream.fill(out);
        self.taken.push(out.to_vec());
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digits = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
