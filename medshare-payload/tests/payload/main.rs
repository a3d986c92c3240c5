//! The payload format, and attacks on it by the store or by another reader.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod attacks;
mod audit;
mod forger;
mod padding;
mod ranges;
mod salamander;
mod segments;

use std::io::{Cursor, Read, Write};

use medshare_payload::{
    ContentTree, DataKey, Padding, PayloadError, PayloadReader, PayloadWriter, Preamble, Rootless,
    SegmentOpener, create_padded,
};
use medshare_types::hash::digest;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

struct Sealed {
    data_key: DataKey,
    preamble: Preamble,
    object: Vec<u8>,
    tree: ContentTree,
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A digest that stands for bytes that must not change.
fn snapshot(bytes: &[u8]) -> String {
    digest("snapshot", &[bytes]).to_string()
}

type Reader<I = ContentTree> = PayloadReader<Cursor<Vec<u8>>, I>;

fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
}

fn seal(seed: u64, plaintext: &[u8]) -> Sealed {
    seal_padded(seed, Padding::None, plaintext)
}

fn seal_padded(seed: u64, padding: Padding, plaintext: &[u8]) -> Sealed {
    let (data_key, preamble, sealer) = create_padded(padding, &mut rng(seed));
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    for chunk in plaintext.chunks(10_007) {
        writer.write_all(chunk).expect("memory");
    }
    let (object, tree) = writer.finish().expect("memory");
    Sealed {
        data_key,
        preamble,
        object,
        tree,
    }
}

impl Sealed {
    fn reader(&self, object: Vec<u8>) -> std::io::Result<Reader> {
        let tree = ContentTree::from_bytes(&self.tree.to_bytes(), &self.tree.root());
        PayloadReader::new(Cursor::new(object), &self.data_key, &self.preamble, tree?)
    }

    fn rootless_reader(&self, object: Vec<u8>) -> std::io::Result<Reader<Rootless>> {
        PayloadReader::without_root(Cursor::new(object), &self.data_key, &self.preamble)
    }

    /// The whole content, read with the content tree.
    fn read(&self, object: Vec<u8>) -> Result<Vec<u8>, PayloadError> {
        let reader = self.reader(object).map_err(payload_error)?;
        read_to_end(reader)
    }

    /// The whole content, read without a content root.
    fn read_rootless(&self, object: Vec<u8>) -> Result<Vec<u8>, PayloadError> {
        let reader = self.rootless_reader(object).map_err(payload_error)?;
        read_to_end(reader)
    }

    fn opener(&self) -> SegmentOpener {
        SegmentOpener::with_last_segment(
            &self.data_key,
            &self.preamble,
            self.tree.clone(),
            self.object.len() as u64,
            &self.object[self.last_segment()..],
        )
        .expect("the sealed object")
    }

    /// Offset of the last segment in the object.
    fn last_segment(&self) -> usize {
        let layout = self.tree.layout();
        let range = layout
            .segment_range(layout.last())
            .expect("the last segment");
        range.start as usize
    }
}

fn read_to_end(mut reader: impl Read) -> Result<Vec<u8>, PayloadError> {
    let mut out = Vec::new();
    reader.read_to_end(&mut out).map_err(payload_error)?;
    Ok(out)
}

fn payload_error(error: std::io::Error) -> PayloadError {
    let inner = error.into_inner().expect("an error of the payload");
    *inner.downcast().expect("an error of the payload")
}
